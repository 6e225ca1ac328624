"""How many of a site's destinations need a person: what the navigation counts beside "Destinations"; and why."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q

from .models import Delivery, Destination
from .services import SENDABLE

# What nobody has sent again after a week won't be.
LATELY = timedelta(days=7)


def needing_attention(*, site_id: int, now: datetime) -> int:
    """Return how many destinations refuse, or have had something to be decided on within a week. One query."""
    letters = Delivery.objects.filter(
        destination=OuterRef("pk"), state__in=SENDABLE, created_at__gte=now - LATELY, is_test=False
    )
    found = Destination.objects.filter(~Q(problem="") | Exists(letters), site_id=site_id, archived_at=None)
    return found.count()


def letters_older(*, site_id: int, than: datetime, now: datetime) -> int:
    """Return how many deliveries older `than` a moment, and not than a week, are still to be decided on. One query."""
    if than <= now - LATELY:
        return 0
    return Delivery.objects.filter(
        destination__in=Destination.objects.filter(site_id=site_id, archived_at=None).values("id"),
        state__in=SENDABLE,
        created_at__gte=now - LATELY,
        created_at__lt=than,
        is_test=False,
    ).count()
