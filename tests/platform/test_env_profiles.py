"""Settings of the service for profiles: wrong ones stop the start with the variable's name and what to write."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from apps.companies.profiles.configured import profile_paths
from config import env

BEARER = "Authorization: Bearer {token}"


@pytest.mark.parametrize(
    "given", ["", "https://api.example.com/find?domain={domain}", "http://10.0.0.7:81/of/{domain}.json"]
)
def test_an_address_has_the_domain_behind_its_host(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_PROFILE_URL", given)
    assert env.url_of_domain("BEACON_PROFILE_URL") == given


@pytest.mark.parametrize(
    "given",
    ["https://api.example.com/find", "https://{domain}/find", "https://{domain}", "https://a.example/ü?{domain}"],
)
def test_any_other_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_PROFILE_URL", given)
    with pytest.raises(ImproperlyConfigured, match="BEACON_PROFILE_URL"):
        env.url_of_domain("BEACON_PROFILE_URL")


@pytest.mark.parametrize("given", ["", "X-API-Key: {token}", "Authorization: Basic {token}"])
def test_a_header_carries_the_token(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_PROFILE_AUTH", given)
    assert env.header_of_token("BEACON_PROFILE_AUTH", BEARER) == (given or BEARER)


@pytest.mark.parametrize("given", ["Bearer {token}", "X-Key: abc", "X Key: {token}", "X-Key: {token}\r\nHost: other"])
def test_what_is_no_header_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_PROFILE_AUTH", given)
    with pytest.raises(ImproperlyConfigured, match="BEACON_PROFILE_AUTH"):
        env.header_of_token("BEACON_PROFILE_AUTH", BEARER)


@pytest.mark.parametrize("given", ["two words", "schlüssel", "a\nb"])
def test_a_token_that_no_header_can_carry_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_PROFILE_TOKEN", given)
    with pytest.raises(ImproperlyConfigured, match="BEACON_PROFILE_TOKEN"):
        env.token("BEACON_PROFILE_TOKEN")


def test_a_wrong_mapping_is_named(settings: Any) -> None:
    settings.BEACON_PROFILE_MAPPING = "nowhere.yaml"
    with pytest.raises(ImproperlyConfigured, match=r"BEACON_PROFILE_MAPPING: nowhere\.yaml"):
        profile_paths()
