"""Fixtures of the whole suite. The servers are up already: tests/servers.py starts them before Django is set up."""

import gc
from collections.abc import Iterator

import pytest
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck, settings
from pytest_django import DjangoDbBlocker

pytest_plugins = ["tests.cast"]

# The same examples in every run, and no judging by the clock: what fails does so everywhere, on a busy machine too.
settings.register_profile(
    "suite",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("suite")


def pytest_collection_finish() -> None:
    """Keep the collector from going through six thousand tests and all of Django time and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_setup(django_test_environment: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Make the test database. pytest-django's own leaves it out where no selected test runs in a transaction."""
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default": False})
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)
