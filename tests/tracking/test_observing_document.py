"""docs/observing.md lists every metric that there is, and no other."""

import re

import prometheus_client
import pytest
from prometheus_client.metrics import MetricWrapperBase

from apps.companies.enrichment import measures as enrichment_measures
from apps.core import middleware
from apps.tracking import measures
from apps.tracking.exposition import states
from apps.tracking.health import Readiness
from config import observed_tasks
from config.env import ROOT

TEXT = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (`beacon_[^|]+) \| ([^|]+) \| ([^|]+) \|$", TEXT, re.M)
__all__ = ["enrichment_measures", "measures", "middleware", "observed_tasks"]  # imported to define what they count


def documented() -> dict[str, tuple[str, set[str]]]:
    """Return kind and labels of each metric in the table."""
    found = {}
    for names, kind, _ in ROWS:
        what, _, labels = kind.partition(";")
        for name in re.findall(r"`(\w+)`", names):
            found[name] = (what.strip().rstrip("s"), set(re.findall(r"`(\w+)`", labels)))
    return found


def counted() -> dict[str, tuple[str, set[str]]]:
    found = {}
    for collector in set(prometheus_client.REGISTRY._names_to_collectors.values()):
        if isinstance(collector, MetricWrapperBase):
            for metric in collector.describe():
                name = f"{metric.name}_total" if metric.type == "counter" else metric.name
                found[name] = (metric.type, set(collector._labelnames))
    return found


@pytest.mark.django_db
def test_the_table_lists_what_is_counted_and_what_is_asked() -> None:
    asked = {
        name: ("state", {label} if label else set()) for name, _, label, _ in states(Readiness(has_routes=lambda: True))
    }
    assert len(asked) >= 9
    assert documented() == counted() | asked


def test_no_label_is_without_bound() -> None:
    labels = {label for _, names in documented().values() for label in names}
    assert labels == {"door", "kind", "method", "outcome", "provider", "queue", "reason", "server", "status", "task"}
