"""Sealed addresses: opened while the hour's key lives, and never again."""

import pytest
from django.conf import LazySettings

from apps.tracking import sealing, valkey
from apps.tracking.loading import NotLoaded

HOUR = 500_000


@pytest.fixture(autouse=True)
def no_keys(fresh_process: None) -> None:
    for name in valkey.volatile().scan_iter("beacon:seal:*"):
        valkey.volatile().delete(name)


def test_what_is_sealed_opens_again_and_shows_nothing() -> None:
    sealing.load(HOUR)
    sealed = sealing.seal_address("192.0.2.7", HOUR)
    assert b"192.0.2.7" not in sealed
    assert sealed != sealing.seal_address("192.0.2.7", HOUR)
    assert sealing.open_address(sealed, HOUR) == "192.0.2.7"


def test_a_process_that_starts_later_opens_it_too() -> None:
    sealing.load(HOUR)
    sealed = sealing.seal_address("2001:db8::7", HOUR)
    sealing.forget_all()
    assert sealing.open_address(sealed, HOUR) == "2001:db8::7"
    sealing.load(HOUR)
    assert sealing.open_address(sealing.seal_address("192.0.2.8", HOUR), HOUR) == "192.0.2.8"


def test_nobody_opens_it_once_the_key_is_gone() -> None:
    sealing.load(HOUR)
    sealed = sealing.seal_address("192.0.2.7", HOUR)
    sealing.forget_all()
    valkey.volatile().delete(f"beacon:seal:{HOUR}")
    assert sealing.open_address(sealed, HOUR) == ""
    sealing.load(HOUR)
    assert sealing.open_address(sealed, HOUR) == ""


def test_the_key_lives_25_hours_and_is_forgotten_by_the_process_too() -> None:
    sealing.keep(HOUR * sealing.HOUR_MS)
    assert 24.9 * 3600 < valkey.volatile().ttl(f"beacon:seal:{HOUR}") <= 25 * 3600
    sealed = sealing.seal_address("192.0.2.7", HOUR)
    sealing.keep((HOUR + 26) * sealing.HOUR_MS)
    valkey.volatile().delete(f"beacon:seal:{HOUR}")
    assert sealing.open_address(sealed, HOUR) == ""


def test_who_only_opens_forgets_the_key_as_well() -> None:
    sealing.load(HOUR)
    sealed = sealing.seal_address("192.0.2.7", HOUR)
    valkey.volatile().delete(f"beacon:seal:{HOUR}")
    sealing.forget_old((HOUR + 25) * sealing.HOUR_MS)
    assert sealing.open_address(sealed, HOUR) == "192.0.2.7"
    sealing.forget_old((HOUR + 26) * sealing.HOUR_MS)
    assert sealing.open_address(sealed, HOUR) == ""


def test_the_next_hours_key_is_there_before_its_hour() -> None:
    sealing.keep(HOUR * sealing.HOUR_MS + 57 * 60_000)
    assert sealing.seal_address("192.0.2.7", HOUR + 1)


def test_a_missing_key_says_how_to_load_it() -> None:
    with pytest.raises(NotLoaded) as missing:
        sealing.seal_address("192.0.2.7", HOUR)
    missing.value.load()
    assert sealing.seal_address("192.0.2.7", HOUR)


def test_spoilt_text_opens_to_nothing() -> None:
    sealing.load(HOUR)
    sealed = sealing.seal_address("192.0.2.7", HOUR)
    for spoilt in (b"", b"x", sealed[:-1], sealed[:-1] + bytes([sealed[-1] ^ 1])):
        assert sealing.open_address(spoilt, HOUR) == ""


def test_with_volatile_away_it_seals_under_a_key_of_its_own_and_shares_it_later(
    settings: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = valkey.client("redis://127.0.0.1:1/0")
    with monkeypatch.context() as gone:
        gone.setattr(valkey, "volatile", lambda: away)
        sealing.load(HOUR)
        sealed = sealing.seal_address("192.0.2.7", HOUR)
    sealing.keep(HOUR * sealing.HOUR_MS)
    sealing.forget_all()
    assert sealing.open_address(sealed, HOUR) == "192.0.2.7"
