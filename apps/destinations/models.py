"""Where conversions go, by which rules, and what became of each."""

from datetime import datetime

from django.db import models


class Destination(models.Model):
    """A provider's account that a site's conversions go to. Archived rather than deleted: its deliveries are its proof.

    `site_id` is a plain value of apps.sites, user ids are of agencies.
    """

    site_id = models.BigIntegerField()
    provider = models.TextField()  # a key of providers.registry
    name = models.TextField()
    settings = models.JSONField(default=dict)  # what its form calls public
    secrets_sealed = models.BinaryField()  # JSON of the form's secrets; see .secrets
    secrets_hints = models.JSONField(default=dict)  # {"access_token": "••••3f9a"}
    is_on = models.BooleanField(default=True)
    # When it was off, as far as no replay has made up for it: the last time from `off_at`, with what was before it from
    # `off_since`. `on_since` is older while it is off.
    off_at = models.DateTimeField(null=True)
    off_since = models.DateTimeField(null=True)
    on_since = models.DateTimeField(null=True)
    is_test_mode = models.BooleanField(default=False)
    # A local server in the provider's place: set on the command line only, and said on every page.
    stand_in_url = models.TextField(default="")
    created_at = models.DateTimeField()
    created_by = models.TextField()
    changed_at = models.DateTimeField()
    archived_at = models.DateTimeField(null=True)
    form_key = models.UUIDField(null=True)  # see once

    # Refused for what only a person can mend: nothing is tried until `open_until`, then one.
    problem = models.TextField(default="")  # a Verdict's reason; empty: none
    problem_words = models.TextField(default="")  # stay where it has worked since, as does `problem_told_at`
    problem_at = models.DateTimeField(null=True)
    problem_told_at = models.DateTimeField(null=True)  # when the managers had their mail
    problem_telling_until = models.DateTimeField(null=True)  # who writes it has so long; after that another does
    # The breaker: failures in a row; left alone until. For all processes, as it has to survive them.
    failures = models.IntegerField(default=0)
    open_until = models.DateTimeField(null=True)
    next_request_at = models.DateTimeField(null=True)  # by the provider's own pace

    class Meta:
        db_table = "destination"
        constraints = [models.UniqueConstraint(fields=["site_id", "form_key"], name="destination_form_once")]
        indexes = [models.Index(fields=["site_id"], name="destination_site")]

    def __str__(self) -> str:
        return self.name

    def was_off(self, at: datetime) -> bool:
        """Return whether a destination that is on was off at a moment of the last time, without a replay since.

        Between an earlier time and that one it was on.
        """
        since = self.off_at or self.off_since  # of before `off_at` was kept
        return bool(since and since <= at and self.on_since and at < self.on_since)


class RoutingRule(models.Model):
    """Which of a site's goals or events go to a destination, under which conditions, and how they are put there."""

    class Source(models.TextChoices):
        GOAL = "goal", "A goal is reached"
        EVENT = "event", "An event happens"

    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="rules")
    site_id = models.BigIntegerField()
    source = models.TextField()  # Source
    goal_id = models.BigIntegerField(null=True)  # of GOAL
    event_name = models.TextField(default="")  # of EVENT
    conditions = models.JSONField(default=dict)  # see routing.Conditions
    mapping = models.JSONField(default=dict)  # see mapping.Mapping
    is_on = models.BooleanField(default=True)
    created_at = models.DateTimeField()
    # Since when it says what it says: what happened before goes by a replay only. None: an older version made it.
    holds_since = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    changed_by = models.TextField()
    form_key = models.UUIDField(null=True)  # see once

    class Meta:
        db_table = "routing_rule"
        constraints = [models.UniqueConstraint(fields=["destination", "form_key"], name="routing_rule_form_once")]
        indexes = [models.Index(fields=["site_id"], name="routing_rule_site")]

    @property
    def since(self) -> datetime:
        """From when on what happens goes by it."""
        return self.holds_since or self.created_at


class ConsentExemption(models.Model):
    """The site's owner says that no marketing consent is needed for visitors of a country, and on what ground."""

    site_id = models.BigIntegerField()
    country = models.TextField()  # ISO 3166-1 alpha-2
    ground = models.TextField()
    recorded_at = models.DateTimeField()
    recorded_by = models.TextField()
    ended_at = models.DateTimeField(null=True)
    ended_by = models.TextField(default="")

    class Meta:
        db_table = "consent_exemption"
        constraints = [
            models.UniqueConstraint(
                fields=["site_id", "country"],
                name="consent_exemption_once",
                condition=models.Q(ended_at__isnull=True),
            )
        ]


class RoutedConversion(models.Model):
    """A conversion that routing has looked at, whatever came of it; kept for as long as the sweep looks back."""

    conversion_id = models.BigIntegerField(primary_key=True)
    routed_at = models.DateTimeField()

    class Meta:
        db_table = "routed_conversion"
        indexes = [models.Index(fields=["routed_at"], name="routed_conversion_at")]


class RoutedEvent(models.Model):
    """An event that rules name and that routing has looked at, whatever came of it; kept as `RoutedConversion`."""

    event_id = models.UUIDField(primary_key=True)
    routed_at = models.DateTimeField()

    class Meta:
        db_table = "routed_event"
        indexes = [models.Index(fields=["routed_at"], name="routed_event_at")]


class Delivery(models.Model):
    """One event for one destination: a row before anything is sent, and its state at any time after.

    Once for each destination and event, whoever comes to it and however often: one that meets several goals goes by the
    oldest rule. A page view may meet several one after the other, and each goes: those have it in `occurrence`.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        WITHHELD = "withheld", "Withheld"  # no consent, nobody to be recognised by it, or only checked: counts nowhere
        SENDING = "sending", "Sending"
        RECEIVED = "received", "Received"  # 2xx
        CONFIRMED = "confirmed", "Confirmed"  # the provider's own verdict
        REJECTED = "rejected", "Rejected"  # the provider refused it
        UNCERTAIN = "uncertain", "Uncertain"  # may have arrived, and a second one would count twice
        DEAD = "dead", "Dead"  # given up

    destination = models.ForeignKey(Destination, on_delete=models.CASCADE, related_name="deliveries")
    site_id = models.BigIntegerField()
    rule_id = models.BigIntegerField(null=True)  # null: a test
    event_id = models.UUIDField()
    occurrence = models.TextField(default="")
    goal_id = models.BigIntegerField(null=True)
    conversion_id = models.BigIntegerField(null=True)
    session_id = models.UUIDField()
    company_id = models.BigIntegerField(null=True)  # when it was routed
    occurred_at = models.DateTimeField()
    source_name = models.TextField()  # the goal's or event's name, as the site calls it
    name = models.TextField()  # as the provider is told
    mapped = models.JSONField(
        default=dict
    )  # {"value": "50.0000", "currency": "EUR", "params": {...}}: what a rule or a person set
    consent = models.JSONField(default=dict)  # ConsentReceipt
    # Names alone, of what goes along (`twin_keys.keys_told`). Of older deliveries: of all that was known.
    match_keys = models.JSONField(default=list)
    has_twin_id = models.BooleanField(default=False)
    # The id that its first attempt had, where the provider counts once by it: match keys are erased, and it with them.
    counted_by = models.TextField(default="", db_default="")

    state = models.TextField(default=State.WAITING)
    reason = models.TextField(default="")  # a Verdict's reason, or of ours: no_consent, withdrawn, too_old, ...
    words = models.TextField(default="")
    attempts = models.IntegerField(default=0)
    created_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(null=True)  # due; of `received`: when the verdict is asked for
    leased_until = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)  # the first attempt's beginning
    received_at = models.DateTimeField(null=True)  # the 2xx
    finished_at = models.DateTimeField(null=True)  # of a final state
    receipt = models.TextField(default="")  # the provider's id of the request
    is_replay = models.BooleanField(default=False)
    is_test = models.BooleanField(default=False)

    class Meta:
        db_table = "delivery"
        constraints = [
            models.UniqueConstraint(fields=["destination", "event_id", "occurrence"], name="delivery_once"),
        ]
        indexes = [
            models.Index(
                fields=["destination", "next_attempt_at"],
                name="delivery_due",
                condition=models.Q(next_attempt_at__isnull=False),
            ),
            models.Index(fields=["site_id", "-created_at"], name="delivery_log"),
            # Figures are counted in it alone; what a person has to look at is few among many.
            models.Index(
                fields=["destination", "state", "-created_at"],
                name="delivery_by_state",
                condition=models.Q(is_test=False),
            ),
            models.Index(fields=["session_id"], name="delivery_session"),
            models.Index(fields=["company_id"], name="delivery_company", condition=models.Q(company_id__isnull=False)),
        ]


class DeliveryAttempt(models.Model):
    """One try: written before the request leaves, completed by its answer. Secrets and personal data are masked.

    Deliveries of one request share `request_key`, and each has the whole request's text once: in the first one's row.
    """

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="tries")
    destination_id = models.BigIntegerField()
    number = models.IntegerField()  # 1: the first
    request_key = models.UUIDField()
    begun_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)  # null: on its way, or its worker died
    outcome = models.TextField(default="")  # Outcome, or: unanswered, lost
    reason = models.TextField(default="")
    status = models.IntegerField(null=True)
    duration_ms = models.IntegerField(null=True)
    request = models.TextField(default="")
    answer = models.TextField(default="")

    class Meta:
        db_table = "delivery_attempt"
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="delivery_attempt_once")]
        indexes = [models.Index(fields=["begun_at"], name="delivery_attempt_begun")]
