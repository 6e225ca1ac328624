"""Made-up visits as the door would have put them into the streams, for what is measured behind it."""

import random
from collections.abc import Iterator, Sequence
from operator import itemgetter

from apps.core import clock
from apps.core.ids import uuid7
from apps.tracking import sealing
from apps.tracking.envelope import Context, Envelope, EventIn, pack, partition_of
from apps.tracking.identity import IP_HASH_BYTES

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/{}.1 Safari/605",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{}.0) Gecko/20100101 Firefox/{}.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_{} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
)
REFERRERS = ("", "", "https://www.google.com/", "https://www.linkedin.com/feed/", "https://news.example/read")
PATHS = ("/", "/pricing", "/docs/start", "/blog/a-case-study", "/contact")
PAGES = 4
PAGE_SECONDS = 20
SPAN_SECONDS = 600
# The longest from a visit's begin until its last event has arrived.
VISIT_SECONDS = 2 * PAGE_SECONDS * PAGES
# From when something happens until the writer can read it: most within the second, as networks are.
DELAY_SECONDS = 1.0
# A visit of four pages: each page view, then its engagement together with the next page view, and one named event.
EVENTS_OF_VISIT = 2 * PAGES + 1


def entries(
    schemas: Sequence[tuple[str, int]], visits: int, *, seed: int = 1, partitions: int = 16, until_ms: int = 0
) -> Iterator[tuple[int, bytes]]:
    """Yield (partition, payload) of `visits` visits, EVENTS_OF_VISIT events each, mixed as they would arrive.

    Visits begin evenly over SPAN_SECONDS, so that at any moment some begin, some go on and some end; the last has ended
    by `until_ms` (0: now). `schemas`: agencies with a site each, taking turns.
    """
    rng = random.Random(seed)
    now = clock.now_ms()
    hour = sealing.hour_of(now)
    sealing.keep(now)
    start = (until_ms or now) - 1000 * (SPAN_SECONDS + VISIT_SECONDS)
    arriving: list[tuple[float, int, bytes]] = []
    for number in range(visits):
        schema, site_id = schemas[number % len(schemas)]
        visitor = rng.getrandbits(63)
        address = f"{rng.randrange(1, 223)}.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(256)}"
        agent = rng.choice(AGENTS).replace("{}", str(rng.randrange(110, 140)))
        sealed, ip_hash = sealing.seal_address(address, hour), rng.randbytes(IP_HASH_BYTES)
        begins = start + int(1000 * rng.uniform(0, SPAN_SECONDS))
        for sent in _visit(rng, begins):
            envelope = Envelope(
                schema=schema,
                site_id=site_id,
                origin="tag",
                received_ms=now,
                visitor_id=visitor,
                ip_hash=ip_hash,
                sealed_ip=sealed,
                seal_hour=hour,
                user_agent=agent,
                events=sent,
                context=Context(
                    screen=(1920, 1080),
                    viewport=(1280, 720),
                    pixel_ratio=2.0,
                    languages=["en-GB", "de"],
                    time_zone="Europe/Berlin",
                    color_scheme="light",
                    touch=False,
                ),
            )
            at = sent[0].occurred_ms + 1000 * DELAY_SECONDS * rng.random()
            arriving.append((at, partition_of(visitor, partitions), pack(envelope)))
    arriving.sort(key=itemgetter(0))
    for _, partition, payload in arriving:
        yield partition, payload


def _visit(rng: random.Random, start_ms: int) -> Iterator[list[EventIn]]:
    referrer = rng.choice(REFERRERS)
    previous: EventIn | None = None
    at = start_ms
    for page in range(PAGES):
        page_id = uuid7(at)
        view = EventIn(page_id, "pageview", at, page_id=page_id, host="bench.example", path=rng.choice(PATHS))
        view.title, view.referrer = "A page of the bench", referrer if page == 0 else "https://bench.example/"
        view.query = "utm_source=newsletter&utm_medium=email" if page == 0 and rng.random() < 0.2 else ""
        yield [view] if previous is None else [_engagement(previous, at), view]
        previous = view
        at += int(1000 * PAGE_SECONDS * rng.uniform(0.5, 1.5))
    if previous is not None:
        event = EventIn(uuid7(at), "event", at, name="signup", page_id=previous.page_id, host="bench.example", path="/")
        event.is_interactive, event.props = True, {"plan": "team", "seats": rng.randrange(1, 50)}
        yield [event, _engagement(previous, at)]


def _engagement(view: EventIn, at: int) -> EventIn:
    return EventIn(uuid7(at), "engagement", at, page_id=view.event_id, engaged_ms=9_000, scroll_percent=70)
