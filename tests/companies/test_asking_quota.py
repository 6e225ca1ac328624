"""The day's budget: what is given back goes to the day of which it was taken, and no count is left behind for ever."""

from datetime import timedelta

import pytest

from apps.companies.asking.quota import Quota
from apps.core import clock
from apps.tracking import valkey

from .conftest import NOW
from .ipinfo import FakeIPinfo

BEFORE = NOW.replace(hour=23, minute=59)


@pytest.fixture
def quota(ipinfo: FakeIPinfo, monkeypatch: pytest.MonkeyPatch) -> Quota:
    monkeypatch.setattr(clock, "now", lambda: BEFORE)
    return Quota(10, service="enrichment")


def test_what_is_given_back_after_midnight_is_the_day_befores(quota: Quota, monkeypatch: pytest.MonkeyPatch) -> None:
    assert quota.take(8) == 8
    monkeypatch.setattr(clock, "now", lambda: BEFORE + timedelta(minutes=2))
    quota.give_back(5)
    assert quota.spent() == 0
    assert [quota.take(20), quota.take(1)] == [10, 0]
    monkeypatch.setattr(clock, "now", lambda: BEFORE)
    assert quota.spent() == 3
    for name in valkey.volatile().scan_iter("beacon:enrichment:spent:*"):
        assert valkey.volatile().ttl(name) > 0


def test_a_count_that_is_gone_doesnt_come_back_below_nothing(quota: Quota) -> None:
    quota.take(3)
    for name in valkey.volatile().scan_iter("beacon:enrichment:spent:*"):
        valkey.volatile().delete(name)
    quota.give_back(3)
    assert quota.take(20) == 10
    assert all(valkey.volatile().ttl(name) > 0 for name in valkey.volatile().scan_iter("beacon:enrichment:spent:*"))
