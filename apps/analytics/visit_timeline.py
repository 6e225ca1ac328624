"""One visit in full: what happened in which order, and what is known around it."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from uuid import UUID

from apps.companies.network_sources import sources_of
from apps.companies.selectors import company_names
from apps.core import formats
from apps.core.countries import country_name
from apps.destinations.timelines import Sent, visits_sent
from apps.networks.labels import network_label
from apps.sites.goals.words import money
from apps.tracking.consent_words import visit_consent
from apps.tracking.goals.selectors import session_conversions
from apps.tracking.models import Conversion, Event, Kind, Origin, Session
from apps.tracking.rules.selectors import rule_text
from apps.tracking.selectors import session_events

from .companies.ground_words import visit_grounds
from .labels import LANGUAGES, set_aside_label
from .sent import NOTHING_SENT, SentLines, sent_lines
from .visits import VisitRow, visit_row

# A visit longer than this is no reading matter; the page says how many are left out.
MOMENTS = 300


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened in a visit. `sent`: what destinations were told of it."""

    at: datetime
    icon: str
    title: str
    text: str
    sub: str
    props: Sequence[tuple[str, str]]
    sent: SentLines = NOTHING_SENT


@dataclass(frozen=True, slots=True)
class Fact:
    label: str
    value: str


@dataclass(frozen=True, slots=True)
class VisitView:
    """One visit: who, what happened in which order, and what is known around it.

    `sent_rest`: deliveries of moments that aren't listed; `deliveries`: how many there are in all.
    """

    row: VisitRow
    sentence: str
    moments: Sequence[Moment]
    facts: Sequence[tuple[str, Sequence[Fact]]]
    longest: tuple[str, int] | None
    left_out: int
    sent_rest: SentLines
    deliveries: int


def visit_view(session: Session, *, zone: tzinfo, site_slug: str) -> VisitView:
    """Return a visit in full. Four queries; one more where the site has destinations, two where the visit has a
    company, more where its visitor reached goals or said something on consent."""
    names = company_names({session.company_id} if session.company_id else set())
    row = visit_row(session, names)
    events = session_events(session, limit=MOMENTS)
    reached = session_conversions(session)
    event_ids = [event.event_id for event in events]
    sent = visits_sent(site_ids=[session.site_id], session_ids=[session.id], event_ids=event_ids)
    by_event = _by_event(sent)
    listed = set(event_ids)
    return VisitView(
        row=row,
        sentence=_sentence(row),
        moments=[
            replace(
                _moment(event, reached.get(event.event_id, ())),
                sent=sent_lines(
                    by_event.get(event.event_id, ()), happened_at=event.occurred_at, zone=zone, site_slug=site_slug
                ),
            )
            for event in events
        ],
        facts=[
            ("Company", _company_facts(session) if row.is_company else []),
            *((title, [fact for fact in facts if fact.value]) for title, facts in _facts(row)),
            ("Consent", _consent_facts(session, zone)),
        ],
        longest=_longest(events),
        left_out=max(0, session.pageviews + session.events - MOMENTS),
        sent_rest=sent_lines(
            [one for one in sent if one.event_id not in listed], happened_at=None, zone=zone, site_slug=site_slug
        ),
        deliveries=len(sent),
    )


def _by_event(sent: Sequence[Sent]) -> dict[UUID, list[Sent]]:
    by_event: defaultdict[UUID, list[Sent]] = defaultdict(list)
    for one in sent:
        by_event[one.event_id].append(one)
    return dict(by_event)


def _sentence(row: VisitRow) -> str:
    one = row.session
    pages = f"{formats.number(one.pageviews)} {'page' if one.pageviews == 1 else 'pages'}"
    read = f", engaged for {formats.duration(one.engaged_ms / 1000)}" if one.engaged_ms else ""
    came = f", came by {one.source}" if one.source and one.source != "Direct" else ", came directly"
    return f"{pages} in {formats.duration(row.duration)}{read}{came}."


def _moment(event: Event, reached: Sequence[tuple[str, Conversion]]) -> Moment:
    moment = _happened(event)
    goals = [("goal", _goal_words(name, conversion)) for name, conversion in reached]
    return replace(moment, props=[*moment.props, *goals]) if goals else moment


def _goal_words(name: str, conversion: Conversion) -> str:
    return name if conversion.value is None else f"{name}, worth {money(conversion.value, conversion.currency)}"


def _happened(event: Event) -> Moment:
    if event.kind == Kind.PAGEVIEW:
        read = [f"engaged {formats.duration(event.engaged_ms / 1000)}"] if event.engaged_ms else []
        read += [f"scrolled to {event.scroll_percent}%"] if event.scroll_percent else []
        props = [(label, value) for label, value in _page_words(event) if value]
        return Moment(event.occurred_at, "file-text", event.path or "/", event.title, " · ".join(read), props)
    if event.kind == Kind.ERROR:
        return _error(event)
    props = [(str(name), str(value)) for name, value in (event.props or {}).items()]
    if event.value is not None:
        props.append(("value", f"{event.value.normalize():f} {event.currency}".strip()))
    title = event.name or event.kind.capitalize()
    return Moment(event.occurred_at, "mouse-pointer-click", title, f"on {event.path}" if event.path else "", "", props)


def _error(event: Event) -> Moment:
    """Return a failure of the page's own scripts: what was said, and in which file and line."""
    told = {name: str(value) for name, value in (event.props or {}).items()}
    place = ":".join(told[name] for name in ("file", "line", "column") if told.get(name))
    sub = " · ".join(part for part in (place, f"on {event.path}" if event.path else "") if part)
    return Moment(event.occurred_at, "triangle-alert", event.name or "Script error", told.get("message", ""), sub, [])


def _page_words(event: Event) -> Iterator[tuple[str, str]]:
    """Return what a page said of itself: its group, its language, and its canonical address where it is another one."""
    yield "group", event.content_group
    language = event.page_language.partition("-")[0].lower()
    yield "language", LANGUAGES.get(language, event.page_language)
    is_same = event.canonical_url == f"{event.host}{event.path}"
    yield "canonical", "" if is_same else event.canonical_url


def _longest(events: Sequence[Event]) -> tuple[str, int] | None:
    """Return the page on which most time was engaged, with its milliseconds."""
    engaged: Counter[str] = Counter()
    for event in events:
        if event.kind == Kind.PAGEVIEW:
            engaged[event.path] += event.engaged_ms
    return next(((path, time) for path, time in engaged.most_common(1) if time), None)


def _facts(row: VisitRow) -> list[tuple[str, list[Fact]]]:
    one = row.session
    return [
        (
            "Came by",
            [
                Fact("Channel", one.channel),
                Fact("Source", one.source),
                Fact("Medium", one.medium),
                Fact("Campaign", one.campaign),
                Fact("Term", one.term),
                Fact("Content", one.content),
                Fact("Referrer", one.referrer or one.referrer_host),
            ],
        ),
        (
            "From",
            [
                Fact(
                    "Place",
                    ", ".join(part for part in (one.postal, one.city, one.region, country_name(one.country)) if part),
                ),
                Fact("Network", network_label(one.network_kind)),
                Fact("Carrier", "mobile network" if one.is_mobile_network else ""),
                Fact("Operator", one.network_name or one.organisation),
                Fact("Number", f"AS{one.asn}" if one.asn else ""),
                Fact("Hidden by", _hidden_by(one)),
                Fact("Told by", sources_of([one.id]).get(one.id, "the local databases")),
            ],
        ),
        (
            "With",
            [
                Fact("Device", " ".join(part for part in (row.device, one.brand, one.model) if part)),
                Fact("Browser", f"{one.browser} {one.browser_version}".strip() or "unknown"),
                Fact("System", f"{one.system} {one.system_version}".strip() or "unknown"),
                Fact("Screen", _size(one.screen_width, one.screen_height)),
                Fact("Window", _size(one.viewport_width, one.viewport_height)),
                Fact("Language", LANGUAGES.get(one.language, one.language)),
                Fact("Time zone", one.time_zone),
            ],
        ),
        (
            "Kept as",
            [
                Fact("Identity", _identity(one)),
                Fact("Read from", _ORIGINS.get(one.origin, one.origin)),
                Fact("Set aside", set_aside_label(one.set_aside) if one.set_aside else ""),
                Fact("By", rule_text(site_id=one.site_id, rule_id=one.excluded_by) if one.excluded_by else ""),
                Fact("Bot", one.bot_name),
                Fact("Late", "arrived after its day's salt was destroyed" if one.is_late else ""),
                Fact("Speaks for a bot", "; ".join(row.signals) if not one.set_aside else ""),
                Fact("Asked for", ", ".join(_signals(one))),
                Fact("Visit", str(one.id)),
            ],
        ),
    ]


def _company_facts(session: Session) -> list[Fact]:
    """Return how sure the company is, and each ground, for and against."""
    ratio, lines = visit_grounds(session)
    if ratio is None:
        return []
    return [Fact("Confidence", f"{formats.number(ratio, 2)} of 1"), *(Fact("Because", line) for line in lines)]


def _consent_facts(session: Session, zone: tzinfo) -> list[Fact]:
    """Return what holds, and where it changed on the way, what was said before."""
    consent = visit_consent(session, zone=zone)
    history = [Fact(line.when.removeprefix("at ").removeprefix("on "), line.text) for line in consent.history]
    return [Fact("Now", consent.now), *history]


_ORIGINS: dict[str, str] = {
    Origin.TAG: "the tag",
    Origin.SERVER: "the server-side API",
    Origin.PIXEL: "the pixel",
    Origin.IMPORT: "an imported log",
}


def _size(width: int | None, height: int | None) -> str:
    return f"{width} × {height}" if width and height else ""


def _hidden_by(one: Session) -> str:
    return ", ".join(
        word
        for word, holds in (
            ("VPN", one.is_vpn),
            ("proxy", one.is_proxy),
            ("Tor", one.is_tor),
            ("data centre", one.is_hosting),
        )
        if holds
    )


def _identity(one: Session) -> str:
    return "one day, without cookies" if one.identity_mode == "daily" else one.identity_mode


def _signals(one: Session) -> list[str]:
    given = (("Global Privacy Control", one.gpc), ("Do Not Track", one.dnt))
    return [word for word, holds in given if holds]
