"""How long deliveries wait, and for how long what was sent and answered is kept."""

from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from apps.core import clock
from apps.sites.models import Site
from apps.tracking.models import SessionAlias

from . import archived
from .confirming import checks_close
from .doubts import attempts_end_lost, attempts_in_doubt, doubt_words
from .endings import finish
from .models import ConsentExemption, Delivery, DeliveryAttempt, Destination, RoutedConversion, RoutedEvent
from .providers.base import Provider
from .providers.registry import provider_of
from .recording import Ending
from .routing import LATEST, LOOK_BACK

State = Delivery.State
TOGETHER = 1_000


def deliveries_tidy() -> None:
    """Give up what waits for too long, and forget what was kept for long enough. May run at any time."""
    for destination in Destination.objects.all():
        deliveries_give_up(destination)
        checks_close(destination)
    now = clock.now()
    kept_days = settings.BEACON_ATTEMPTS_DAYS
    old = DeliveryAttempt.objects.filter(begun_at__lt=now - timedelta(days=kept_days))
    while ids := list(old.values_list("id", flat=True)[:TOGETHER]):
        DeliveryAttempt.objects.filter(id__in=ids).delete()
    for site in Site.objects.exclude(retention_days=None):
        gone = Delivery.objects.filter(site_id=site.id, occurred_at__lt=now - timedelta(days=site.retention_days or 0))
        while ids := list(gone.values_list("id", flat=True)[:TOGETHER]):
            Delivery.objects.filter(id__in=ids).delete()
    # For as long as anything that was routed could still be looked for: it would have to be looked at anew else.
    is_past = Q(routed_at__lt=now - LOOK_BACK - LATEST - LOOK_BACK)
    RoutedConversion.objects.filter(is_past).delete()
    RoutedEvent.objects.filter(is_past).delete()


def deliveries_give_up(destination: Destination) -> int:
    """End deliveries that wait for longer than their provider takes them; return how many.

    Also where the destination is off or left alone, or its site archived: what is due then waits, but not for ever.
    """
    provider = provider_of(destination.provider)
    if provider is None:
        return 0
    now = clock.now()
    count = 0
    is_archived = not archived.may_leave(destination.site_id)
    is_left = Q(state=State.WAITING) | Q(state=State.SENDING, leased_until__lte=now)
    is_late = Q(created_at__lt=now - provider.give_up_after) | Q(occurred_at__lt=now - provider.max_age)
    late = Delivery.objects.filter(is_left, is_late, destination=destination)
    while True:
        # Whoever takes one up to send it comes before this or after, not in between.
        with transaction.atomic():
            found = list(late.select_for_update(skip_locked=True)[:TOGETHER])
            stopped = {one.id for one in found if one.state == State.SENDING}
            doubts = attempts_in_doubt(stopped)
            attempts_end_lost(stopped, now)
            finish([_given_up(one, provider, doubts.get(one.id, ""), is_archived=is_archived) for one in found])
        if not found:
            return count
        count += len(found)


def _given_up(delivery: Delivery, provider: Provider, doubt: str, *, is_archived: bool) -> Ending:
    if doubt:
        words = f"{doubt_words(provider, doubt)} It was left so: look there whether it came."
        return Ending(delivery, State.UNCERTAIN, doubt, words)
    if is_archived:
        words = "The site was archived when this was due, and for too long: given up."
        if not delivery.attempts:
            return Ending(delivery, State.DEAD, archived.REASON, words)
        # What its provider answered before stays.
        return Ending(delivery, State.DEAD, delivery.reason or archived.REASON, f"{delivery.words} {words}".strip())
    words = f"{delivery.words} Waited for too long: given up.".strip()
    return Ending(delivery, State.DEAD, delivery.reason or "too_old", words)


def site_forget(*, site_id: int) -> None:
    """Erase destinations and deliveries of a deleted site."""
    gone = Delivery.objects.filter(site_id=site_id)
    while ids := list(gone.values_list("id", flat=True)[:TOGETHER]):
        Delivery.objects.filter(id__in=ids).delete()
    ConsentExemption.objects.filter(site_id=site_id).delete()
    Destination.objects.filter(site_id=site_id).delete()


def deliveries_held(*, site_id: int, session_id: UUID) -> int:
    """Return how many deliveries go with a visit. Two queries."""
    return _of_visit(site_id, session_id).count()


def deliveries_forget(*, site_id: int, session_id: UUID) -> int:
    """Erase what was delivered, or was to be, of a visit that is about to be deleted; return how many rows.

    Also of visits that a late event joined to it. What a provider has already, only the provider can erase.
    """
    return _of_visit(site_id, session_id).delete()[0]


def _of_visit(site_id: int, session_id: UUID) -> QuerySet[Delivery]:
    led_here = SessionAlias.objects.filter(session_id=session_id).values_list("id", flat=True)
    return Delivery.objects.filter(site_id=site_id, session_id__in=[session_id, *led_here])
