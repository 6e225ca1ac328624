"""The local databases as a provider: the default, without a token, without a request, always there."""

from collections.abc import Mapping, Sequence

import msgspec

from apps.core import clock
from apps.networks.lookup import lookup

from .base import NetworkAnswer, Source


class Local:
    source = Source.LOCAL

    def ask(self, ips: Sequence[str]) -> Mapping[str, NetworkAnswer]:
        at = clock.now()
        return {
            ip: NetworkAnswer(source=self.source, resolved_at=at, **msgspec.structs.asdict(lookup(ip))) for ip in ips
        }
