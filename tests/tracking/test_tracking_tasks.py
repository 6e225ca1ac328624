"""The doors for Celery's beat: each goes over all agencies and may run twice."""

from datetime import timedelta

import pytest
from django.conf import settings

from apps.agencies.models import Salt
from apps.core import clock
from apps.core.tenancy import current_schema, in_schema
from apps.tracking import tasks, valkey
from apps.tracking.partitions import leaf_list
from config.celery import app
from tests.cast import Cast


def test_every_task_that_beat_starts_exists(cast: Cast) -> None:
    app.loader.import_default_modules()
    wanted = {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert wanted <= app.tasks.keys()


def test_leaves_are_made_ahead_in_every_agency(cast: Cast) -> None:
    tasks.partitions_make_ahead()
    tasks.partitions_make_ahead()
    next_month = clock.today().replace(day=28) + timedelta(days=7)
    for agency in (cast.alder, cast.birch):
        with in_schema(str(agency.schema_name)):
            assert f"event_y{next_month:%Ym%m}" in [leaf.name for leaf in leaf_list()]


def test_an_error_of_ours_at_one_agency_doesnt_keep_the_others_waiting(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    def judge() -> int:
        if current_schema() == str(cast.alder.schema_name):
            raise KeyError("moon")
        done.append(current_schema())
        return 0

    monkeypatch.setattr("apps.tracking.rules.work.visits_judge", judge)
    with pytest.raises(ExceptionGroup) as raised:
        tasks.rules_sweep()
    assert [type(error) for error in raised.value.exceptions] == [KeyError]
    assert str(cast.birch.schema_name) in done


def test_salts_of_today_and_tomorrow_are_there_and_old_ones_gone(cast: Cast) -> None:
    today = clock.today()
    Salt.objects.create(day=today - timedelta(days=3), wrapped=b"old")
    tasks.salts_rotate()
    days = set(Salt.objects.values_list("day", flat=True))
    assert {today, today + timedelta(days=1)} <= days
    assert today - timedelta(days=3) not in days


@pytest.mark.real
def test_the_durable_servers_file_is_rewritten(cast: Cast) -> None:
    before = valkey.durable().info("persistence")["aof_rewrites"]
    tasks.durable_file_rewrite()
    tasks.durable_file_rewrite()
    assert valkey.durable().info("persistence")["aof_rewrites"] >= before
