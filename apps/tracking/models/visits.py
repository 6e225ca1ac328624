"""Events, and the visits that they make. Written by the writer and by tracking's services only.

`Event` is range-partitioned by `occurred_at` and made by SQL in migrations; a leaf's key is (site_id, event_id), the
table above has none. No foreign keys on the hot path: site, session and company ids are plain values.
"""

from django.db import models

from .fields import SparseTextField


class Kind(models.TextChoices):
    PAGEVIEW = "pageview"
    EVENT = "event"
    ENGAGEMENT = "engagement"
    VITALS = "vitals"
    ERROR = "error"
    IDENTIFY = "identify"


class Origin(models.TextChoices):
    """Which door an event came in by."""

    TAG = "tag"
    SERVER = "server"
    PIXEL = "pixel"
    IMPORT = "import"


class Event(models.Model):
    """What a tracker sent. Engagement and vitals have no row: they are totals in their page view's."""

    event_id = models.UUIDField(primary_key=True)
    site_id = models.BigIntegerField()
    session_id = models.UUIDField()
    visitor_id = models.BigIntegerField()
    kind = models.TextField()
    name = models.TextField()
    origin = models.TextField()
    set_aside = models.TextField()
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    clock_skew_ms = models.IntegerField()
    is_late = models.BooleanField()
    is_interactive = models.BooleanField()
    page_id = models.UUIDField(null=True)  # the page view it belongs to; null where it is one itself
    last_seen_at = models.DateTimeField(null=True)  # up to when a page view's engagement has lengthened its visit
    host = models.TextField()
    path = models.TextField()
    query = models.TextField()
    fragment = SparseTextField()
    title = models.TextField()
    referrer = models.TextField()  # of a page of the same host: from the path on
    engaged_ms = models.IntegerField()
    scroll_percent = models.SmallIntegerField()
    ttfb_ms = models.IntegerField(null=True)
    fcp_ms = models.IntegerField(null=True)
    lcp_ms = models.IntegerField(null=True)
    inp_ms = models.IntegerField(null=True)
    load_ms = models.IntegerField(null=True)
    cls = models.FloatField(null=True)
    value = models.DecimalField(max_digits=18, decimal_places=4, null=True)
    currency = SparseTextField()
    transaction_id = SparseTextField()
    items = models.JSONField(null=True)
    props = models.JSONField(null=True)
    target = models.JSONField(null=True)  # selector, text (scrubbed), x, y, href
    user_id_hash = models.BinaryField(null=True)
    # What a page says of itself; of page views only.
    canonical_url = SparseTextField()  # host, path, allow-listed parameters
    content_group = SparseTextField()
    page_language = SparseTextField()  # BCP 47
    # Of the business e-mail address that `identify` gave: registrable, in A-labels. Gone once its visitor withdraws.
    email_domain = SparseTextField()

    class Meta:
        managed = False
        db_table = "event"


class Session(models.Model):
    """A visit: a visitor's events with less than 30 minutes between them. Holds all that is constant for it.

    Totals follow from the session's events, not from the order in which they arrived. A set-aside visitor's events
    have sessions of their own, so that no figure of people ever contains one.
    """

    id = models.UUIDField(primary_key=True)
    site_id = models.BigIntegerField()
    visitor_id = models.BigIntegerField()
    # The same visitor's id of the next or previous day, where the visit is close to midnight UTC. Forgotten when the
    # days' salts are destroyed, as nobody may link days after that.
    linked_visitor_id = models.BigIntegerField(null=True)
    ip_hash = models.BinaryField(null=True)
    identity_mode = models.TextField(default="daily")
    origin = models.TextField()
    set_aside = models.TextField(default="")
    excluded_by = models.BigIntegerField(null=True)  # the ExclusionRule, where set aside as excluded
    bot_name = models.TextField(default="")
    # What speaks for a bot, also where it doesn't suffice: steps.signals.Signal, sorted, with commas between.
    signals = models.TextField(default="", db_default="")
    import_id = models.BigIntegerField(null=True)

    started_at = models.DateTimeField()
    ended_at = models.DateTimeField()
    local_day = models.DateField()  # of started_at in the site's zone
    # The visitor has another session that local day (set on both, never unset): visitors without DISTINCT.
    has_siblings = models.BooleanField(default=False)
    is_late = models.BooleanField(default=False)

    entry_at = models.DateTimeField(null=True)
    entry_host = models.TextField(default="")
    entry_path = models.TextField(default="")
    exit_at = models.DateTimeField(null=True)
    exit_path = models.TextField(default="")
    pageviews = models.IntegerField(default=0)
    events = models.IntegerField(default=0)
    interactive_events = models.IntegerField(default=0)
    engaged_ms = models.BigIntegerField(default=0)

    source = models.TextField(default="")
    medium = models.TextField(default="")
    channel = models.TextField(default="")
    campaign = models.TextField(default="")
    term = models.TextField(default="")
    content = models.TextField(default="")
    utm_id = models.TextField(default="")
    referrer = models.TextField(default="")
    referrer_host = models.TextField(default="")
    click_ids = models.JSONField(null=True)  # gclid, gbraid, wbraid, fbclid, msclkid, ttclid, li_fat_id, twclid

    browser = models.TextField(default="")
    browser_version = models.TextField(default="")
    engine = models.TextField(default="")
    system = models.TextField(default="")
    system_version = models.TextField(default="")
    device = models.TextField(default="")  # desktop, mobile, tablet, tv, console, bot, or empty for unknown
    brand = models.TextField(default="")
    model = models.TextField(default="")

    screen_width = models.IntegerField(null=True)
    screen_height = models.IntegerField(null=True)
    viewport_width = models.IntegerField(null=True)
    viewport_height = models.IntegerField(null=True)
    pixel_ratio = models.FloatField(null=True)
    color_scheme = models.TextField(default="")
    has_touch = models.BooleanField(null=True)
    languages = models.TextField(default="")  # comma-separated, most wanted first
    language = models.TextField(default="")  # the first, without its region
    time_zone = models.TextField(default="")
    connection = models.TextField(default="")

    continent = models.TextField(default="")
    country = models.TextField(default="")  # ISO 3166-1 alpha-2
    region = models.TextField(default="")
    city = models.TextField(default="")
    postal = models.TextField(default="", db_default="")  # known to the operator's own databases only
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)
    asn = models.BigIntegerField(null=True)
    network_name = models.TextField(default="")
    organisation = models.TextField(default="")
    network_domain = models.TextField(default="")
    network_kind = models.TextField(default="unknown")  # apps.networks.lookup.NetworkKind
    is_vpn = models.BooleanField(default=False)
    is_proxy = models.BooleanField(default=False, db_default=False)
    is_tor = models.BooleanField(default=False)
    is_hosting = models.BooleanField(default=False)
    is_mobile_network = models.BooleanField(default=False, db_default=False)

    consent_analytics = models.TextField(default="")
    consent_marketing = models.TextField(default="")
    gpc = models.BooleanField(default=False)
    dnt = models.BooleanField(default=False)
    # Of what was said last: by whom, on which text, and when (the latest time that it was said). See ConsentRecord.
    consent_source = SparseTextField()
    consent_version = SparseTextField()
    consent_at = models.DateTimeField(null=True)

    company_id = models.BigIntegerField(null=True)
    # When company matching has looked at it, whatever it found; null: the sweep will.
    matched_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "session"
        indexes = [
            models.Index(fields=["site_id", "started_at"], name="session_site_started"),
            models.Index(fields=["site_id", "visitor_id", "started_at"], name="session_visitor"),
            models.Index(
                fields=["site_id", "linked_visitor_id"],
                name="session_linked_visitor",
                condition=models.Q(linked_visitor_id__isnull=False),
            ),
            models.Index(
                fields=["company_id", "started_at"],
                name="session_company",
                condition=models.Q(company_id__isnull=False),
            ),
            models.Index(fields=["started_at"], name="session_unmatched", condition=models.Q(matched_at__isnull=True)),
            models.Index(
                fields=["excluded_by", "started_at"],
                name="session_excluded",
                condition=models.Q(excluded_by__isnull=False),
            ),
        ]


class SessionAlias(models.Model):
    """A session that a late event joined to an older one: links to the gone id lead on."""

    id = models.UUIDField(primary_key=True)
    session_id = models.UUIDField()

    class Meta:
        db_table = "session_alias"


class PendingEngagement(models.Model):
    """Totals whose page view hasn't come yet, by UTC day of receipt. Given up and counted as orphans after 7 days."""

    site_id = models.BigIntegerField()
    page_id = models.UUIDField()
    received_on = models.DateField()
    last_at = models.DateTimeField()  # of the latest event among them: it may lengthen the visit
    engaged_ms = models.IntegerField(default=0)
    scroll_percent = models.SmallIntegerField(default=0)
    vitals = models.JSONField(null=True)
    events = models.IntegerField(default=0)  # how many events are folded in here, for the ledger

    class Meta:
        db_table = "pending_engagement"
        constraints = [
            models.UniqueConstraint(fields=["site_id", "page_id", "received_on"], name="pending_engagement_once")
        ]
