"""Saving rules: each saving is a version, and the scores that it is about are made anew."""

from collections.abc import Iterable

import msgspec
from django.db import transaction
from django.db.models import JSONField, Value

from apps.core import clock, facts
from apps.core.errors import Refused
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from .facts import ScoringChanged
from .locks import scoring_lock
from .models import ScoringVersion
from .rules import Scoring
from .runs import run_ask
from .versions import scoring_history


class Overtaken(Refused):
    """Somebody else has saved rules since these were read."""


def scoring_save(
    *, site_id: int | None, scoring: Scoring | None, expected_version: int, note: str = "", user_name: str
) -> ScoringVersion:
    """Put rules in force for a site, or for all that have none of their own (None), and have their scores made anew.

    `scoring` None: the site follows the agency's again. `expected_version`: the latest of this site (or of the agency)
    that whoever saves has seen, 0 for none. Raises Overtaken where there is a later one, Refused where the agency's are
    to be nothing.
    """
    if scoring is None and site_id is None:
        raise Refused("The agency’s rules can be changed, but not be done without.")
    with transaction.atomic():
        scoring_lock()
        latest = scoring_history(site_id).values_list("version", flat=True).first() or 0
        if latest != expected_version:
            raise Overtaken(
                "Somebody else has changed the rules since you opened them. Look at what they are now, and change that."
            )
        version = ScoringVersion.objects.create(
            site_id=site_id,
            version=latest + 1,
            content=Value(None, JSONField()) if scoring is None else msgspec.to_builtins(scoring),
            note=note,
            made_at=clock.now(),
            made_by=user_name,
        )
        for affected in _affected(site_id):
            run_ask(site_id=affected)
            facts.publish(ScoringChanged(schema=current_schema(), site_id=affected))
    return version


def _affected(site_id: int | None) -> Iterable[int]:
    """Return the sites whose rules have changed with those of a site, or of the agency."""
    if site_id is not None:
        return [site_id]
    latest = ScoringVersion.objects.filter(site_id__isnull=False).order_by("site_id", "-version").distinct("site_id")
    own = {row.site_id for row in latest if row.content is not None}
    return [one for one in Site.objects.order_by("id").values_list("id", flat=True) if one not in own]
