"""Rollups beside writers at work, with real commits: no day ever holds while it lacks what was committed."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.db import close_old_connections, connection, transaction

from apps.agencies.models import Agency
from apps.core.tenancy import in_schema
from apps.sites.models import Site
from apps.tracking.models import Rollup, RollupMark
from apps.tracking.recount import site_set_zone
from apps.tracking.rollups import days_holding, days_mark
from apps.tracking.rollups_build import day_build, rollups_build
from apps.tracking.rollups_check import rollups_check
from tests.factories import make_site
from tests.factories_tracking import visit_make

pytestmark = pytest.mark.real
NOON = datetime(2026, 5, 12, 12, tzinfo=UTC)
DAY = NOON.date()
Elsewhere = Callable[[Callable[[], object]], object]


@pytest.fixture
def site(real_agency: Agency) -> Iterator[Site]:
    with in_schema(str(real_agency.schema_name)):
        site = make_site()
        visit_make(site, NOON)
        days_mark(site.id, [DAY])
        yield site


@pytest.fixture
def elsewhere(site: Site) -> Iterator[Elsewhere]:
    """Do something over a connection of its own, and wait for it."""
    schema = str(connection.schema_name)  # type: ignore[attr-defined]

    def call(work: Callable[[], object]) -> object:
        def there() -> object:
            try:
                with in_schema(schema):
                    return work()
            finally:
                connection.close()

        return pool.submit(there).result(30)

    with ThreadPoolExecutor(1) as pool:
        yield call
    close_old_connections()


def build(site: Site) -> bool:
    return day_build(site_id=site.id, day=DAY)


def holds(site: Site) -> bool:
    return bool(days_holding([site.id], first=DAY, last=DAY))


def visits_summed(site: Site) -> int:
    return Rollup.objects.get(site_id=site.id, dimension=0, day=DAY).visits


def test_a_writer_that_commits_after_the_sum_leaves_its_mark(site: Site, elsewhere: Elsewhere) -> None:
    with transaction.atomic():
        visit_make(site, NOON + timedelta(minutes=5))
        days_mark(site.id, [DAY])
        # Neither waits for the other.
        assert elsewhere(lambda: build(site)) is True
        assert elsewhere(lambda: (holds(site), visits_summed(site))) == (True, 1)
    assert not holds(site)
    assert RollupMark.objects.filter(site_id=site.id).count() == 1
    assert build(site)
    assert (holds(site), visits_summed(site)) == (True, 2)


def test_a_mark_that_comes_while_a_day_is_summed_up_stays(site: Site, elsewhere: Elsewhere) -> None:
    def write() -> None:
        with transaction.atomic():
            visit_make(site, NOON + timedelta(minutes=5))
            days_mark(site.id, [DAY])

    with transaction.atomic():
        assert build(site)
        elsewhere(write)
    assert not holds(site)
    assert build(site)
    assert (holds(site), visits_summed(site)) == (True, 2)
    assert list(rollups_check(site=site)) == []


def test_one_builds_at_a_time_and_the_other_does_not_wait(site: Site, elsewhere: Elsewhere) -> None:
    with transaction.atomic():
        assert build(site)
        assert elsewhere(lambda: build(site)) is False
        assert elsewhere(lambda: rollups_build()) == 0
    assert holds(site)


def test_a_broken_off_build_leaves_everything_as_it_was(site: Site) -> None:
    build(site)
    days_mark(site.id, [DAY])
    with transaction.atomic():
        build(site)
        transaction.set_rollback(True)
    assert not holds(site)
    assert visits_summed(site) == 1


def test_a_zone_that_changes_waits_for_the_build_and_forgets_it(site: Site, elsewhere: Elsewhere) -> None:
    with ThreadPoolExecutor(1) as pool:
        schema = str(connection.schema_name)  # type: ignore[attr-defined]

        def change() -> None:
            try:
                with in_schema(schema):
                    site_set_zone(site=Site.objects.get(id=site.id), time_zone="Asia/Tokyo")
            finally:
                connection.close()

        with transaction.atomic():
            assert build(site)
            changing = pool.submit(change)
            assert not changing.done()
        changing.result(30)
    assert not holds(site)
    assert not Rollup.objects.filter(site_id=site.id).exists()
