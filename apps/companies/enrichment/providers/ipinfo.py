"""IPinfo's batch endpoint (ipinfo.io/developers/batch): up to 1,000 addresses in the body of one request.

Addresses and token stand in body and header, never in the URL, which others might log.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

import msgspec

from apps.companies.asking.exchange import Service
from apps.companies.asking.failures import Failure, ProviderError
from apps.core import clock

from .base import NetworkAnswer, Source
from .shapes import answer_of

MOST_ENTRIES = 1_000  # the documented limit of a batch
# Where the plans' batches are asked. Bare addresses resolve as the plan's own look-up.
BATCHES = {
    "lite": "https://api.ipinfo.io/batch/lite",
    "core": "https://api.ipinfo.io/batch",
    "plus": "https://api.ipinfo.io/batch",
    "legacy": "https://ipinfo.io/batch",
}
# Their own client waits 5 s for a batch.
ANSWER_SECONDS = 8.0
# An entry has some 600 bytes, and 1,500 with everything that a plan can add.
MOST_BYTES = 8 * 2**20


class IPinfo:
    source = Source.IPINFO

    def __init__(self, *, url: str, token: str, seconds: float = ANSWER_SECONDS) -> None:
        self._url = url
        self._service = Service(name=Source.IPINFO.value, url=url, seconds=seconds, most_bytes=MOST_BYTES)
        self._headers = [
            ("Authorization", f"Bearer {token}"),
            ("Content-Type", "application/json"),
            ("Accept", "application/json"),
        ]

    def ask(self, ips: Sequence[str]) -> Mapping[str, NetworkAnswer]:
        """Return answers by address, as in `Provider`. Blocks for some seconds at most; ValueError for too many."""
        if len(ips) > MOST_ENTRIES:
            raise ValueError(f"a batch has {MOST_ENTRIES} entries at most")
        asked = msgspec.json.encode(list(ips))
        answer = self._service.send(method="POST", url=self._url, headers=self._headers, body=asked)
        if answer.status != HTTPStatus.OK:
            raise self._service.refusal(answer, wrong="is the address of its batches right?")
        try:
            entries = msgspec.json.decode(answer.body, type=dict[str, object])
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise ProviderError(Failure.MALFORMED, "IPinfo's answer can't be read.", is_charged=True) from None
        at = clock.now()
        return {ip: found for ip in ips if (found := answer_of(entries.get(ip), at)) is not None}
