"""A company's line of time in words, under the days of the site's zone."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import groupby

from django.urls import reverse

from apps.core import clock, formats
from apps.core.countries import country_name
from apps.destinations.timelines import Sent
from apps.scoring.models import ScoreChange
from apps.sites.goals.words import money
from apps.sites.models import Site
from apps.tracking.models import Session
from apps.tracking.wording import city_words, event_words

from ..sent import NOTHING_SENT, SentLines, sent_lines
from .one import PageRead, TimelineVisit
from .timeline import GoalReached, Item

PAGES_SHOWN = 6
SENT_SHOWN = 6
_TURNED = {
    "hot": "Turned hot",
    "warm": "Turned warm",
    "cold": "Turned cold",
    "high_intent": "High intent now",
    "researching": "Researching now",
    "looker": "A looker now",
}
_WAS = {"high_intent": "high intent"}


@dataclass(frozen=True, slots=True)
class Line:
    """An item as the page shows it. `site_name` is empty where all are of one site; `url` leads to the visit."""

    at: datetime
    icon: str
    title: str
    rest: str
    url: str = ""
    site_name: str = ""
    tone: str = ""
    pages: Sequence[PageRead] = ()
    more_pages: int = 0
    events: Sequence[str] = ()
    sent: SentLines = NOTHING_SENT


@dataclass(frozen=True, slots=True)
class Day:
    label: str
    lines: Sequence[Line]


def timeline_days(
    items: Sequence[Item], *, sent: Collection[Sent], zone: tzinfo, sites: Mapping[int, Site]
) -> list[Day]:
    """Return the items under their local days, newest day first, as they come. `sites`: all of the client's.

    What destinations were told stands with the goal that it is of; of an event that is no goal, with its visit.
    """
    today = clock.now().astimezone(zone).date()

    def local_day(item: Item) -> date:
        return item.at.astimezone(zone).date()

    return [
        Day(
            label=_day_label(day, today),
            lines=[replace(_line(item, sites), sent=_sent_lines(item, sent, zone=zone, sites=sites)) for item in group],
        )
        for day, group in groupby(items, key=local_day)
    ]


def _day_label(day: date, today: date) -> str:
    named = {today: "Today, ", today - timedelta(days=1): "Yesterday, "}.get(day, "")
    year = "" if day.year == today.year else f" {day.year}"
    return f"{named}{day:%a} {day.day} {day:%b}{year}"


def _line(item: Item, sites: Mapping[int, Site]) -> Line:
    match item.what:
        case TimelineVisit() as visit:
            return _visit(visit, sites)
        case GoalReached() as reached:
            return _goal(reached, sites)
        case ScoreChange() as change:
            return _change(change, sites)
        case Session() as session:
            return _ad(session, sites)


def _sent_lines(item: Item, sent: Collection[Sent], *, zone: tzinfo, sites: Mapping[int, Site]) -> SentLines:
    match item.what:
        case GoalReached(conversion=one):
            site_id = one.site_id
            of_item = [each for each in sent if each.event_id == one.event_id and each.goal_id == one.goal_id]
        case TimelineVisit(session=session):
            site_id = session.site_id
            of_item = [each for each in sent if each.session_id == session.id and each.goal_id is None]
        case _:
            return NOTHING_SENT
    return sent_lines(of_item, happened_at=item.at, zone=zone, site_slug=sites[site_id].slug, limit=SENT_SHOWN)


def _visit(visit: TimelineVisit, sites: Mapping[int, Site]) -> Line:
    session = visit.session
    where = city_words(session.city) or (country_name(session.country) if session.country else "")
    details = [
        formats.duration(session.ended_at - session.started_at) if session.ended_at > session.started_at else "",
        session.device,
        session.browser,
        f"came by {session.source}" if session.source and session.source != "Direct" else "came directly",
    ]
    return Line(
        at=session.started_at,
        icon="footprints",
        title=f"Visit from {where}" if where else "Visit",
        rest=", " + ", ".join(detail for detail in details if detail),
        url=_visit_url(session.site_id, session.id, sites),
        site_name=_site_name(session.site_id, sites),
        pages=visit.pages[:PAGES_SHOWN],
        more_pages=max(0, len(visit.pages) - PAGES_SHOWN),
        events=[event_words(name) for name in visit.events],
    )


def _goal(reached: GoalReached, sites: Mapping[int, Site]) -> Line:
    one = reached.conversion
    rest = ", the goal’s first for this company" if reached.is_first else ", goal reached"
    if one.value is not None:
        rest += f", worth {money(one.value, one.currency)}"
    return Line(
        at=one.occurred_at,
        icon="target",
        title=reached.goal.name,
        rest=rest,
        url=_visit_url(one.site_id, one.session_id, sites),
        site_name=_site_name(one.site_id, sites),
        tone="hot",
    )


def _ad(session: Session, sites: Mapping[int, Site]) -> Line:
    details = [
        session.source,
        f"campaign “{session.campaign}”" if session.campaign else "",
        f"ad “{session.content}”" if session.content else "",
        f"keyword “{session.term}”" if session.term else "",
    ]
    said = [detail for detail in details if detail]
    return Line(
        at=session.started_at,
        icon="megaphone",
        title="Ad click" if session.click_ids else "Came by a paid campaign",
        rest=", " + ", ".join(said) if said else "",
        url=_visit_url(session.site_id, session.id, sites),
        site_name=_site_name(session.site_id, sites),
    )


def _change(change: ScoreChange, sites: Mapping[int, Site]) -> Line:
    is_temperature = change.what == ScoreChange.What.TEMPERATURE
    figure = "total score" if is_temperature else "intent"
    before = _WAS.get(change.before, change.before)
    return Line(
        at=change.at,
        icon={"hot": "t-hot", "warm": "t-warm", "cold": "t-cold"}.get(change.after, "gauge"),
        title=_TURNED.get(change.after, change.after),
        rest=f", {figure} {change.score}, was {before} before",
        site_name=_site_name(change.site_id, sites),
        tone=change.after if is_temperature and change.after in ("hot", "warm") else "",
    )


def _visit_url(site_id: int, session_id: object, sites: Mapping[int, Site]) -> str:
    return reverse("analytics:site-visit", args=[sites[site_id].slug, session_id])


def _site_name(site_id: int, sites: Mapping[int, Site]) -> str:
    return sites[site_id].name if len(sites) > 1 else ""
