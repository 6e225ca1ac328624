from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from apps.core import clock
from apps.demo.meta_stand_in.server import MetaStandIn
from apps.demo.standing_in.frame import serving
from apps.destinations.occurrences import Message
from apps.destinations.providers.base import Target, Verdict
from tests.destinations.meta.messages import META, ask, target_of


@dataclass(slots=True)
class There:
    """A running stand-in, and a destination that leads to it."""

    stand_in: MetaStandIn
    target: Target

    def send(self, *messages: Message) -> list[Verdict]:
        request = META.request(self.target, messages)
        return META.verdicts(request, ask(request))


@pytest.fixture
def there() -> Iterator[There]:
    stand_in = MetaStandIn(now=lambda: clock.now().timestamp())
    with serving(stand_in) as url:
        yield There(stand_in, target_of(url, stand_in))
