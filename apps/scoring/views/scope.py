"""Whose rules a page is about: a site's, or the agency's defaults. The one way in to both."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from apps.agencies.access import require, require_all_clients
from apps.agencies.models import Membership
from apps.agencies.requests import agency_request
from apps.agencies.roles import Permission
from apps.core.errors import Refused
from apps.sites.access import site_or_404, sites_visible
from apps.sites.models import Goal, Site

from ..models import ScoringVersion
from ..rules import Scoring
from ..saving import scoring_save
from ..versions import InForce, scoring_of, scoring_of_agency, sites_with_own

NOTE_LETTERS = 300
# A site's archived ones keep their rules, and nobody waits for their scores.
_LIVING = (Site.Status.ACTIVE, Site.Status.PAUSED)


@dataclass(frozen=True, slots=True)
class Scope:
    """`site`: None for the agency's defaults. `in_force`: the rules that hold there now."""

    site: Site | None
    membership: Membership
    user_name: str
    in_force: InForce

    @property
    def site_id(self) -> int | None:
        return self.site.id if self.site else None

    @property
    def may_edit(self) -> bool:
        return self.membership.may(Permission.MANAGE_RULES)

    @property
    def follows(self) -> bool:
        """Whether a site has no rules of its own."""
        return self.site is not None and self.in_force.site_id is None

    @property
    def version(self) -> int:
        """The latest version saved here: what whoever saves has to have seen."""
        return self.in_force.own_version

    @property
    def zone(self) -> str:
        return self.site.time_zone if self.site else "UTC"

    def url(self, name: str, *args: object) -> str:
        """Return the address of one of these pages: `scope.url("rule", key)`."""
        if self.site is not None:
            return reverse(f"scoring:site-{name}", args=[self.site.slug, *args])
        return reverse(f"scoring:agency-{name}", args=args)

    def goals(self) -> list[tuple[int, str]]:
        """Return the goals that rules may ask for: an agency's defaults know of none."""
        if self.site is None:
            return []
        return list(
            Goal.objects.filter(site=self.site, archived_at__isnull=True).order_by("id").values_list("id", "name")
        )

    def goal_names(self) -> dict[int, str]:
        """Return the names of all goals, archived ones too."""
        return {} if self.site is None else dict(Goal.objects.filter(site=self.site).values_list("id", "name"))

    def sites(self) -> Sequence[Site]:
        """Return the sites whose scores these rules make."""
        if self.site is not None:
            return [self.site]
        own = sites_with_own()
        living = sites_visible(self.membership).filter(status__in=_LIVING).order_by("id")
        return [site for site in living if site.id not in own]


def scope_or_404(request: HttpRequest, slug: str | None, permission: Permission = Permission.READ) -> Scope:
    """Return whose rules a page is about. Raises Http404 where the member can't see it, PermissionDenied for the role.

    The agency's defaults aren't there for members limited to some clients: they make the scores of others', too.
    """
    asked = agency_request(request)
    membership, name = asked.membership, str(asked.user)
    if slug is not None:
        site = site_or_404(request, slug, permission)
        return Scope(site, membership, name, scoring_of(site.id))
    require(membership, permission)
    require_all_clients(membership)
    return Scope(None, membership, name, scoring_of_agency())


def seen_version(request: HttpRequest) -> int:
    """Return which version whoever sends a form has seen; one that can't be is later found to be overtaken."""
    text = request.POST.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def save(request: HttpRequest, scope: Scope, scoring: Scoring | None, *, note: str = "") -> ScoringVersion:
    """Put rules in force, by whoever asks. Raises Refused."""
    if not scope.may_edit:
        raise PermissionDenied
    said = (note or request.POST.get("note", "")).replace("\0", "").strip()[:NOTE_LETTERS]
    return scoring_save(
        site_id=scope.site_id,
        scoring=scoring,
        expected_version=seen_version(request),
        note=said,
        user_name=scope.user_name,
    )


def save_and_back(
    request: HttpRequest, scope: Scope, scoring: Scoring | None, *, said: str, note: str = ""
) -> HttpResponse:
    """Put rules in force and go back to them, saying what was done or why it wasn't."""
    try:
        save(request, scope, scoring, note=note)
        messages.success(request, said)
    except Refused as refusal:
        messages.error(request, str(refusal))
    return back(scope)


def back(scope: Scope) -> HttpResponse:
    return HttpResponseRedirect(scope.url("scoring"))
