"""From a log's lines to envelopes: page views with the log's own times, put together by visitor."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from apps.core import clock
from apps.core.tenancy import current_schema
from apps.sites.models import Site

from . import identity, sealing
from .accesslog import LogLine, Skip, page_target, parse_line
from .address import clean_address
from .envelope import Envelope, EventIn
from .events import EARLIEST_MS, site_namespace
from .import_jobs import Salts
from .models import ImportJob
from .steps.page_url import kept_referrer, page_url
from .steps.scrubbing import scrub_event
from .steps.sessions import GAP_MS

MAX_LINE = 16_384
MAX_TARGET = 2_048
MAX_USER_AGENT = 1_024
# The most events of one visitor in one entry, as at the door.
MOST_EVENTS = 100
DAY_MS = 86_400_000
# Lines come nearly in order, and equal lines have equal times: those of days long past needn't be remembered.
REMEMBERED_DAYS = 2

PAGE_VIEWS = "page_views"
NOT_PARSED = "not_parsed"
UNPARSED_NAMED = 20


@dataclass(slots=True)
class Tally:
    """What a log's lines were, so far."""

    lines: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    unparsed: list[int] = field(default_factory=list)  # the first few, by number


class Occurrences:
    """How often a line has come before: equal lines are different events, and must be the same ones the next time."""

    def __init__(self) -> None:
        self._by_day: dict[date, Counter[bytes]] = {}

    def next(self, line: str, day: date) -> int:
        """Return 0 for the first, 1 for the second..."""
        seen = self._by_day.get(day)
        if seen is None:
            seen = self._by_day[day] = Counter()
            oldest = day - timedelta(days=REMEMBERED_DAYS)
            for gone in [known for known in self._by_day if known < oldest]:
                del self._by_day[gone]
        key = hashlib.blake2b(line.encode(), digest_size=8).digest()
        seen[key] += 1
        return seen[key] - 1


class LineReader:
    """Makes envelopes of one import's lines. Every line must be shown to it in order, done ones too."""

    def __init__(self, site: Site, job: ImportJob) -> None:
        self.tally = Tally(counts=Counter(job.counts), unparsed=list(job.unparsed))
        self._site, self._parameters = site, tuple(site.kept_parameters)
        self._job = job
        self._salts = Salts(job)
        self._occurrences = Occurrences()
        self._namespace = site_namespace(site.site_key)
        first = site.domains.first()
        self._host = first.host if first else ""

    def read(self, lines: Iterable[str]) -> list[Envelope]:
        """Return the envelopes of the next lines; none for those that an earlier run has finished."""
        found: dict[tuple[str, str, date, bool], list[EventIn]] = {}
        for line in lines:
            self.tally.lines += 1
            is_done = self.tally.lines <= self._job.lines_read
            parsed = parse_line(line) if len(line) <= MAX_LINE else None
            if parsed is None:
                if not is_done:
                    self._note_unparsed()
                continue
            occurrence = self._occurrences.next(line, parsed.at.date())
            if is_done:
                continue
            event = self._event(parsed, uuid5(self._namespace, f"log line {occurrence}: {line}"))
            if event is not None:
                at = parsed.at
                key = (clean_address(parsed.client) or parsed.client, parsed.agent, at.date(), _is_early(at))
                found.setdefault(key, []).append(event)
        return [
            envelope
            for (client, agent, day, early), events in found.items()
            for envelope in self._envelopes(client, agent, day, early, events)
        ]

    def _note_unparsed(self) -> None:
        self.tally.counts[NOT_PARSED] += 1
        if len(self.tally.unparsed) < UNPARSED_NAMED:
            self.tally.unparsed.append(self.tally.lines)

    def _event(self, line: LogLine, event_id: UUID) -> EventIn | None:
        target, skip = page_target(line)
        at_ms = int(line.at.timestamp()) * 1000
        if skip is None:
            skip = _out_of_bounds(at_ms)
        page = (
            None if skip else page_url(f"http://{self._host}{_path(target[:MAX_TARGET])}", parameters=self._parameters)
        )
        if page is None:
            self.tally.counts[(skip or Skip.NOT_HTTP).value] += 1
            return None
        self.tally.counts[PAGE_VIEWS] += 1
        event = EventIn(event_id, "pageview", at_ms, page_id=event_id, host=page.host, path=page.path, query=page.query)
        event.referrer = kept_referrer(line.referrer[:MAX_TARGET])
        scrub_event(event)
        return event

    def _envelopes(self, client: str, agent: str, day: date, early: bool, events: list[EventIn]) -> Iterable[Envelope]:
        site_key, agent = self._site.site_key, agent[:MAX_USER_AGENT]
        now_ms = clock.now_ms()
        hour = sealing.hour_of(now_ms)
        salt = self._salts.of(day)
        visitor = {"site_key": site_key, "address": client, "user_agent": agent}
        previous = identity.visitor_id(self._salts.of(day - timedelta(days=1)), **visitor) if early else None
        address = clean_address(client)
        for first in range(0, len(events), MOST_EVENTS):
            yield Envelope(
                schema=current_schema(),
                site_id=self._site.id,
                origin="import",
                received_ms=now_ms,
                visitor_id=identity.visitor_id(salt, **visitor),
                ip_hash=identity.ip_hash(salt, site_key=site_key, address=client),
                sealed_ip=sealing.seal_address(address, hour) if address else b"",
                seal_hour=hour,
                user_agent=agent,
                events=events[first : first + MOST_EVENTS],
                previous_visitor_id=previous,
                import_id=self._job.id,
            )


def _path(target: str) -> str:
    """Return path and query of what was asked for, which proxies write as a whole address."""
    if target.startswith("/"):
        return target
    _, scheme, rest = target.partition("://")
    return "/" + rest.partition("/")[2] if scheme else "/" + target


def _out_of_bounds(at_ms: int) -> Skip | None:
    if at_ms < EARLIEST_MS:
        return Skip.TOO_OLD
    return Skip.FUTURE if at_ms > clock.now_ms() else None


def _is_early(at: datetime) -> bool:
    """Tell whether a visit of the day before may still go on: then it keeps its id."""
    midnight = datetime(at.year, at.month, at.day, tzinfo=UTC)
    return (at - midnight) < timedelta(milliseconds=GAP_MS)
