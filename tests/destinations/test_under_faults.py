"""Five hundred conversions through five destinations that fail at times, by real workers that are killed meanwhile.

2,000 deliveries (Slack gets a few alone): each ends in a state with a reason, none is received twice, and all accounts
agree.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.demo.standing_in.frame import Faults
from apps.tracking import valkey
from tests import factories
from tests.destinations.pressure.agreeing import differences, repeated, states
from tests.destinations.pressure.course import run_course
from tests.destinations.pressure.filling import conversions_fill, destinations_make, expected_of
from tests.destinations.pressure.standing import standing
from tests.destinations.pressure.workers import workers
from tests.goaling import goal_make
from tests.tracking.processes import environment

CONVERSIONS = 500
# Slack, which takes one message a second.
PACED = 8
# One request in five goes wrong.
FAULTS = Faults(refuse_ratio=0.08, busy_ratio=0.04, drop_ratio=0.04, slow_ratio=0.04, slow_seconds=0.3)
# One of two workers, and later both at once.
KILLS = (0.3, 0.6)
# On a machine that has nothing else to do it takes a sixth of that.
PATIENCE_SECONDS = 150.0


@pytest.fixture(autouse=True)
def fixed_clock() -> None:
    """Here time goes on: others' processes don't know of a clock that stands still."""


@pytest.fixture
def agency(real_agency: Agency, django_db_blocker: DjangoDbBlocker) -> Iterator[Agency]:
    valkey.volatile().flushdb()
    with django_db_blocker.unblock():
        yield real_agency
    valkey.volatile().flushdb()


@pytest.mark.real
@pytest.mark.timeout(2 * PATIENCE_SECONDS)
def test_whatever_fails_and_whoever_is_killed_each_arrives_once(agency: Agency, tmp_path: Path) -> None:
    schema = str(agency.schema_name)
    log = tmp_path / "workers.log"
    with standing(FAULTS, seed=7) as places, in_schema(schema):
        site = factories.make_site(domain="pressure.example")
        goal = goal_make(site, "event", name="Demo request", event_name="demo", value_from="event")
        destinations = destinations_make(site, goal, places, conversions=CONVERSIONS, paced=PACED)
        ids = conversions_fill(site, goal, CONVERSIONS)
        with workers(2, environment(), log, threads=10) as crew:
            run = run_course(
                schema,
                site.id,
                ids,
                crew,
                expected=expected_of(destinations, CONVERSIONS, PACED),
                kills=KILLS,
                seconds=PATIENCE_SECONDS,
            )
        print(f"\n{run.all_seconds:.1f} s, {run.kills} workers killed, {repeated(destinations)} repeated")
        print(states(destinations))
        assert run.is_done and run.kills == 3
        assert differences(destinations) == []
    assert "Traceback" not in log.read_text()
