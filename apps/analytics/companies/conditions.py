"""Filters of companies as SQL, about the tables that `order` joins: company, seen, knows, target, best.

`knows` and `target` are what the client of the visit's site knows of the company: where a list is over several clients,
each client's visits are judged by that client's own knowledge, and by no other's.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.tracking.filters import Filter, Filters, Op

from .filter_fields import ME, NOBODY

# Beyond any number of days that somebody means.
MOST_DAYS = 36_500
# A visit on one of the client's sites, of those that it has today.
_VISIT = """visit.company_id = seen.company_id
    AND visit.site_id IN (SELECT own.id FROM sites_site AS own WHERE own.client_id = seen.client_id)"""


@dataclass(frozen=True, slots=True)
class Condition:
    """A piece of SQL with its parameters in order."""

    sql: str
    params: tuple[object, ...] = ()


def known_before(moment: datetime) -> Condition:
    """Return whether the client knew the company before a moment: as apps.companies.seen says, by visits that count.

    Its row in company_client is widened by each visit and outlives it. So of what the row says only that is doubted
    which rests on visits that are still there: those may all have been set aside.
    """
    return Condition(
        f"""(knows.first_seen_at < %s AND (
            EXISTS (SELECT 1 FROM session AS visit
                    WHERE {_VISIT} AND visit.set_aside = '' AND visit.started_at < %s)
            OR NOT EXISTS (SELECT 1 FROM session AS visit
                           WHERE {_VISIT} AND visit.started_at <= knows.first_seen_at)))""",
        (moment, moment),
    )


def last_before(*, since: datetime, away: timedelta, now: datetime) -> Condition:
    """Return a table of one row, `before`: when the company's last visit before `since` ended (`at`; null: none such).

    By visits that count, on any of the client's sites: a look into an index for each company, but only of those that
    may be new or back. Who didn't come since then is neither; and whose earliest listed visit (`seen.first_at`) lies
    between `away` ago and `since` was there before, and wasn't away so long.
    """
    return Condition(
        f"""(SELECT CASE WHEN knows.last_seen_at >= %s AND NOT (seen.first_at > %s AND seen.first_at < %s) THEN (
            SELECT visit.ended_at FROM session AS visit
            WHERE {_VISIT} AND visit.set_aside = '' AND visit.started_at < %s
            ORDER BY visit.started_at DESC LIMIT 1
        ) END AS at)""",
        (since, now - away, since, since),
    )


def is_new(*, since: datetime) -> Condition:
    """Return whether the client saw the company for the first time at `since` or later; `before` is `last_before` that.

    The same as NOT `known_before`, for those alone that came since then.
    """
    return Condition(
        f"""(seen.first_at >= %s AND before.at IS NULL AND NOT (knows.first_seen_at < %s AND NOT EXISTS (
            SELECT 1 FROM session AS visit WHERE {_VISIT} AND visit.started_at <= knows.first_seen_at)))""",
        (since, since),
    )


def came_back(*, since: datetime, away: timedelta, now: datetime) -> Condition:
    """Return whether a company came again at `since` or later, at least `away` after its visit `before`.

    Its first visit since then is looked for only where that one is long enough ago: a null would be looked up as well.
    """
    return Condition(
        f"""(CASE WHEN before.at <= %s THEN before.at <= (
            SELECT min(visit.started_at) FROM session AS visit
            WHERE {_VISIT} AND visit.set_aside = '' AND visit.started_at >= %s) - %s END)""",
        (now - away, since, away),
    )


def conditions_of(filters: Filters, *, me: int, owners: Sequence[tuple[int, int]], now: datetime) -> list[Condition]:
    """Return what companies have to meet. "matters" isn't here: see `matters`.

    `me`: who looks, for "owner is me". `owners`: (client, user) of all who may own a client's companies; another owner,
    who has left, is nobody.
    """
    items = [item for item in filters.items if item.field.name != "matters"]
    return [_condition(item, me=me, owners=owners, now=now) for item in items]


def _condition(item: Filter, *, me: int, owners: Sequence[tuple[int, int]], now: datetime) -> Condition:
    name = item.field.name
    if name == "owner":
        met = _owner(item.values, me, owners)
    elif name == "first_seen":
        return _first_seen(item, now)
    else:
        met = _BY_NAME[name](item)
    return Condition(f"NOT {met.sql}", met.params) if item.op is Op.IS_NOT else met


def _owner(values: Sequence[str], me: int, owners: Sequence[tuple[int, int]]) -> Condition:
    people = [me if value == ME else int(value) for value in values if value not in (NOBODY, "")]
    is_somebody = """EXISTS (SELECT 1 FROM unnest(%s::bigint[], %s::bigint[]) AS may(client_id, owner_id)
        WHERE may.client_id = knows.client_id AND may.owner_id = knows.owner_id{wanted})"""
    pairs = ([client_id for client_id, _ in owners], [user_id for _, user_id in owners])
    named = is_somebody.format(wanted=" AND may.owner_id = ANY(%s::bigint[])")
    if len(people) == len(values):
        return Condition(f"({named})", (*pairs, people))
    return Condition(f"({named} OR NOT {is_somebody.format(wanted='')})", (*pairs, people, *pairs))


def _first_seen(item: Filter, now: datetime) -> Condition:
    """Several values of one operator are alternatives: the widest says it all."""
    days = [min(int(value), MOST_DAYS) for value in item.values]
    if item.op is Op.AT_MOST:
        before = known_before(now - timedelta(days=max(days)))
        return Condition(f"NOT coalesce({before.sql}, false)", before.params)
    before = known_before(now - timedelta(days=min(days)))
    return Condition(f"coalesce({before.sql}, false)", before.params)


def _is_one_of(column: str) -> Callable[[Filter], Condition]:
    return lambda item: Condition(f"(coalesce({column}, '') = ANY(%s::text[]))", (list(item.values),))


def _text(column: str) -> Callable[[Filter], Condition]:
    def condition(item: Filter) -> Condition:
        if item.op is not Op.CONTAINS:
            return Condition(f"(lower({column}) = ANY(%s::text[]))", ([value.lower() for value in item.values],))
        wanted = [value.lower() for value in item.values]
        return Condition(
            f"EXISTS (SELECT 1 FROM unnest(%s::text[]) AS part WHERE strpos(lower({column}), part) > 0)", (wanted,)
        )

    return condition


def _number(at_least: str, at_most: str, *, divided_by: int = 1) -> Callable[[Filter], Condition]:
    """What isn't known meets neither."""

    def condition(item: Filter) -> Condition:
        values = [int(value) / divided_by for value in item.values]
        if item.op is Op.AT_LEAST:
            return Condition(f"coalesce({at_least} >= %s, false)", (min(values),))
        return Condition(f"coalesce({at_most} <= %s, false)", (max(values),))

    return condition


def _tags(item: Filter) -> Condition:
    """Capitals don't tell tags apart."""
    untagged = " OR coalesce(knows.tags, '{}') = '{}'" if "" in item.values else ""
    named = [value.lower() for value in item.values if value]
    tagged = "EXISTS (SELECT 1 FROM unnest(knows.tags) AS tag WHERE lower(tag) = ANY(%s::text[]))"
    return Condition(f"({tagged}{untagged})", (named,))


def _yes_or_no(sql: str) -> Callable[[Filter], Condition]:
    return lambda item: Condition(
        "true" if {"yes", "no"} <= set(item.values) else sql if "yes" in item.values else f"NOT {sql}"
    )


# A shown score is rounded, so it is the rounded one that is compared.
_ROUNDED = "floor(best.total + 0.5)"
# As the company's page says it (`one.company_grounds`): of the surest visit by all its grounds, of those that count.
CONFIDENCE = """(SELECT max(coalesce(reason.visit_ratio, reason.confidence_ratio)) FROM company_match AS reason
    JOIN session AS sure ON sure.id = reason.session_id AND sure.company_id = seen.company_id AND sure.set_aside = ''
    WHERE reason.company_id = seen.company_id AND reason.site_id = seen.site_id)"""
_BY_NAME: dict[str, Callable[[Filter], Condition]] = {
    "temperature": _is_one_of("best.temperature"),
    "category": _is_one_of("best.category"),
    "score": _number(_ROUNDED, _ROUNDED),
    "kind": _is_one_of("company.kind"),
    "tag": _tags,
    "watched": _yes_or_no("(target.id IS NOT NULL)"),
    "ignored": _yes_or_no("coalesce(knows.is_ignored, false)"),
    "industry": _text("company.industry"),
    "seat": _is_one_of("company.country"),
    # A company of 51 to 200 people may have a hundred: it is left out only where it can't.
    "employees": _number(
        "CASE WHEN company.employees_from IS NOT NULL AND company.employees_to IS NULL"
        " THEN 'infinity'::float8 ELSE company.employees_to END",
        "company.employees_from",
    ),
    "confidence": _number(f"round(({CONFIDENCE} * 100)::numeric)", f"round(({CONFIDENCE} * 100)::numeric)"),
}
