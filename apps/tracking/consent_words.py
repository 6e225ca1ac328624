"""What visitors have agreed to, in words: of one visit with its history, and of a site's visits by state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from django.db.models import Count

from apps.core import clock, formats

from .drop_reasons import Refusal
from .ledger import ledger_sum
from .models import ConsentRecord, Session

COUNTED_DAYS = 7
SOURCES = {
    "api": "by the page’s own call",
    "gcm": "by Consent Mode",
    "tcf": "by the consent banner (TCF)",
    "site_default": "by the site’s default",
}


@dataclass(frozen=True, slots=True)
class ConsentLine:
    """When something was said on consent, and what, with its proof."""

    when: str
    text: str


@dataclass(frozen=True, slots=True)
class VisitConsent:
    """What holds for a visit, in one sentence, and how it came to that; nothing where nothing was said."""

    now: str
    history: Sequence[ConsentLine]


@dataclass(frozen=True, slots=True)
class StateRow:
    """A line of components/_ledger.html."""

    value: str
    label: str
    evidence: str = ""
    is_sub: bool = False
    is_sum: bool = False
    url: str = ""


@dataclass(frozen=True, slots=True)
class ConsentCounts:
    """How a site's visits of the last COUNTED_DAYS fell by state; `refused`: events turned away without consent."""

    lines: Sequence[StateRow]
    total: StateRow
    refused: int
    days: int


def visit_consent(session: Session, *, zone: tzinfo) -> VisitConsent:
    """Return what the visitor of a visit agrees to. One query where anything was said, else none."""
    if session.consent_at is None:
        return VisitConsent(state_words("", ""), [])
    found = list(ConsentRecord.objects.filter(session_id=session.id).order_by("said_at"))
    began = found[-1].said_at if found else session.consent_at
    how = _how(session.consent_source, session.consent_version)
    state = state_words(session.consent_analytics, session.consent_marketing)
    return VisitConsent(
        f"{state}, {how}, {_when(began, session, zone)}" if how else f"{state}, {_when(began, session, zone)}",
        [_line(record, session, zone) for record in found],
    )


def state_words(analytics: str, marketing: str) -> str:
    return f"Analytics: {analytics or 'not asked'} · Marketing: {marketing or 'not asked'}"


def consent_counts(*, site_id: int) -> ConsentCounts:
    """Count people's visits of the last days by what was agreed to, the most frequent first. Two queries."""
    now = clock.now()
    visits = Session.objects.filter(site_id=site_id, set_aside="", started_at__gte=now - timedelta(days=COUNTED_DAYS))
    counted = visits.values_list("consent_analytics", "consent_marketing").annotate(n=Count("pk")).order_by("-n")
    rows = list(counted)
    total = sum(count for _, _, count in rows)
    refused = ledger_sum(site_id=site_id, first=now.date() - timedelta(days=COUNTED_DAYS - 1)).refused
    return ConsentCounts(
        [
            StateRow(formats.number(count), state_words(analytics, marketing), formats.share(count / total))
            for analytics, marketing, count in rows
        ],
        StateRow(formats.number(total), "visits"),
        refused.get(Refusal.CONSENT.value, 0),
        COUNTED_DAYS,
    )


def _line(record: ConsentRecord, session: Session, zone: tzinfo) -> ConsentLine:
    signals = [word for word, holds in (("Global Privacy Control", record.gpc), ("Do Not Track", record.dnt)) if holds]
    parts = [
        state_words(record.analytics, record.marketing),
        _how(record.source, record.text_version),
        f"with {' and '.join(signals)}" if signals else "",
        f"received {record.received_at.astimezone(zone):%H:%M:%S}",
    ]
    return ConsentLine(_when(record.said_at, session, zone), ", ".join(part for part in parts if part))


def _how(source: str, text_version: str) -> str:
    parts = [SOURCES.get(source, source), f"text version {text_version}" if text_version else ""]
    return ", ".join(part for part in parts if part)


def _when(at: datetime, session: Session, zone: tzinfo) -> str:
    """Return when a choice was made: its clock; of one of an earlier UTC day, of which no more is kept, its day."""
    if at.date() < session.started_at.date():
        return f"on {formats.day(at, zone=UTC, now=clock.now())}"
    return f"at {at.astimezone(zone):%H:%M}"
