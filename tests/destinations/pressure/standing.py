"""Stand-ins of all providers, with the destinations that lead to them: whoever is in the demo is here too."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from random import Random

from apps.demo.forwarding import WIRED
from apps.demo.google_ads_stand_in.server import GoogleAdsStandIn
from apps.demo.standing_in.frame import Faults, StandIn, serving
from apps.destinations.providers.registry import PROVIDERS

# Which count whatever comes: of all else that these conversions are, nothing tells them what has come before.
COUNT_EACH = frozenset({"ga4", "slack"})
# Takes few a minute: such a one gets the most valuable alone.
SLOW_PACE_SECONDS = 1.0
# Instead of the demo's: Google's verdict needn't be waited for.
MAKERS: Mapping[str, Callable[[], StandIn]] = {"google_ads": GoogleAdsStandIn}
# Settings of the demo's that would have a run end otherwise by night.
QUIET_HOURS = frozenset({"quiet_from", "quiet_until"})


@dataclass(frozen=True)
class Place:
    """A running stand-in, and what a destination needs to lead to it.

    `drops_repeats`: it counts once what it is sent twice. `is_paced`: it takes few a minute.
    """

    provider: str
    settings: Mapping[str, str]
    secrets: Mapping[str, str]
    stand_in: StandIn
    url: str

    @property
    def drops_repeats(self) -> bool:
        return self.provider not in COUNT_EACH

    @property
    def is_paced(self) -> bool:
        return PROVIDERS[self.provider].pace_seconds >= SLOW_PACE_SECONDS


@contextmanager
def standing(faults: Faults, *, seed: int) -> Iterator[list[Place]]:
    """Serve a stand-in for each provider, each with faults of its own chance."""
    wired = {one.provider: one for one in reversed(WIRED)}
    assert wired.keys() == PROVIDERS.keys(), "the demo has no stand-in for some provider"
    with ExitStack() as stack:
        places = []
        for number, (provider, one) in enumerate(sorted(wired.items())):
            stand_in = MAKERS.get(provider, one.stand_in)()
            url = stack.enter_context(serving(stand_in, replace(faults, chance=Random(seed + number))))
            settings = {name: value for name, value in one.settings.items() if name not in QUIET_HOURS}
            places.append(Place(provider, settings, one.secrets, stand_in, url))
        yield places
