"""What a provider has only checked: in test mode some keep nothing of what is sent. It counts nowhere, and isn't lost.

It is withheld as TEST_MODE, with what its visitor is recognised by kept for as long as that ever is; a replay takes it.
"""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from .models import Delivery, Destination
from .providers.base import Provider

TEST_MODE = "test_mode"
CHECKED = Q(state=Delivery.State.WITHHELD, reason=TEST_MODE)
# What is as it was when it was checked: its attempts, and the id that it is counted by.
STAYS = frozenset({"id", "destination", "event_id", "occurrence", "attempts", "counted_by"})


def only_checks(destination: Destination, provider: Provider | None) -> bool:
    """Return whether nothing that goes to a destination counts, as it is in test mode."""
    return destination.is_test_mode and provider is not None and not provider.keeps_tests


def checked_renew(made: Sequence[Delivery]) -> None:
    """Put deliveries in the place of those that were only checked before, as if they were made now. Two queries."""
    given = {_key(one): one for one in made}
    fields = [field.name for field in Delivery._meta.concrete_fields if field.name not in STAYS]
    mine = Delivery.objects.filter(
        CHECKED, destination_id__in={one.destination_id for one in made}, event_id__in={one.event_id for one in made}
    )
    with transaction.atomic():
        found = [row for row in mine.select_for_update() if _key(row) in given]
        for row in found:
            for name in fields:
                setattr(row, name, getattr(given[_key(row)], name))
        if found:
            Delivery.objects.bulk_update(found, fields)


def _key(one: Delivery) -> tuple[int, object, str]:
    return one.destination_id, one.event_id, one.occurrence
