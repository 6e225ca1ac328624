"""An address in the settings is one, or stops the start with the variable's name."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import env


@pytest.mark.parametrize("given", ["", "https://api.example.com/batch", "http://127.0.0.1:8080/batch"])
def test_an_address_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_IPINFO_URL", given)
    assert env.url("BEACON_IPINFO_URL") == given


@pytest.mark.parametrize("given", ["api.example.com/batch", "ftp://example.com/", "https:///batch", "http://a:99999/"])
def test_anything_else_is_named(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("BEACON_IPINFO_URL", given)
    with pytest.raises(ImproperlyConfigured, match="BEACON_IPINFO_URL"):
        env.url("BEACON_IPINFO_URL")
