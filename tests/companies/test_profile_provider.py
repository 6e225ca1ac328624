"""A service of the Clearbit kind: what is sent to it, and what each of its answers means."""

import socket
from typing import Any

import pytest

from apps.companies.asking.failures import Failure, ProviderError
from apps.companies.profiles.configured import asking, source_name
from apps.companies.profiles.mapping import mapping_load
from apps.companies.profiles.providers.base import NotYet
from apps.companies.profiles.providers.http import MOST_BYTES, HttpProvider
from tests.dripping import dripping

from .acme import LATER, TOKEN, FakeAcme, company
from .ipinfo import BROKEN, Scripted, limited

DOMAIN = "varnholt.example"


def asked(domain: str = DOMAIN) -> Any:
    service = asking()
    assert service is not None
    return service.provider.ask(domain)


def failure(acme: FakeAcme, *scripted: Scripted) -> ProviderError:
    acme.script.extend(scripted)
    with pytest.raises(ProviderError) as caught:
        asked()
    assert DOMAIN not in str(caught.value)
    assert TOKEN not in str(caught.value)
    return caught.value


def test_a_company_is_asked_for_by_its_domain(acme: FakeAcme) -> None:
    acme.companies[DOMAIN] = company()
    assert asked().industry == "Machinery"
    assert acme.asked == [DOMAIN]


def test_a_domain_is_written_as_an_address_wants_it(acme: FakeAcme) -> None:
    assert asked("a&b=c/ü.example") is None  # 422: what is no domain is unknown there
    assert acme.asked == ["a&b=c/ü.example"]


@pytest.mark.parametrize(
    "answer", [Scripted(404), Scripted(422), Scripted(204), Scripted(200, b"null"), Scripted(200, b"{}")]
)
def test_unknown_is_an_answer(acme: FakeAcme, answer: Scripted) -> None:
    acme.script.append(answer)
    assert asked() is None


def test_later_is_no_failure(acme: FakeAcme) -> None:
    acme.script.append(LATER)
    with pytest.raises(NotYet):
        asked()


@pytest.mark.parametrize(
    ("answer", "kind", "retry_after"),
    [
        (limited(Retry_After="90"), Failure.LIMITED, 90),
        (limited(), Failure.LIMITED, None),
        (Scripted(402), Failure.REFUSED, None),
        (Scripted(403), Failure.REFUSED, None),
        (Scripted(503, b"", {"Retry-After": "7"}), Failure.UNREACHABLE, 7),
        (BROKEN, Failure.UNREACHABLE, None),
        (Scripted(400, b"{}"), Failure.REJECTED, None),
        (Scripted(301, b"", {"Location": "http://127.0.0.1:1/"}), Failure.REJECTED, None),
        (Scripted(200, b"<html>"), Failure.MALFORMED, None),
        (Scripted(200, b"[" * 100_000), Failure.MALFORMED, None),
        (Scripted(200, b'"a text"'), Failure.MALFORMED, None),
        (Scripted(200, b" " * (MOST_BYTES + 1)), Failure.MALFORMED, None),
    ],
)
def test_each_failure_has_its_name(acme: FakeAcme, answer: Scripted, kind: Failure, retry_after: float | None) -> None:
    error = failure(acme, answer)
    assert (error.failure, error.retry_after) == (kind, retry_after)


def test_another_token_is_refused(acme: FakeAcme, settings: Any) -> None:
    settings.BEACON_PROFILE_TOKEN = "another"
    assert failure(acme).failure is Failure.REFUSED


def test_the_token_stands_in_the_header_that_the_service_wants(acme: FakeAcme, settings: Any) -> None:
    settings.BEACON_PROFILE_AUTH = "X-Key: {token}"
    assert failure(acme).failure is Failure.REFUSED  # it looks for another header


def provider(port: int) -> HttpProvider:
    url = f"http://127.0.0.1:{port}/{{domain}}"
    auth = "Authorization: Bearer {token}"
    return HttpProvider(source="Acme", url=url, auth=auth, token="", paths=mapping_load(""), seconds=0.5)


def test_an_answer_that_drips_has_an_end() -> None:
    with (
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n", b" ") as port,
        pytest.raises(ProviderError) as caught,
    ):
        provider(port).ask(DOMAIN)
    assert "in time" in str(caught.value)


def test_nobody_there_is_a_failure() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(ProviderError, match="no connection to Acme"):
            provider(taken.getsockname()[1]).ask(DOMAIN)


def test_without_an_address_nobody_is_asked(settings: Any) -> None:
    assert settings.BEACON_PROFILE_URL == ""
    assert asking() is None


def test_a_service_without_a_name_is_called_by_its_host(settings: Any) -> None:
    settings.BEACON_PROFILE_URL = "https://user@company.acme.example:8443/find?domain={domain}"
    assert source_name() == "company.acme.example"
