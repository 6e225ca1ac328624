"""The days' salts: made once, wrapped, destroyed."""

from datetime import timedelta
from typing import Any

import pytest

from apps.agencies.models import Salt
from apps.core import clock
from apps.tracking import identity, salts
from apps.tracking.loading import NotLoaded
from tests.secret_keys import key_change

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("fresh_process")]


def test_a_days_salt_is_random_and_the_same_for_all_processes() -> None:
    today = clock.today()
    salts.load([today, today - timedelta(days=1)])
    salt = salts.salt_of(today)
    assert len(salt) == 32
    assert salt != salts.salt_of(today - timedelta(days=1))
    salts.forget_old(today + timedelta(days=9))
    salts.load([today])
    assert salts.salt_of(today) == salt


def test_the_database_holds_it_wrapped_only() -> None:
    salts.salts_ensure()
    for row in Salt.objects.all():
        salts.load([row.day])
        assert salts.salt_of(row.day) not in bytes(row.wrapped)


def test_today_and_tomorrow_are_made_ahead_any_number_of_times() -> None:
    salts.salts_ensure()
    before = dict(Salt.objects.values_list("day", "wrapped"))
    salts.salts_ensure()
    assert dict(Salt.objects.values_list("day", "wrapped")) == before
    assert set(before) >= {clock.today(), clock.today() + timedelta(days=1)}


def test_what_no_event_can_need_any_more_is_destroyed() -> None:
    today = clock.today()
    days = [today - timedelta(days=back) for back in range(5)]
    salts.load(days)
    assert salts.salts_destroy_old() == 2
    assert set(Salt.objects.filter(day__in=days).values_list("day", flat=True)) == set(days[:3])
    for gone in days[3:]:
        assert not salts.is_kept(gone, today)
        with pytest.raises(NotLoaded):
            salts.salt_of(gone)
    assert salts.salts_destroy_old() == 0


def test_another_secret_key_makes_a_salt_anew_instead_of_failing() -> None:
    today = clock.today()
    Salt.objects.update_or_create(day=today, defaults={"wrapped": b"x" * 60})
    salts.load([today])
    made = salts.salt_of(today)
    salts.forget_old(today + timedelta(days=9))
    salts.load([today])
    assert salts.salt_of(today) == made


def test_the_days_salt_stays_where_the_former_key_is_at_hand(settings: Any) -> None:
    today = clock.today()
    salts.load([today])
    salt = salts.salt_of(today)
    key_change(settings)
    salts.forget_old(today + timedelta(days=9))
    salts.load([today])
    assert salts.salt_of(today) == salt


def test_nothing_computed_by_a_destroyed_salt_stays() -> None:
    today = clock.today()
    old = today - timedelta(days=3)
    salts.load([old, today])
    salt = salts.salt_of(old)
    identity.visitor_id(salt, site_key="s", address="192.0.2.1", user_agent="UA")
    identity.ip_hash(salt, site_key="s", address="192.0.2.1")
    salts.keep()
    assert identity.visitor_id.cache_info().currsize == identity.ip_hash.cache_info().currsize == 0
    # Where none is destroyed, what is kept saves hashing.
    identity.ip_hash(salts.salt_of(today), site_key="s", address="192.0.2.1")
    salts.keep()
    assert identity.ip_hash.cache_info().currsize == 1
