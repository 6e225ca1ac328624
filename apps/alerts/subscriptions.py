"""Who wants which mail, and who of them may still have it: members who see the site, and nobody else.

A wish outlives neither its member nor its site (`alerts_tidy`); until that comes round, everybody who asks here is told
only of those who may.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction

from apps.agencies.models import Membership
from apps.agencies.roles import Permission
from apps.core import clock
from apps.core.tenancy import current_schema
from apps.sites.access import sites_visible
from apps.sites.goals.patterns import pattern_written
from apps.sites.models import Site

from .models import AlertSent, Subscription

Kind = Subscription.Kind
MOST_PAGES = 20
# How long it is known what was sent: longer than anything asks for it.
KEPT_DAYS = 90


@dataclass(frozen=True, slots=True)
class Subscriber:
    """A member who wants a mail and may have it."""

    member: Membership
    wish: Subscription


def pages_read(text: str) -> list[str]:
    """Return the patterns of pages that stand in a text, one a line. Raises ValueError, in words."""
    pages = list(dict.fromkeys(pattern_written(line) for line in text.splitlines() if line.strip()))
    if len(pages) > MOST_PAGES:
        raise ValueError(f"{MOST_PAGES} pages at most")
    return pages


def subscription_set(*, user_id: int, site_id: int, kind: Kind, is_wanted: bool, pages: Sequence[str] = ()) -> None:
    """Have a member told, or not any more. May run twice.

    A wish holds for what happens from now on: so one for other pages than before begins anew.
    """
    wishes = Subscription.objects.filter(user_id=user_id, site_id=site_id, kind=kind)
    if not is_wanted:
        wishes.delete()
        return
    now = clock.now()
    with transaction.atomic():
        wish, is_new = Subscription.objects.select_for_update().get_or_create(
            user_id=user_id, site_id=site_id, kind=kind, defaults={"pages": list(pages), "created_at": now}
        )
        if not is_new and wish.pages != list(pages):
            wish.pages, wish.created_at = list(pages), now
            wish.save(update_fields=["pages", "created_at"])


def subscriptions_end(*, user_id: int, site_ids: Iterable[int]) -> int:
    """Have a member get no mail of these sites any more; return how many wishes that ended."""
    return Subscription.objects.filter(user_id=user_id, site_id__in=list(site_ids)).delete()[0]


def subscriptions_of(*, user_id: int, site_ids: Iterable[int]) -> list[Subscription]:
    """Return a member's wishes on sites. One query."""
    return list(Subscription.objects.filter(user_id=user_id, site_id__in=list(site_ids)).order_by("site_id", "kind"))


def sites_wanted(kind: Kind) -> list[Site]:
    """Return the sites of which somebody wants this mail, those left out that are archived. One query."""
    wanted = Subscription.objects.filter(kind=kind).values("site_id")
    return list(Site.objects.filter(id__in=wanted).exclude(status=Site.Status.ARCHIVED).order_by("id"))


def is_wanted(*, site_id: int, kind: Kind) -> bool:
    """Return whether anybody wants this mail of a site. One query."""
    return Subscription.objects.filter(site_id=site_id, kind=kind).exists()


def subscribers(*, site: Site, kind: Kind, user_id: int | None = None) -> list[Subscriber]:
    """Return who wants this mail of a site and may have it; `user_id`: this one alone. Two queries."""
    wishes = Subscription.objects.filter(site_id=site.id, kind=kind)
    if user_id is not None:
        wishes = wishes.filter(user_id=user_id)
    by_user = {wish.user_id: wish for wish in wishes}
    members = Membership.objects.select_related("user", "agency").filter(
        user_id__in=list(by_user),
        user__is_active=True,
        agency__schema_name=current_schema(),
        agency__is_active=True,
    )
    return [Subscriber(member, by_user[member.user_id]) for member in members.order_by("id") if may_see(member, site)]


def may_see(member: Membership, site: Site) -> bool:
    return member.may(Permission.READ) and (member.client_ids is None or site.client_id in member.client_ids)


def site_forget(*, site_id: int) -> None:
    """Erase who wanted mails of a deleted site, and what was sent of it. May run twice."""
    Subscription.objects.filter(site_id=site_id).delete()
    AlertSent.objects.filter(site_id=site_id).delete()


def alerts_tidy() -> int:
    """Forget old mails, and the wishes of those who have left, may not see the site any more, or whose site is gone.

    So somebody who comes back begins without mails. May run twice. Returns how many rows went.
    """
    old = (clock.now() - timedelta(days=KEPT_DAYS)).date()
    gone = AlertSent.objects.filter(day__lt=old).delete()[0]
    members = {row.user_id: row for row in Membership.objects.filter(agency__schema_name=current_schema())}
    kept = {
        (user_id, site_id)
        for user_id, member in members.items()
        for site_id in sites_visible(member).values_list("id", flat=True)
    }
    for user_id, site_id in Subscription.objects.values_list("user_id", "site_id").distinct():
        if (user_id, site_id) not in kept:
            gone += subscriptions_end(user_id=user_id, site_ids=[site_id])
    return gone
