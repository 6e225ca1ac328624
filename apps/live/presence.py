"""Who is on a site now, read from the visits' rows.

A visitor counts as present for five minutes after the last event: the tracker is silent while somebody reads, and sends
engagement when the page is hidden. Nothing here is kept elsewhere, so nothing can be lost or disagree with the reports.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.companies.knowledge.ignoring import ignored_on_site
from apps.companies.selectors import company_names_shown
from apps.core import clock
from apps.core.maps import Named, Place
from apps.scoring.selectors import scores_now, turned_hot
from apps.tracking.selectors import session_present

from .counting import PageNow, figures_count, minute_of, minutes_count, pages_now
from .feed import FeedLine, feed_of, last_events
from .visits import Visit, rows_of, visit_of

ROWS = 50
# How many of those that have turned hot are named, and for how long.
TURNED_ROWS = 3
TURNED_FOR = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Turned:
    """A company that has turned hot a short while ago, and its total then."""

    company_id: int
    name: str
    score: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Presence:
    """A site at one moment. `visits` and `company_visits` are the newest ones, at most ROWS of each."""

    visitors: int
    in_companies: int
    in_hot: int  # of those, visitors from companies that are hot on this site
    without_place: int
    listed: int  # visits that there are, of which the newest are in `visits`
    listed_companies: int
    pages: Sequence[PageNow]
    places: Sequence[Place]
    hot_places: Sequence[Named]
    minutes: Sequence[int]  # visitors active in each of the last 30 minutes, oldest first
    minute: datetime  # when the last of them began
    visits: Sequence[Visit]
    company_visits: Sequence[Visit]
    feed: Sequence[FeedLine]
    turned: Sequence[Turned] = ()

    @property
    def last_at(self) -> datetime | None:
        return self.feed[0].at if self.feed else None


def presence_now(site_id: int, *, before: Presence | None = None) -> Presence:
    """Return who is on the site and what happened last. Ten queries, whatever the number of visitors.

    `before`: what was so a moment ago; its finished minutes aren't counted again.
    """
    at = clock.now()
    present = session_present([site_id], now=at)
    ignored = ignored_on_site(site_id)
    figures = figures_count(present, ignored, site_id, at)
    newest = rows_of(present.order_by("-started_at", "-id")[:ROWS])
    named = present.filter(company_id__isnull=False).exclude(company_id__in=ignored)
    of_companies = rows_of(named.order_by("-started_at", "-id")[:ROWS])
    events = last_events(site_id, at)
    told = rows_of(present.filter(id__in={event.session_id for event in events}))
    turned = turned_hot(site_id, since=at - TURNED_FOR, limit=TURNED_ROWS, ignored=ignored)
    listed = {row.company_id for row in (*newest, *of_companies) if row.company_id}
    scores = {one.company_id: one for one in scores_now(site_ids=[site_id], company_ids=sorted(listed), at=at)}
    shown = {row.company_id for row in told if row.company_id} | {change.company_id for change in turned}
    shown |= {one.company_id for one in figures.hot}
    names = company_names_shown(listed | shown, ignored=ignored)
    return Presence(
        visitors=figures.visitors,
        in_companies=figures.in_companies,
        in_hot=figures.in_hot,
        without_place=figures.without_place,
        listed=figures.visits,
        listed_companies=figures.company_visits,
        pages=pages_now(figures),
        places=figures.places,
        hot_places=[
            Named(one.longitude, one.latitude, names[one.company_id], one.path)
            for one in figures.hot
            if one.company_id in names
        ],
        minutes=minutes_count(site_id, at, before=(before.minute, before.minutes) if before else None),
        minute=minute_of(at),
        visits=[visit_of(row, names, scores) for row in newest],
        company_visits=[visit_of(row, names, scores) for row in of_companies],
        feed=feed_of(events, {row.id: row for row in told}, names),
        turned=[
            Turned(change.company_id, names[change.company_id], change.score, change.at)
            for change in turned
            if change.company_id in names
        ],
    )
