"""Rules in their versions: which are in force for a site, and what there was before.

A site's own are in force from its latest version on, unless that says that the site follows the agency's; without
either the product's own defaults are. A version never changes, so what it holds is read once by each process.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

import msgspec
from django.db import connection
from django.db.models import QuerySet

from apps.core.tenancy import current_schema

from .defaults import DEFAULT_SCORING
from .models import ScoringVersion
from .rules import IdealCustomer, Rule, Scoring, Weights

logger = logging.getLogger(__name__)

_IN_FORCE = """
SELECT site_id, id, version, content = 'null' FROM (
    (SELECT * FROM scoring_version WHERE site_id = %s ORDER BY version DESC LIMIT 1)
    UNION ALL
    (SELECT * FROM scoring_version WHERE site_id IS NULL ORDER BY version DESC LIMIT 1)
) AS latest
"""
_LATEST = """
SELECT DISTINCT ON (site_id) site_id, id, content = 'null' FROM scoring_version
WHERE site_id = ANY(%s) OR site_id IS NULL ORDER BY site_id, version DESC
"""


@dataclass(frozen=True, slots=True)
class InForce:
    """The rules of a site. `site_id`: whose they are; None: the agency's, or without a version the product's own.

    `own_version`: the latest version saved for the site itself, 0 for none: what `scoring_save` expects for it.
    """

    scoring: Scoring
    site_id: int | None
    version_id: int | None
    version: int
    own_version: int


def scoring_of(site_id: int) -> InForce:
    """Return the rules that are in force for a site. One query; one more for a version not read before."""
    with connection.cursor() as cursor:
        cursor.execute(_IN_FORCE, [site_id])
        latest = {owner: about for owner, *about in cursor.fetchall()}
    own = latest.get(site_id)
    own_version = own[1] if own else 0
    for owner in (site_id, None):
        version_id, version, is_given_up = latest.get(owner, (None, 0, True))
        if not is_given_up:
            return InForce(_content(current_schema(), version_id), owner, version_id, version, own_version)
    return InForce(DEFAULT_SCORING, None, None, 0, own_version)


def scorings_of(site_ids: Iterable[int]) -> dict[int, Scoring]:
    """Return the rules that are in force for each of these sites, as `scoring_of` says of one.

    One query; one more for each version not read before.
    """
    wanted = set(site_ids)
    with connection.cursor() as cursor:
        cursor.execute(_LATEST, [list(wanted)])
        latest = {owner: (version_id, is_given_up) for owner, version_id, is_given_up in cursor.fetchall()}
    found = {}
    for site_id in wanted:
        ranked = (latest.get(owner, (None, True)) for owner in (site_id, None))
        in_force = next((version_id for version_id, is_given_up in ranked if not is_given_up), None)
        found[site_id] = DEFAULT_SCORING if in_force is None else _content(current_schema(), in_force)
    return found


def scoring_of_agency() -> InForce:
    """Return the agency's defaults. Two queries at most."""
    row = scoring_history(None).values_list("id", "version").first()
    if row is None:
        return InForce(DEFAULT_SCORING, None, None, 0, 0)
    return InForce(_content(current_schema(), row[0]), None, row[0], row[1], row[1])


def sites_with_own() -> set[int]:
    """Return the sites that have rules of their own. One query."""
    latest = ScoringVersion.objects.filter(site_id__isnull=False).order_by("site_id", "-version").distinct("site_id")
    return {row.site_id for row in latest if row.site_id is not None and row.content is not None}


def scoring_before(version: ScoringVersion) -> Scoring:
    """Return the rules that were in force where a version was made, just before it. Two queries at most."""
    earlier = scoring_history(version.site_id).filter(version__lt=version.version).first()
    if earlier is not None and earlier.content is not None:
        return _content(current_schema(), earlier.id)
    if version.site_id is not None:
        followed = scoring_history(None).filter(made_at__lte=version.made_at).first()
        if followed is not None:
            return _content(current_schema(), followed.id)
    return DEFAULT_SCORING


def scoring_history(site_id: int | None) -> QuerySet[ScoringVersion]:
    """Return the versions of a site, or of the agency (None), the latest first."""
    return ScoringVersion.objects.filter(site_id=site_id).order_by("-version")


def scoring_in(version: ScoringVersion) -> Scoring | None:
    """Return what a version holds; None where it says that the site follows the agency's."""
    return None if version.content is None else _content(current_schema(), version.id)


@lru_cache(maxsize=256)
def _content(schema: str, version_id: int) -> Scoring:
    """Return what a version of an agency holds. A rule that can't be read (a newer Beacon wrote it) is left out.

    Raises msgspec.ValidationError where the weights or the ideal customer can't be read.
    """
    content = ScoringVersion.objects.get(id=version_id).content or {}
    rules = []
    for number, raw in enumerate(content.get("rules", ()), start=1):
        try:
            rules.append(msgspec.convert(raw, Rule))
        except msgspec.ValidationError as error:
            logger.error("%s: rule %d of scoring version %d was left out: %s", schema, number, version_id, error)
    return Scoring(
        rules=tuple(rules),
        weights=msgspec.convert(content.get("weights", {}), Weights),
        ideal=msgspec.convert(content.get("ideal", {}), IdealCustomer),
    )
