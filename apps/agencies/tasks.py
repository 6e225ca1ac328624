"""Doors for Celery. Each calls a service and may run twice."""

from celery import shared_task

from . import schemas


@shared_task(name="apps.agencies.tasks.spares_refill")
def spares_refill() -> None:
    """Refill the spare schemas: after each sign-up and every minute."""
    schemas.spares_refill()
