from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from apps.core import clock
from apps.demo.google_ads_stand_in.server import GoogleAdsStandIn
from apps.demo.standing_in.frame import serving
from apps.destinations.providers.base import Target
from apps.tracking import valkey
from tests.destinations.google_ads.messages import GOOGLE, ask, target_of


@dataclass(slots=True)
class There:
    """A running stand-in, and a destination that leads to it."""

    stand_in: GoogleAdsStandIn
    target: Target

    def prepared(self) -> Target:
        return GOOGLE.prepare(self.target, ask)


@pytest.fixture
def there() -> Iterator[There]:
    # What another test's stand-in gave is no good here, though it may have had the same port.
    for name in valkey.volatile().scan_iter("*:google-token:*"):
        valkey.volatile().delete(name)
    stand_in = GoogleAdsStandIn(now=lambda: clock.now().timestamp())
    with serving(stand_in) as url:
        yield There(stand_in, target_of(url, stand_in))
