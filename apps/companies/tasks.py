"""Company matching as background work: woken by facts, swept each minute, since a wake-up may get lost."""

from collections.abc import Iterable
from uuid import UUID

from celery import shared_task

from apps.agencies.models import Agency
from apps.core.tenancy import in_schema

from .services import visits_match

SLICE = 2_000


@shared_task(name="apps.companies.tasks.visits_match")
def visits_match_task(schema: str, session_ids: Iterable[str]) -> None:
    with in_schema(schema):
        visits_match(session_ids=[UUID(session_id) for session_id in session_ids])


@shared_task(name="apps.companies.tasks.match_sweep")
def match_sweep() -> None:
    """Match whatever was never matched, in every agency, a bounded slice each."""
    for schema in Agency.objects.exclude(schema_name="public").values_list("schema_name", flat=True):
        with in_schema(schema):
            visits_match(limit=SLICE)
