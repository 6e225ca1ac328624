"""What the demo's people know of the companies that came: tags, owners, notes, a watchlist, corrections."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import Count
from django.urls import reverse

from apps.agencies.models import Agency, User
from apps.companies import correcting
from apps.companies.knowledge.notes import note_write
from apps.companies.knowledge.owner import owner_set
from apps.companies.knowledge.tags import tags_change, tags_known
from apps.companies.knowledge.watching import companies_watch
from apps.companies.models import Company, CompanyClient
from apps.companies.services import visits_match
from apps.core import clock
from apps.networks.kinds import NetworkKind
from apps.sites.models import Site
from apps.tracking.models import Session

TOM, MEI = "tom.reuter@beacon.example", "mei.okafor@beacon.example"
# By how often they came lately: whoever came most often is first.
LATELY = timedelta(days=14)
TAGS = (("target account", "fair 2026"), ("target account",), ("partner",), (), ("fair 2026",), ("customer",))
OWNERS = (TOM, MEI, "", TOM)
WATCHED = (0, 1, 4)
# Shorter names in capitals are abbreviations.
SHORTEST_LOUD = 6
NOTES = (
    (0, TOM, "Met their head of testing at the fair. Wants the cold-storage variant, budget in January."),
    (0, MEI, "@Tom Reuter they are back on the pricing page. Worth a call this week?"),
    (2, MEI, "Partner of ours in the north: their visits are mostly training. https://partners.example/north"),
)


def knowledge_ensure(agency: Agency, site: Site) -> None:
    """Write all this on the companies that came most often, unless the client has tags already."""
    while visits_match():
        pass
    client_id = site.client_id
    if tags_known(client_id=client_id):
        return
    came = _most_frequent(site)
    if not came:
        return
    people = {user.email: user for user in User.objects.filter(email__in=[TOM, MEI])}
    for company_id, tags in zip(came, TAGS, strict=False):
        tags_change(client_id=client_id, company_ids=[company_id], by=people[TOM], add=tags)
    for company_id, email in zip(came, OWNERS, strict=False):
        owner = people[email].id if email else None
        owner_set(agency=agency, client_id=client_id, company_ids=[company_id], user_id=owner, by=people[TOM])
    watched = [came[place] for place in WATCHED if place < len(came)]
    companies_watch(client_id=client_id, company_ids=watched, by=people[MEI])
    for place, email, text in NOTES:
        if place < len(came):
            known = CompanyClient.objects.get(client_id=client_id, company_id=came[place])
            path = reverse("companies:site-company", args=[site.slug, came[place]], urlconf="config.urls")
            note_write(agency=agency, known=known, text=text, by=people[email], path=path)
    _correct(came, by=people[MEI].name)


def _correct(came: Sequence[int], *, by: str) -> None:
    """Write a name as one would that the register has in capitals, and say of an organisation that it is none."""
    companies = Company.objects.filter(kind=NetworkKind.BUSINESS).order_by("domain")
    loud = [one for one in companies if one.name.isupper() and " " in one.name and len(one.name) > SHORTEST_LOUD]
    for company in loud[:1]:
        correcting.correction_make(correcting.renaming(domain=company.domain, to_name=company.name.title()), by=by)
    guests = Company.objects.filter(kind=NetworkKind.EDUCATION).exclude(id__in=came).order_by("domain").first()
    if guests is not None:
        correcting.correction_make(correcting.denying(domain=guests.domain), by=by)


def _most_frequent(site: Site) -> list[int]:
    since = clock.now() - LATELY
    visits = Session.objects.filter(site_id=site.id, set_aside="", company_id__isnull=False, started_at__gte=since)
    counted = visits.order_by().values_list("company_id").annotate(n=Count("id")).order_by("-n", "company_id")
    return [company_id for company_id, _ in counted[: len(TAGS)] if company_id is not None]
