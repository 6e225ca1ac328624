"""How a simulated person browses: a visit is a list of steps with their times. Pure but for the random source given."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import sqrt
from uuid import UUID
from zoneinfo import ZoneInfo

from apps.core.ids import uuid7

from .people import Person, customer, person
from .stories import Scene, scenes_of_day
from .world import ARRIVALS, BOTS, Page, World

# What each sort of person reads, topic by topic, in the order of their visit.
BUYER = (("product", "product", "pricing", "contact"), ("case", "pricing", "contact"), ("product", "docs", "pricing"))
READER = (("blog",), ("blog", "blog"), ("blog", "product"), ("home", "blog"))
SHOPPER = (("home", "product"), ("product", "product", "product"), ("home", "product", "pricing"), ("product",))
ENGINEER = (("docs", "docs"), ("docs", "docs", "product"), ("docs",))
SEEKER = (("careers", "careers"), ("home", "careers", "careers"))
PERSONAS = ((READER, 34), (SHOPPER, 38), (ENGINEER, 16), (SEEKER, 8), (BUYER, 4))

# Share of a day's visits in each local hour: work hours, a lunch dip, a small evening.
HOURS = (4, 3, 2, 2, 2, 4, 12, 30, 62, 84, 92, 88, 70, 80, 90, 84, 70, 52, 38, 32, 28, 22, 14, 8)
WEEKEND = 0.34
BOT_RATIO = 0.07
RETURNING_RATIO = 0.22
# Share of visits that end on their first page before anything was read.
GLANCE_RATIO = 0.34
# What is done to ask for a demonstration: an event, and what it says.
ASKS = ("demo_request", {"form": "demo"})


@dataclass(slots=True)
class Action:
    """Something done on a page. `at` is aware, UTC."""

    id: UUID
    at: datetime
    name: str
    props: dict[str, str]


@dataclass(slots=True)
class Step:
    """One page view, how it was read, and what was done on it. `at` is aware, UTC; `id` is the page view's."""

    id: UUID
    at: datetime
    page: Page
    url: str
    referrer: str
    engaged_ms: int
    scroll_percent: int
    actions: list[Action] = field(default_factory=list)


@dataclass(slots=True)
class Visit:
    person: Person
    steps: list[Step]
    is_bot: bool = False


@lru_cache(maxsize=16)
def regulars(world: World) -> tuple[Person, ...]:
    """Return the people who come to this site again and again, from home. Always the same ones."""
    draw = random.Random(f"regulars of {world.host}")
    return tuple(customer(draw) for _ in range(200))


def visits_of_day(world: World, day: date) -> Iterator[Visit]:
    """Yield a day's visits (a day of the site's zone) in no particular order. The same day gives the same visits, ids
    included, so that telling them twice counts them once."""
    draw = random.Random(f"{world.host} on {day}")
    midnight = datetime.combine(day, time.min, ZoneInfo(world.time_zone))
    is_weekend = day.weekday() >= 5
    count = round(world.visits_a_day * (WEEKEND if is_weekend else 1) * draw.uniform(0.85, 1.15))
    for _ in range(count):
        hour = draw.choices(range(24), HOURS)[0]
        start = (midnight + timedelta(hours=hour, seconds=draw.uniform(0, 3600))).astimezone(UTC)
        yield visit(world, start, draw)
    for _ in range(round(count * BOT_RATIO)):
        start = (midnight + timedelta(seconds=draw.uniform(0, 86_400))).astimezone(UTC)
        yield bot_visit(world, start, draw)
    for scene in scenes_of_day(world, day, draw):
        start = (midnight + timedelta(hours=draw.uniform(8, 17))).astimezone(UTC)
        yield scene_visit(world, scene, start, draw)


def visit(world: World, start: datetime, draw: random.Random) -> Visit:
    """Return one person's visit from `start` on."""
    who = draw.choice(regulars(world)) if draw.random() < RETURNING_RATIO else person(draw)
    plans = draw.choices(PERSONAS, [weight for _, weight in PERSONAS])[0][0]
    return Visit(person=who, steps=_steps(world, draw.choice(plans), start, draw))


def scene_visit(world: World, scene: Scene, start: datetime, draw: random.Random) -> Visit:
    """Return the visit of somebody with a story: they know what they are after."""
    steps = _steps(world, scene.topics, start, draw, is_keen=True)
    if scene.asks:
        last = steps[-1]
        at = last.at + timedelta(milliseconds=last.engaged_ms * 0.9)
        last.actions = [Action(_id(at, draw), at, *ASKS)]
    return Visit(person=scene.person, steps=steps)


def bot_visit(world: World, start: datetime, draw: random.Random) -> Visit:
    """Return a crawler's visit: a page each few seconds, no engagement, no referrer."""
    crawler = person(draw)
    bot = Person(
        address=crawler.address,
        country=crawler.country,
        organisation="",
        language="",
        time_zone="",
        user_agent=draw.choice(BOTS),
        screen=(800, 600),
        pixel_ratio=1.0,
        has_touch=False,
    )
    pages = draw.sample(world.pages, k=min(len(world.pages), draw.randint(1, 4)))
    steps = [
        Step(_id(at, draw), at, page, f"https://{world.host}{page.path}", "", 0, 0)
        for page, at in zip(pages, (start + timedelta(seconds=3 * n) for n in range(len(pages))), strict=True)
    ]
    return Visit(person=bot, steps=steps, is_bot=True)


def _steps(
    world: World, topics: tuple[str, ...], start: datetime, draw: random.Random, *, is_keen: bool = False
) -> list[Step]:
    arrival = draw.choices(ARRIVALS, [way.weight for way in ARRIVALS])[0]
    query = arrival.query.format(
        campaign=draw.choice(world.campaigns) if world.campaigns else "seasonal",
        click=f"Cj0K{draw.getrandbits(64):016x}",
    )
    steps: list[Step] = []
    at, before = start, arrival.referrer
    for topic in topics:
        choice = world.topic(topic) or world.topic("home")
        page = choice[min(int(len(choice) * draw.random() ** 1.4), len(choice) - 1)]
        url = f"https://{world.host}{page.path}" + (f"?{query}" if query and not steps else "")
        is_glance = not steps and not is_keen and draw.random() < GLANCE_RATIO
        engaged = draw.uniform(0.8, 9.0) if is_glance else min(draw.lognormvariate(0, 0.7) * page.read_seconds, 900)
        step = Step(_id(at, draw), at, page, url, before, round(engaged * 1000), _scroll(engaged, page, draw))
        step.actions = [] if is_glance else _actions(step, draw)
        steps.append(step)
        before = url.partition("?")[0]
        at += timedelta(seconds=engaged + draw.uniform(0.5, 20))
        # People lose interest: a fifth leaves after each page.
        if is_glance or (not is_keen and draw.random() < 0.2):
            break
    return steps


def _scroll(engaged: float, page: Page, draw: random.Random) -> int:
    return max(5, min(100, round(100 * sqrt(engaged / page.read_seconds) * draw.uniform(0.45, 0.9))))


def _actions(step: Step, draw: random.Random) -> list[Action]:
    """Return what somebody does on a page of this topic, at a moment within the time spent there."""
    likely = {
        "product": ("datasheet_download", 0.16, {"file": f"{step.page.path.rsplit('/', 1)[-1]}.pdf"}),
        "pricing": ("quote_form_start", 0.18, {"form": "quote"}),
        "contact": (ASKS[0], 0.3, ASKS[1]),
        "docs": ("code_copy", 0.22, {"section": step.page.title}),
        "case": ("case_study_download", 0.12, {"file": "case-study.pdf"}),
    }
    name, chance, props = likely.get(step.page.topic, ("", 0.0, {}))
    if draw.random() >= chance:
        return []
    at = step.at + timedelta(milliseconds=step.engaged_ms * draw.uniform(0.4, 0.95))
    return [Action(_id(at, draw), at, name, props)]


def _id(at: datetime, draw: random.Random) -> UUID:
    return uuid7(round(at.timestamp() * 1000), random_bytes=draw.randbytes(10))
