"""Single visits: the list of a period, and what it says of each. One of them in full: `visit_timeline`."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from django.db.models import Count, QuerySet

from apps.companies.selectors import company_names
from apps.core.countries import country_name
from apps.core.downloads import Cell
from apps.networks.labels import network_label
from apps.tracking.models import Session
from apps.tracking.selectors import session_all, session_set_aside

from .labels import DEVICES, set_aside_label, signal_labels
from .report import Report

PAGE_ROWS = 50
EXPORT_CHUNK = 500
EXPORT_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of the list goes on: after this visit. Later visits don't shift what was already seen."""

    started_at: datetime
    id: UUID

    @property
    def text(self) -> str:
        return f"{int(self.started_at.timestamp() * 1_000_000)}.{self.id}"


@dataclass(frozen=True, slots=True)
class VisitRow:
    session: Session
    who: str
    is_company: bool
    place: str
    duration: timedelta
    device: str
    device_icon: str
    aside: str
    signals: Sequence[str]


@dataclass(frozen=True, slots=True)
class VisitPage:
    rows: Sequence[VisitRow]
    following: Cursor | None


def cursor_read(text: str) -> Cursor | None:
    """Return the place in the list that an address names; None for the beginning, and for nonsense."""
    microseconds, _, id_text = text.partition(".")
    if not (microseconds.isascii() and microseconds.isdigit() and len(microseconds) < 18):
        return None
    try:
        return Cursor(datetime.fromtimestamp(0, tz=UTC) + timedelta(microseconds=int(microseconds)), UUID(id_text))
    except ValueError:
        return None


def visit_set(report: Report, *, aside: bool = False, reason: str = "") -> QuerySet[Session]:
    """Return the period's visits: people's, by the filters; or those set aside, by their reason. Newest first."""
    span = report.period.span
    if aside:
        visits = session_set_aside(site_id=report.site.id, since=span.start, until=span.end)
        visits = visits.filter(set_aside=reason) if reason else visits
    else:
        visits = session_all(site_id=report.site.id, since=span.start, until=span.end, filters=report.filters)
    return visits.order_by("-started_at", "-id")


def aside_counts(report: Report) -> list[tuple[str, str, int]]:
    """Return reasons for which visits of the period were set aside: value, in words, how many. One query."""
    span = report.period.span
    visits = session_set_aside(site_id=report.site.id, since=span.start, until=span.end)
    counted = visits.values_list("set_aside").annotate(n=Count("pk")).order_by("-n")
    return [(reason, set_aside_label(reason), count) for reason, count in counted]


def visit_page(visits: QuerySet[Session], after: Cursor | None, *, limit: int = PAGE_ROWS) -> VisitPage:
    """Return the visits after a place in the list, and where it goes on. One query; one more for companies' names."""
    if after is not None:
        visits = visits.filter(started_at__lte=after.started_at).exclude(started_at=after.started_at, id__gte=after.id)
    found = list(visits[: limit + 1])
    shown = found[:limit]
    names = company_names({visit.company_id for visit in shown if visit.company_id})
    last = shown[-1] if len(found) > limit else None
    return VisitPage([visit_row(visit, names) for visit in shown], Cursor(last.started_at, last.id) if last else None)


def visit_row(session: Session, names: Mapping[int, str]) -> VisitRow:
    company = names.get(session.company_id or 0, "")
    label, icon = DEVICES.get(session.device, ("", ""))
    return VisitRow(
        session=session,
        who=company or network_label(session.network_kind, session.city or country_name(session.country)),
        is_company=bool(company),
        place=place_words(session),
        duration=session.ended_at - session.started_at,
        device=label or "Unknown",
        device_icon=icon or "circle-dashed",
        aside=session.bot_name or set_aside_label(session.set_aside) if session.set_aside else "",
        signals=signal_labels(session.signals),
    )


def place_words(session: Session) -> str:
    known = [session.city, country_name(session.country) if session.country else ""]
    return ", ".join(part for part in known if part) or "unknown"


CSV_HEAD = (
    "Started",
    "Ended",
    "Company",
    "Network",
    "Country",
    "Region",
    "City",
    "Channel",
    "Source",
    "Campaign",
    "Entry page",
    "Exit page",
    "Page views",
    "Events",
    "Duration s",
    "Engaged s",
    "Device",
    "Browser",
    "System",
    "Set aside",
    "Signals",
    "Visit",
)


def visit_lines(report: Report, visits: QuerySet[Session]) -> Iterator[Sequence[Cell]]:
    """Return the visits as lines of a file, read in slices as they are wanted; at most EXPORT_ROWS."""
    after: Cursor | None = None
    for _ in range(EXPORT_ROWS // EXPORT_CHUNK):
        page = visit_page(visits, after, limit=EXPORT_CHUNK)
        for row in page.rows:
            yield _line(report, row)
        if page.following is None:
            return
        after = page.following


def _line(report: Report, row: VisitRow) -> Sequence[Cell]:
    one = row.session
    return (
        one.started_at.astimezone(report.zone).isoformat(timespec="seconds"),
        one.ended_at.astimezone(report.zone).isoformat(timespec="seconds"),
        row.who if row.is_company else "",
        network_label(one.network_kind),
        country_name(one.country) if one.country else "",
        one.region,
        one.city,
        one.channel,
        one.source,
        one.campaign,
        one.entry_path,
        one.exit_path,
        one.pageviews,
        one.events,
        round(row.duration.total_seconds()),
        round(one.engaged_ms / 1000),
        one.device,
        one.browser,
        one.system,
        one.set_aside,
        one.signals,
        str(one.id),
    )
