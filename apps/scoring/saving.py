"""Saving rules: each saving is a version, and where it changes scores, these are made anew."""

from collections.abc import Iterable

import msgspec
from django.db import transaction
from django.db.models import JSONField, Value
from msgspec.structs import replace

from apps.core import clock, facts
from apps.core.errors import Refused
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from .facts import ScoringChanged
from .locks import scoring_lock
from .models import ScoringVersion
from .rules import Scoring
from .runs import run_ask
from .versions import scoring_history, scoring_of, scoring_of_agency, sites_with_own


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
        followed = scoring_of_agency().scoring
        before = followed if site_id is None else scoring_of(site_id).scoring
        version = ScoringVersion.objects.create(
            site_id=site_id,
            version=latest + 1,
            content=Value(None, JSONField()) if scoring is None else msgspec.to_builtins(scoring),
            note=note,
            made_at=clock.now(),
            made_by=user_name,
        )
        if what_counts(before) != what_counts(followed if scoring is None else scoring):
            for affected in _affected(site_id):
                # An archived site's waits until the site is brought back: nobody sees its scores.
                run_ask(site_id=affected.id)
                if affected.status != Site.Status.ARCHIVED:
                    facts.publish(ScoringChanged(schema=current_schema(), site_id=affected.id))
    return version


def what_counts(scoring: Scoring) -> Scoring:
    """Return rules without what no score rests on: their names, their order, and those that are off."""
    rules = (replace(rule, name="") for rule in scoring.rules if rule.is_on)
    return replace(scoring, rules=tuple(sorted(rules, key=lambda rule: rule.key)))


def _affected(site_id: int | None) -> Iterable[Site]:
    """Return the sites whose rules have changed with those of a site, or of the agency."""
    if site_id is not None:
        return Site.objects.filter(id=site_id)
    return Site.objects.exclude(id__in=sites_with_own()).order_by("id")
