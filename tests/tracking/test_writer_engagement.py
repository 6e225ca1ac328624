"""Engagement lengthens its visit: how far is kept on its page view, and visits that it touches become one."""

from datetime import datetime
from itertools import permutations

import pytest

from apps.tracking.envelope import EventIn
from apps.tracking.models import Event, SessionAlias
from tests.cast import Cast

from .arrivals import engagement, envelope, minutes_of, store, view, visits


def seen(page: EventIn) -> datetime | None:
    return Event.objects.get(event_id=page.event_id).last_seen_at


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_page_view_keeps_how_far_its_visit_was_lengthened(in_alder: Cast, order: tuple[int, ...]) -> None:
    page = view(0)
    parts = [page, engagement(12, page, 5), engagement(25, page, 9)]
    for place in order:
        store(envelope(in_alder.site, parts[place]))
    (visit,) = visits(in_alder.site)
    assert minutes_of(visit.ended_at) == minutes_of(seen(page)) == 25


def test_all_in_one_message_is_the_same(in_alder: Cast) -> None:
    page = view(0)
    store(envelope(in_alder.site, engagement(25, page, 9), page, engagement(12, page, 5)))
    assert minutes_of(visits(in_alder.site)[0].ended_at) == minutes_of(seen(page)) == 25


def test_engagement_too_far_off_leaves_no_trace(in_alder: Cast) -> None:
    page = view(0)
    store(envelope(in_alder.site, page))
    store(envelope(in_alder.site, engagement(31, page, 5)))
    assert seen(page) is None
    assert visits(in_alder.site)[0].engaged_ms == 5_000


def test_engagement_from_before_its_page_view_moves_no_start(in_alder: Cast) -> None:
    page = view(10)
    store(envelope(in_alder.site, page))
    store(envelope(in_alder.site, engagement(5, page, 5)))
    assert (minutes_of(visits(in_alder.site)[0].started_at), seen(page)) == (10, None)


def test_engagement_alone_joins_the_visits_that_it_touches(in_alder: Cast) -> None:
    first, second = view(0), view(50)
    store(envelope(in_alder.site, first))
    store(envelope(in_alder.site, second))
    assert len(visits(in_alder.site)) == 2
    store(envelope(in_alder.site, engagement(25, first, 5)))
    (visit,) = visits(in_alder.site)
    assert (visit.pageviews, minutes_of(visit.ended_at)) == (2, 50)
    assert set(Event.objects.values_list("session_id", flat=True)) == {visit.id}
    assert SessionAlias.objects.get().session_id == visit.id


def test_totals_that_came_before_write_nothing(in_alder: Cast) -> None:
    page, told = view(0), engagement(3, view(0), 5)
    told.page_id = page.event_id
    store(envelope(in_alder.site, page, told))
    before = Event.objects.extra(select={"version": "xmin::text || ctid::text"}).get().version
    store(envelope(in_alder.site, told))
    assert Event.objects.extra(select={"version": "xmin::text || ctid::text"}).get().version == before
