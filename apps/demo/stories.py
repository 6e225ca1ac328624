"""Companies with a story: a few of their people come for days, look closer, and some ask for a demonstration.

Who they are and what they are about on a day follows from the site and the date alone. Pure but for the places drawn.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from apps.networks.kinds import NetworkKind

from .people import Person, Place, person_at, places
from .world import COUNTRIES, World

# No story is told twice within the demo's past.
CYCLE_DAYS = 96
# A site has one for so many of its visits a day.
VISITS_A_STORY = 13
WEEKEND = 0.15

Topics = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """A part of a story. `until`: the day of the story on which the next one begins; `visits`: on a weekday."""

    until: int
    visits: float
    topics: tuple[Topics, ...]


@dataclass(frozen=True, slots=True)
class Plot:
    """How a story goes. `asks`: on its last day they ask for a demonstration."""

    weight: int
    acts: tuple[Act, ...]
    asks: bool = False

    @property
    def days(self) -> int:
        return self.acts[-1].until


LOOKING = (("blog",), ("home", "product"), ("product", "product"))
COMPARING = (("product", "docs"), ("case", "product", "docs"), ("docs", "docs"), ("product", "case"))
PRICING = (("product", "pricing"), ("pricing", "case"), ("docs", "pricing", "contact"), ("pricing", "contact"))
ASKING = ("pricing", "contact")
STUDYING = (("docs",), ("docs", "docs"), ("blog", "docs"))

_CLOSER = (Act(4, 0.5, LOOKING), Act(8, 0.9, COMPARING), Act(12, 1.5, PRICING))
PLOTS = (
    Plot(10, _CLOSER, asks=True),
    Plot(3, _CLOSER),  # and then never again
    Plot(9, (Act(5, 0.4, LOOKING), Act(11, 0.6, COMPARING))),  # lost interest before it came to prices
    Plot(3, (Act(CYCLE_DAYS, 0.18, STUDYING),)),  # customers already: they come for the documentation
)


@dataclass(frozen=True, slots=True)
class Story:
    """A company's. `first`: the day of the cycle on which it begins; `pace`: how much of it there is, about 1."""

    place: Place
    people: tuple[Person, ...]
    plot: Plot
    first: int
    pace: float

    def day_of(self, day: date) -> int:
        """Return which of the story's days this is, from 0; beyond its end where nobody of them comes."""
        return (day.toordinal() - self.first) % CYCLE_DAYS

    def act_on(self, day: date) -> Act | None:
        number = self.day_of(day)
        return next((act for act in self.plot.acts if number < act.until), None)

    def asks_on(self, day: date) -> bool:
        """Return whether this is the day, or the Monday after a weekend on which it would have been."""
        late = self.day_of(day) - self.plot.days
        return self.plot.asks and day.weekday() < 5 and (late == 0 or (day.weekday() == 0 and late in (1, 2)))


@dataclass(frozen=True, slots=True)
class Scene:
    """Somebody's part in a story on a day: a visit to come. `asks`: at its end they ask for a demonstration."""

    person: Person
    topics: Topics
    asks: bool = False


@lru_cache(maxsize=16)
def stories(world: World) -> tuple[Story, ...]:
    """Return a site's stories: always the same ones, begun one after another all through the cycle."""
    draw = random.Random(f"stories of {world.host}")
    cast = _cast(world.visits_a_day // VISITS_A_STORY, draw)
    return tuple(_story(place, round(number * CYCLE_DAYS / len(cast)), draw) for number, place in enumerate(cast))


def scenes_of_day(world: World, day: date, draw: random.Random) -> Iterator[Scene]:
    """Yield what those with a story do on a day."""
    for story in stories(world):
        if story.asks_on(day):
            yield Scene(story.people[0], ASKING, asks=True)
        act = story.act_on(day)
        if act is None:
            continue
        wanted = act.visits * story.pace * (WEEKEND if day.weekday() >= 5 else 1)
        for _ in range(int(wanted + draw.random())):
            yield _scene(story, act, draw)


def scene_now(world: World, day: date, draw: random.Random) -> Scene | None:
    """Return a visit of somebody whose story has come furthest by this day; None where none is under way."""
    going = [(story.day_of(day), story, act) for story in stories(world) if (act := story.act_on(day))]
    # Those that come for ever have no end to be near to.
    going = [one for one in going if one[1].plot.days < CYCLE_DAYS]
    if not going:
        return None
    going.sort(key=lambda one: one[0], reverse=True)
    _, story, act = draw.choice(going[:3])
    return _scene(story, act, draw)


def _scene(story: Story, act: Act, draw: random.Random) -> Scene:
    return Scene(draw.choice(story.people), draw.choice(act.topics))


def _cast(count: int, draw: random.Random) -> list[Place]:
    """Return the organisations: firms of an industry that is known, countries as often as among all visits."""
    pools = {code: list(pool) for code, pool in places().get(NetworkKind.BUSINESS, {}).items() if code in COUNTRIES}
    for pool in pools.values():
        draw.shuffle(pool)
        pool.sort(key=lambda place: bool(place.industry))
    cast: list[Place] = []
    while len(cast) < count and any(pools.values()):
        codes = [code for code, pool in pools.items() if pool]
        code = draw.choices(codes, [COUNTRIES[one][0] for one in codes])[0]
        cast.append(pools[code].pop())
    return cast


def _story(place: Place, first: int, draw: random.Random) -> Story:
    plot = draw.choices(PLOTS, [one.weight for one in PLOTS])[0]
    people = tuple(person_at(place, draw) for _ in range(draw.randint(2, 4)))
    return Story(place, people, plot, first, draw.uniform(0.55, 1.25))
