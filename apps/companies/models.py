"""Companies of an agency, what each client knows of them, and why a visit was matched."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Company(models.Model):
    """An organisation that visited; belongs to the agency as a whole."""

    name = models.TextField()
    domain = models.TextField(unique=True)
    kind = models.TextField(default="business")  # business, education, government
    # Its profile. Empty or null: unknown. Who said it and when: `profile`.
    industry = models.TextField(default="", db_default="")
    employees_from = models.IntegerField(null=True)
    employees_to = models.IntegerField(null=True)  # null beside a lower bound: that many and more
    country = models.TextField(default="", db_default="")  # of its seat; ISO 3166-1 alpha-2
    city = models.TextField(default="", db_default="")
    technologies = ArrayField(models.TextField(), default=list, db_default=[])
    profile = models.JSONField(default=dict, db_default={})  # {"industry": {"source": "...", "at": "2026-..."}, ...}
    told = models.JSONField(default=dict, db_default={})  # name and kind by visits alone: apps.companies.naming
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        db_table = "company"
        verbose_name_plural = "companies"

    def __str__(self) -> str:
        return self.name


class CompanyClient(models.Model):
    """What one client knows of a company. `client_id` is a plain value of apps.sites, `owner_id` of agencies' users."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="clients")
    client_id = models.BigIntegerField()
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    owner_id = models.BigIntegerField(null=True)
    tags = ArrayField(models.TextField(), default=list, db_default=[])  # in the order of the alphabet, none twice
    is_ignored = models.BooleanField(default=False, db_default=False)
    # Corrections took all its visits; the row stays for what was noted, and its moments say nothing any more.
    is_left = models.BooleanField(default=False, db_default=False)

    class Meta:
        db_table = "company_client"
        constraints = [models.UniqueConstraint(fields=["company", "client_id"], name="company_client_once")]
        indexes = [
            models.Index(fields=["client_id"], name="company_client_ignored", condition=models.Q(is_ignored=True))
        ]


class CompanyMatch(models.Model):
    """Why a visit is said to be a company's: the ground, how sure we are (0-1), and the evidence in words."""

    class Ground(models.TextChoices):
        NETWORK = "network", "Network registered to the company"
        EMAIL = "email", "Business e-mail address"
        HOST_NAME = "host_name", "Name of the visitor's host"
        LINK = "link", "Link that the agency gave to the company"
        PERSON = "person", "Said by somebody of the agency"

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="matches")
    site_id = models.BigIntegerField()
    session_id = models.UUIDField()
    ground = models.TextField()  # Ground
    confidence_ratio = models.FloatField()  # of this ground alone
    visit_ratio = models.FloatField(null=True)  # of the visit, by all that speaks for and against; null: by older code
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "company_match"
        constraints = [models.UniqueConstraint(fields=["session_id", "ground"], name="company_match_once")]
        indexes = [models.Index(fields=["company", "site_id"], name="company_match_site")]


class NetworkLookup(models.Model):
    """Who told a visit's network, and while `due_at` is set, when IPinfo is to be asked for it.

    Made only while there is a token. A visit without such a row has what the local databases say.
    """

    session_id = models.UUIDField(primary_key=True)
    site_id = models.BigIntegerField()
    source = models.TextField()  # enrichment.providers.base.Source
    due_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField()  # its sealed address is gone then
    tries = models.SmallIntegerField(default=0)
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "network_lookup"
        indexes = [
            models.Index(fields=["due_at"], name="network_lookup_due", condition=models.Q(due_at__isnull=False)),
        ]


class CompanyClue(models.Model):
    """What, beside its network, tells a visit's organisation: written by whoever finds it, read by the matching."""

    site_id = models.BigIntegerField()
    session_id = models.UUIDField()
    ground = models.TextField()  # CompanyMatch.Ground
    domain = models.TextField()
    name = models.TextField(default="")  # empty: the domain stands for it until somebody knows more
    evidence = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "company_clue"
        constraints = [
            models.UniqueConstraint(fields=["session_id", "ground", "domain"], name="company_clue_once"),
        ]
        indexes = [
            models.Index(fields=["site_id"], name="company_clue_site"),
            models.Index(fields=["domain"], name="company_clue_domain"),
        ]


class LinkValue(models.Model):
    """A value of a site's company parameter: in a link that the agency has given to one company alone."""

    site_id = models.BigIntegerField()
    value = models.TextField()  # in lower case
    domain = models.TextField()
    name = models.TextField(default="")
    added_at = models.DateTimeField()
    added_by = models.TextField()

    class Meta:
        db_table = "link_value"
        constraints = [models.UniqueConstraint(fields=["site_id", "value"], name="link_value_once")]


class LinksRun(models.Model):
    """A site whose stored visits are on their way to being looked at by its changed links; gone once they all were."""

    site_id = models.BigIntegerField(primary_key=True)
    asked_at = models.DateTimeField()
    # The last visit that was looked at; they go in the order of these.
    cursor_at = models.DateTimeField(null=True)
    cursor_id = models.UUIDField(null=True)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "links_run"


class HostLookup(models.Model):
    """That a visit's address was asked for its name; while `due_at` is set, when it is to be asked (again)."""

    session_id = models.UUIDField(primary_key=True)
    site_id = models.BigIntegerField()
    due_at = models.DateTimeField(null=True)
    until_at = models.DateTimeField()  # its sealed address is gone then
    tries = models.SmallIntegerField(default=0)

    class Meta:
        db_table = "host_lookup"
        indexes = [
            models.Index(fields=["due_at"], name="host_lookup_due", condition=models.Q(due_at__isnull=False)),
        ]


class CompanyCorrection(models.Model):
    """What somebody of the agency knows better than the matching. Never deleted: undone, so that all can be said.

    The matching asks those in force; a company's name and its visits follow from visits and corrections alone.
    """

    class Kind(models.TextChoices):
        MERGE = "merge", "Merged"  # `domain` is in truth `to_domain`
        SPLIT = "split", "Split off"  # those of `domain` whose ground meets `condition` are `to_domain`
        REASSIGN = "reassign", "Corrected"  # the same of single visits: condition {"session_ids": [...]}
        RENAME = "rename", "Renamed"  # `to_name`
        NEVER = "never", "Not a company"  # visits of `domain` are nobody's

    kind = models.TextField()  # Kind
    domain = models.TextField()
    condition = models.JSONField(default=dict)
    to_domain = models.TextField(default="")
    to_name = models.TextField(default="")
    made_at = models.DateTimeField()
    made_by = models.TextField()
    undone_at = models.DateTimeField(null=True)
    undone_by = models.TextField(default="")
    # How far stored visits have been matched anew, since it was made or undone. Who works on it says until when, so
    # that a killed one's work is taken up.
    is_carried_out = models.BooleanField(default=True, db_default=True)
    leased_until = models.DateTimeField(null=True)
    cursor_id = models.UUIDField(null=True)
    visits_total = models.BigIntegerField(null=True)
    visits_done = models.BigIntegerField(default=0, db_default=0)
    visits_moved = models.BigIntegerField(default=0, db_default=0)  # of those, became another company's or nobody's

    class Meta:
        db_table = "company_correction"
        indexes = [
            models.Index(
                fields=["domain"], name="company_correction_in_force", condition=models.Q(undone_at__isnull=True)
            )
        ]


class CompanyNote(models.Model):
    """What somebody of the agency noted of a company for one client."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="notes")
    client_id = models.BigIntegerField()
    text = models.TextField()
    mentioned_ids = ArrayField(models.BigIntegerField(), default=list)  # agencies' users
    author_id = models.BigIntegerField()
    author_name = models.TextField()
    written_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "company_note"
        indexes = [models.Index(fields=["company", "client_id", "-written_at"], name="company_note_of")]


class CompanyMention(models.Model):
    """A member whom a note mentions, and who is still to be mailed: gone once that is done, or is no use any more."""

    note = models.ForeignKey(CompanyNote, on_delete=models.CASCADE, related_name="mentions")
    user_id = models.BigIntegerField()  # agencies' user
    by_id = models.BigIntegerField()  # who wrote it
    path = models.TextField()  # of the company's page, on the agency's host
    due_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        db_table = "company_mention"
        indexes = [models.Index(fields=["due_at"], name="company_mention_due")]


class KnowledgeEntry(models.Model):
    """Who changed what a client knows of a company, when, in words. Never changed."""

    company = models.ForeignKey(Company, on_delete=models.CASCADE, related_name="entries")
    client_id = models.BigIntegerField()
    text = models.TextField()
    by_id = models.BigIntegerField()  # agencies' user
    by_name = models.TextField()
    made_at = models.DateTimeField()

    class Meta:
        db_table = "company_entry"
        verbose_name_plural = "knowledge entries"
        indexes = [models.Index(fields=["company", "client_id", "-made_at"], name="company_entry_of")]


class TargetAccount(models.Model):
    """A domain on a client's watchlist, whether or not its company has ever come."""

    client_id = models.BigIntegerField()
    domain = models.TextField()
    name = models.TextField(default="")  # as the list said
    added_at = models.DateTimeField()
    added_by = models.TextField()

    class Meta:
        db_table = "target_account"
        constraints = [models.UniqueConstraint(fields=["client_id", "domain"], name="target_account_once")]


class SavedView(models.Model):
    """A way to look at the list of companies: what its address asks for, under a name."""

    name = models.TextField()
    site_id = models.BigIntegerField(null=True)  # null: the list of all sites
    client_id = models.BigIntegerField(null=True)  # whose the site was; null as well: by older code
    owner_id = models.BigIntegerField()
    is_shared = models.BooleanField(default=False)  # with all who see the site
    query = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        db_table = "company_view"


class ProfileLookup(models.Model):
    """When a company's profile was asked for, what came of it, and when it is due again."""

    company = models.OneToOneField(Company, on_delete=models.CASCADE, primary_key=True, related_name="lookup")
    source = models.TextField(default="")
    due_at = models.DateTimeField()
    asked_at = models.DateTimeField(null=True)
    found = models.JSONField(null=True)  # as mapped; null: nothing was known of it
    tries = models.SmallIntegerField(default=0)
    error = models.TextField(default="")

    class Meta:
        db_table = "profile_lookup"
        indexes = [models.Index(fields=["due_at"], name="profile_lookup_due")]
