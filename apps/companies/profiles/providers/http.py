"""Any service that answers `GET <address with the domain in it>` with JSON, as Clearbit's company endpoint did.

The contract, as such services document it: 200 with the company, 404 for one that isn't known, 422 for a domain that
it doesn't take, 202 while it looks, 401, 402 and 403 where token or plan aren't good for it, 429 with Retry-After.
"""

from http import HTTPStatus
from urllib.parse import quote

import msgspec

from apps.companies.asking.exchange import Service
from apps.companies.asking.failures import Failure, ProviderError

from ..mapping import FieldPaths, profile_of
from ..reading import Profile
from .base import NotYet

ANSWER_SECONDS = 10.0
# A company has some 10 KB with everything that such services add.
MOST_BYTES = 2 * 2**20
UNKNOWN = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_FOUND, HTTPStatus.GONE, HTTPStatus.UNPROCESSABLE_ENTITY)


class HttpProvider:
    """`url` has {domain} in it; `auth` is a header with {token} in it; no token: no such header."""

    def __init__(
        self, *, source: str, url: str, auth: str, token: str, paths: FieldPaths, seconds: float = ANSWER_SECONDS
    ) -> None:
        self.source = source
        self._url = url
        self._paths = paths
        self._service = Service(name=source, url=url, seconds=seconds, most_bytes=MOST_BYTES)
        self._headers = [("Accept", "application/json")]
        if token:
            name, _, value = auth.partition(":")
            self._headers.append((name.strip(), value.strip().replace("{token}", token)))

    def ask(self, domain: str) -> Profile | None:
        url = self._url.replace("{domain}", quote(domain, safe=""))
        answer = self._service.send(method="GET", url=url, headers=self._headers)
        if answer.status in UNKNOWN:
            return None
        if answer.status == HTTPStatus.ACCEPTED:
            raise NotYet
        if answer.status == HTTPStatus.PAYMENT_REQUIRED:
            text = f"{self.source} answered 402: its plan is used up or doesn't include this."
            raise ProviderError(Failure.REFUSED, text)
        if answer.status != HTTPStatus.OK:
            raise self._service.refusal(answer, wrong="is BEACON_PROFILE_URL right?")
        try:
            found = msgspec.json.decode(answer.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            found = ()
        if found is None:
            return None
        if not isinstance(found, dict | list):
            raise ProviderError(Failure.MALFORMED, f"{self.source}'s answer can't be read.", is_charged=True)
        profile = profile_of(found, self._paths)
        return None if profile == Profile() else profile
