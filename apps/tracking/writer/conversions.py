"""Goals in the writer: which events of a batch meet one, and which stored page views do by what came for them now.

A total (scroll depth, engaged time) reaches a goal in the batch in which it passes the goal's mark: so a page view that
had passed it before the goal was made isn't found by whatever comes again.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from django.db import connection

from apps.core import clock
from apps.core.tenancy import quoted
from apps.sites.goals.patterns import Page, page_matches
from apps.sites.goals.rules import GoalRule, Seen, goal_met, reached, rules_of_totals
from apps.sites.measured import MeasuredSite

from ..flags import group_of
from ..goals.storing import Met, met_of
from ..steps.sessions import SessionState
from .engagement import StoredPage
from .items import Item, PageKey
from .parameters import numbers, uuids

Sites = Mapping[int, MeasuredSite]
# Of a leaf by its name, as in event_rows.KNOWN.
ADDRESSES = """
SELECT site_id, event_id, host, path, query, coalesce(fragment, '')
FROM {leaf} JOIN unnest(%s::bigint[], %s::uuid[]) AS wanted(site_id, event_id) USING (site_id, event_id)
"""
MAY_MEET = ("pageview", "event")


def items_met(items: Iterable[Item], sites: Sites) -> list[Met]:
    """Return the goals that events of the batch meet. Bots' and spam never do: nothing makes them count again."""
    met = []
    for item in items:
        goals = sites[item.site_id].goals
        if not goals or item.event.kind not in MAY_MEET or group_of(item.lasting_session.set_aside):
            continue
        seen = seen_of(item)
        met += [_met_by_item(rule, item, seen) for rule in goals if goal_met(rule, seen)]
    return met


def pages_met(pages: Sequence[tuple[StoredPage, SessionState]], sites: Sites) -> list[Met]:
    """Return the goals that stored page views meet by totals of this batch. One query where goals name pages."""
    passed = [
        (rule, page, session)
        for page, session in pages
        if not group_of(session.set_aside)
        for rule in rules_of_totals(sites[session.site_id].goals)
        if _passes(rule, page)
    ]
    addresses = _addresses([page for rule, page, _ in passed if rule.page])
    return [
        met_of(
            rule,
            site_id=session.site_id,
            event_id=page.fold.page_id,
            session_id=session.id,
            occurred_at=clock.from_ms(page.at_ms),
            value=None,
            currency="",
            is_backfill=False,
            is_counted=not session.set_aside,
        )
        for rule, page, session in passed
        if not rule.page or _is_on(rule, addresses.get(page.fold.key))
    ]


def seen_of(item: Item) -> Seen:
    event = item.event
    return Seen(
        kind=event.kind,
        page=Page(event.host, event.path, event.query, event.fragment),
        name=event.name,
        engaged_ms=item.engaged_ms,
        scroll_percent=item.scroll_percent,
        value=None if event.value is None else Decimal(event.value),
        currency=event.currency,
        props=event.props,
    )


def _met_by_item(rule: GoalRule, item: Item, seen: Seen) -> Met:
    session = item.lasting_session
    return met_of(
        rule,
        site_id=item.site_id,
        event_id=item.event.event_id,
        session_id=session.id,
        occurred_at=clock.from_ms(item.at_ms),
        value=seen.value,
        currency=seen.currency,
        is_backfill=bool(item.arrival.envelope.import_id),
        is_counted=not session.set_aside,
    )


def _passes(rule: GoalRule, page: StoredPage) -> bool:
    fold = page.fold
    now = max(page.engaged_ms, fold.engaged_ms), max(page.scroll_percent, fold.scroll_percent)
    return reached(rule, *now) and not reached(rule, page.engaged_ms, page.scroll_percent)


def _is_on(rule: GoalRule, address: Page | None) -> bool:
    return address is not None and page_matches(rule.page, address)


def _addresses(pages: Iterable[StoredPage]) -> dict[PageKey, Page]:
    by_leaf: dict[str, dict[PageKey, StoredPage]] = {}
    for page in pages:
        by_leaf.setdefault(page.leaf, {})[page.fold.key] = page
    if not by_leaf:
        return {}
    query = " UNION ALL ".join(ADDRESSES.format(leaf=quoted(leaf)) for leaf in by_leaf)
    values = [
        value
        for wanted in by_leaf.values()
        for value in (
            numbers(page.fold.site_id for page in wanted.values()),
            uuids(page.fold.page_id for page in wanted.values()),
        )
    ]
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return {(site_id, page_id.int): Page(*address) for site_id, page_id, *address in cursor.fetchall()}
