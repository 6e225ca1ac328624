"""Facts come twice, late and out of order: stored by the writer and matched, they end in the same scores."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.core import clock
from apps.scoring.check import scores_check
from apps.scoring.models import Score, ScoreDue
from apps.scoring.rows import MADE
from apps.scoring.services import scores_work
from apps.sites.models import Site
from apps.tracking.company_links import visits_link
from apps.tracking.envelope import Envelope, EventIn
from apps.tracking.models import Session
from tests.cast import Cast
from tests.goaling import goal_make
from tests.tracking.arrivals import NOON, click, engagement, envelope, store, view

from .conftest import company_make

PATHS = ("/", "/pricing", "/demo", "/thanks", "/careers", "/docs/a")
DAY = 24 * 60

# Who (two of one company, one of another), when, and what: a page that is read so long and so far, or a click.
_moments = st.one_of(st.integers(0, 90), st.integers(0, 12).map(lambda day: day * DAY))
_deed = st.tuples(
    st.integers(1, 3),
    _moments,
    st.one_of(
        st.tuples(st.sampled_from(PATHS), st.integers(0, 240), st.integers(0, 100)),
        st.sampled_from(["form_start", "other"]),
    ),
)
_history = st.lists(_deed, min_size=1, max_size=9)


def test_whatever_order_it_comes_in_the_scores_are_the_same(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON + timedelta(days=13))
    goal_make(in_alder.site, "page", page="/thanks")
    companies = [company_make().id, company_make("Westmere Ltd").id]

    @settings(max_examples=8, deadline=None, database=None)
    @given(history=_history, data=st.data())
    def same(history: list[Any], data: st.DataObject) -> None:
        bodies = [body for deed in history for body in _bodies(in_alder.site, deed)]
        expected = _scores(in_alder.site, [[body] for body in sorted(bodies, key=_moment)], companies, [])
        shuffled = data.draw(st.permutations([*bodies, *data.draw(st.lists(st.sampled_from(bodies), max_size=4))]))
        batches = _cut(shuffled, data.draw(st.lists(st.integers(1, 4), min_size=len(shuffled))))
        # Matched and reckoned now and then, and in the end.
        pauses = data.draw(st.lists(st.booleans(), min_size=len(batches), max_size=len(batches)))
        assert _scores(in_alder.site, batches, companies, pauses) == expected

    same()


def _scores(
    site: Site, batches: Sequence[Sequence[Envelope]], companies: Sequence[int], pauses: Sequence[bool]
) -> list[dict[str, Any]]:
    """Return the scores that bodies lead to, all of it undone again."""
    with transaction.atomic():
        for number, batch in enumerate(batches):
            store(*batch)
            if pauses and pauses[number]:
                _match(companies)
                scores_work()
        _match(companies)
        scores_work()
        assert not ScoreDue.objects.exists()
        assert not [one for one in scores_check(site_id=site.id) if one.differing]
        names = [name for name in MADE if name != "calculated_at"]
        found = list(Score.objects.order_by("company_id").values("company_id", *names, "told_temperature"))
        transaction.set_rollback(True)
    return found


def _match(companies: Sequence[int]) -> None:
    fresh = Session.objects.filter(matched_at__isnull=True).values_list("id", "visitor_id")
    visits_link(companies={visit: companies[visitor == 3] for visit, visitor in fresh}, at=clock.now())


def _bodies(site: Site, deed: Any) -> list[Envelope]:
    who, minutes, what = deed
    if isinstance(what, str):
        return [envelope(site, click(minutes, what), visitor=who)]
    path, seconds, percent = what
    page: EventIn = view(minutes, path)
    read = engagement(minutes + seconds / 60, page, seconds, percent)
    return [envelope(site, page, visitor=who), envelope(site, read, visitor=who)]


def _cut(bodies: Sequence[Envelope], sizes: Sequence[int]) -> list[Sequence[Envelope]]:
    batches, rest = [], list(bodies)
    for size in sizes:
        if rest:
            batches.append(rest[:size])
            rest = rest[size:]
    return batches


def _moment(body: Envelope) -> int:
    return body.events[0].occurred_ms
