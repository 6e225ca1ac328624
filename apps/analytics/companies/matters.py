"""Pages that matter: those that a site's scoring rules give points for, by the names that the rules have.

Until there are such rules, or where a company saw none of these pages, what it read longest stands there instead.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

from apps.scoring.pages import matcher_of
from apps.scoring.rules import Rule, RuleKind
from apps.scoring.versions import scorings_of
from apps.sites.goals.patterns import Page, like_of
from apps.tracking.filters import Filter, Op
from apps.tracking.models import Kind, Session

from .conditions import Condition
from .figures import PageSeen
from .wanted import matched_sql

PAGES_EACH = 2

_SEEN = """
SELECT DISTINCT visits.site_id, visits.company_id, event.host, event.path, event.query, coalesce(event.fragment, '')
FROM ({visits}) AS visits
JOIN event ON event.session_id = visits.id AND event.kind = %s AND event.occurred_at >= %s AND event.occurred_at < %s
WHERE event.path ILIKE ANY(%s::text[])
"""

Rules = Mapping[int, tuple[Rule, ...]]


def page_rules(site_ids: Sequence[int]) -> Rules:
    """Return by site the rules that give points for a page, those with most first. One query when they are known."""
    return {site_id: _of_pages(scoring.rules) for site_id, scoring in scorings_of(site_ids).items()}


def page_labels(pages: Sequence[PageSeen], rules: Rules) -> tuple[list[str], bool]:
    """Return a few pages of a company: those that matter, by name; else what was read longest, and True for that."""
    found: dict[str, float] = {}
    for page in pages:
        own = rules.get(page.site_id, ())
        for index in matcher_of(own).rules_of(Page(page.host, page.path, page.query, page.fragment)) if own else ():
            found[own[index].name] = max(found.get(own[index].name, 0.0), own[index].points)
    if found:
        return sorted(found, key=lambda name: (-found[name], name))[:PAGES_EACH], False
    longest: dict[str, int] = {}
    for page in pages:
        longest[page.path] = longest.get(page.path, 0) + page.engaged_ms
    return sorted(longest, key=lambda path: (-longest[path], path))[:PAGES_EACH], True


def rule_names(rules: Rules) -> list[str]:
    """Return the names of pages that matter on any of these sites, by the alphabet."""
    return sorted({rule.name for own in rules.values() for rule in own})


def condition_of(
    item: Filter, visits: QuerySet[Session], rules: Rules, *, since: datetime, until: datetime
) -> Condition:
    """Return what companies meet that saw one of these pages (or: none of them) in `visits`. One query."""
    wanted = {value.casefold() for value in item.values}
    chosen = {site_id: tuple(rule for rule in own if rule.name.casefold() in wanted) for site_id, own in rules.items()}
    pairs = _saw(visits, chosen, since=since, until=until)
    negation = "NOT " if item.op is Op.IS_NOT else ""
    sql = "(seen.site_id, seen.company_id) IN (SELECT * FROM unnest(%s::bigint[], %s::bigint[]))"
    return Condition(f"{negation}{sql}", ([site_id for site_id, _ in pairs], [company_id for _, company_id in pairs]))


def _saw(visits: QuerySet[Session], rules: Rules, *, since: datetime, until: datetime) -> list[tuple[int, int]]:
    likes = sorted({like_of(text) for own in rules.values() for rule in own for text in rule.match.pages})
    if not likes:
        return []
    try:
        sql, params = matched_sql(visits, "id", "site_id", "company_id")
    except EmptyResultSet:
        return []
    found: set[tuple[int, int]] = set()
    with connection.cursor() as cursor:
        cursor.execute(_SEEN.format(visits=sql), [*params, Kind.PAGEVIEW.value, since, until, likes])
        for site_id, company_id, *page in cursor:
            own = rules.get(site_id, ())
            if own and (site_id, company_id) not in found and matcher_of(own).rules_of(Page(*page)):
                found.add((site_id, company_id))
    return sorted(found)


def _of_pages(rules: Sequence[Rule]) -> tuple[Rule, ...]:
    chosen = [rule for rule in rules if rule.kind is RuleKind.PAGE and rule.is_on and rule.points > 0]
    return tuple(sorted(chosen, key=lambda rule: -rule.points))
