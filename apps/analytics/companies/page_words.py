"""A company's page in words: the sentence on top, the timeline by day, the grounds of the match."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta, tzinfo
from itertools import groupby

from django.urls import reverse

from apps.companies.models import Company
from apps.core import clock, formats
from apps.core.countries import country_name
from apps.sites.models import Site
from apps.tracking.models import Session
from apps.tracking.wording import city_words, event_words

from .one import Ground, PageRead, TimelineVisit

KINDS = {
    "business": "Company",
    "education": "School or university",
    "government": "Public authority",
    # Where an agency has them shown.
    "consumer": "Internet provider",
    "hosting": "Data centre",
}
# From these confidences on, in words.
WORDS = ((0.8, "High"), (0.6, "Fair"), (0.0, "Low"))
PAGES_SHOWN = 6
DOUBTS = {
    "business": "Guests and partners sometimes use a company's network; one visit alone proves little.",
    "education": "Many people share this network, students most of all: whoever it was need not act for it.",
    "government": "Citizens' terminals and schools may sit behind an authority's network.",
    "consumer": "Its customers' visits, at home and at work: hardly ever somebody who acts for the provider.",
    "hosting": "Whoever rents a machine there, often a program: hardly ever somebody who acts for the host.",
}


@dataclass(frozen=True, slots=True)
class Confidence:
    """How sure the match is: the word, the ratio 0-1, and the bar's width in percent."""

    word: str
    ratio: float
    width: int


@dataclass(frozen=True, slots=True)
class VisitLine:
    session: Session
    url: str
    site_name: str  # empty where all visits are of one site
    headline: str
    rest: str
    pages: Sequence[PageRead]
    more_pages: int
    events: Sequence[str]


@dataclass(frozen=True, slots=True)
class Day:
    label: str
    visits: Sequence[VisitLine]


def kind_label(kind: str) -> str:
    return KINDS.get(kind, KINDS["business"])


def confidence(grounds: Sequence[Ground]) -> Confidence | None:
    """Return how sure we are of the surest visit; None without any."""
    if not grounds:
        return None
    ratio = max(ground.visit_ratio for ground in grounds)
    word = next(word for least, word in WORDS if ratio >= least)
    return Confidence(word=word, ratio=ratio, width=round(100 * ratio))


def summary(company: Company, *, visits: int, pages: Sequence[str]) -> str:
    """Return the page's first sentence: how often they came and what they read longest."""
    if not visits:
        return f"No visit of {company.name} is kept any more."
    read = f" Read longest: {', '.join(pages)}." if pages else ""
    return f"{_visits(visits).capitalize()} so far.{read}"


def timeline_days(visits: Sequence[TimelineVisit], *, zone: tzinfo, sites: Mapping[int, Site]) -> list[Day]:
    """Return the visits under their local days, newest day first, as they come. `sites`: all of the client's."""
    today = clock.now().astimezone(zone).date()

    def local_day(visit: TimelineVisit) -> date:
        return visit.session.started_at.astimezone(zone).date()

    return [
        Day(label=_day_label(day, today), visits=[_line(visit, sites) for visit in group])
        for day, group in groupby(visits, key=local_day)
    ]


def _day_label(day: date, today: date) -> str:
    named = {today: "Today, ", today - timedelta(days=1): "Yesterday, "}.get(day, "")
    year = "" if day.year == today.year else f" {day.year}"
    return f"{named}{day:%a} {day.day} {day:%b}{year}"


def _line(visit: TimelineVisit, sites: Mapping[int, Site]) -> VisitLine:
    session = visit.session
    site = sites[session.site_id]
    where = city_words(session.city) or (country_name(session.country) if session.country else "")
    details = [
        formats.duration(session.ended_at - session.started_at) if session.ended_at > session.started_at else "",
        session.device,
        session.browser,
        f"came by {session.source}" if session.source and session.source != "Direct" else "came directly",
    ]
    return VisitLine(
        session=session,
        url=reverse("analytics:site-visit", args=[site.slug, session.id]),
        site_name=site.name if len(sites) > 1 else "",
        headline=f"Visit from {where}" if where else "Visit",
        rest=", " + ", ".join(detail for detail in details if detail),
        pages=visit.pages[:PAGES_SHOWN],
        more_pages=max(0, len(visit.pages) - PAGES_SHOWN),
        events=[event_words(name) for name in visit.events],
    )


def _visits(count: int) -> str:
    return f"{formats.number(count)} visit{'' if count == 1 else 's'}"
