"""What rules there were: who changed what and when, and bringing one back."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

import msgspec
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from apps.agencies.roles import Permission

from ..models import ScoringVersion
from ..versions import scoring_before, scoring_history, scoring_in
from ..words import differences
from .scope import Scope, save_and_back, scope_or_404

VERSIONS_A_PAGE = 20


@dataclass(frozen=True, slots=True)
class VersionLine:
    """A version with what it changed, in words. `follows`: with it the site went back to the agency's rules."""

    version: ScoringVersion
    changes: Sequence[str]
    follows: bool
    is_current: bool
    restore_url: str


@require_safe
@never_cache
def versions(request: HttpRequest, slug: str | None = None) -> HttpResponse:
    """List all versions, the latest first."""
    scope = scope_or_404(request, slug)
    pages = Paginator(scoring_history(scope.site_id), VERSIONS_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    context = {
        "scope": scope,
        "site": scope.site,
        "version": scope.version,
        "versions": [_line(scope, version) for version in page],
        "page": page,
        "back_url": scope.url("scoring"),
    }
    return render(request, "scoring/versions.html", context)


@require_POST
def restore(request: HttpRequest, version: int, slug: str | None = None) -> HttpResponse:
    """Put the rules of an earlier version in force again, as a new one."""
    scope = scope_or_404(request, slug, Permission.MANAGE_RULES)
    # A number that no column can hold is nobody's version.
    row = scoring_history(scope.site_id).filter(version=version).first() if version < 2**31 else None
    if row is None or row.content is None:
        raise Http404
    said = f"Version {version} is in force again. Scores are being made anew."
    return save_and_back(request, scope, scoring_in(row), said=said, note=f"Version {version} brought back")


def version_lines(scope: Scope, *, limit: int) -> list[VersionLine]:
    """Return the latest versions. Three queries for each at most."""
    return [_line(scope, version) for version in islice(scoring_history(scope.site_id), limit)]


def _line(scope: Scope, version: ScoringVersion) -> VersionLine:
    try:
        held = scoring_in(version)
        changes = [] if held is None else differences(scoring_before(version), held, scope.goal_names())
    except msgspec.ValidationError:
        # A newer Beacon made it; what it says this one can't read.
        changes = ["Written by a newer version of Beacon, and not readable here"]
        held = None
    return VersionLine(
        version=version,
        changes=changes,
        follows=version.content is None,
        is_current=version.version == scope.version,
        restore_url=scope.url("restore", version.version) if held is not None else "",
    )
