"""Who is to be woken: nobody for sites without rules, as most are, and one sender a destination at a time.

A sender that begins lets the next one be asked for, and only then looks what is due: what is committed later than that
asks anew. So none waits for the sweep, unless a message is lost.
"""

from django.core.cache import cache

from apps.core.tenancy import in_schema

from .models import RoutingRule

KEPT_SECONDS = 30
# A message that got lost keeps others from being sent for no longer than this.
LOST_SECONDS = 10
SEEN_SECONDS = 3600
# What happened long before it came is rare, and found slowly.
FAR_SECONDS = 3600


def has_rules(schema: str, site_id: int) -> bool:
    """Return whether conversions of a site go anywhere. A rule that was just made is known at once."""
    return bool(_sources(schema, site_id))


def asks_for_events(schema: str, site_id: int) -> bool:
    """Return whether a site has rules for events that aren't goals."""
    return RoutingRule.Source.EVENT.value in _sources(schema, site_id)


def rules_changed(*, site_id: int) -> None:
    """Have the next to ask look anew. Within the agency's schema."""
    cache.delete(_key(site_id))


def may_wake(destination_id: int) -> bool:
    """Return whether no sender is about to begin with a destination; from now on one is. Within the agency's schema."""
    return bool(cache.add(f"sending-asked:{destination_id}", 1, LOST_SECONDS))


def begun(destination_id: int) -> None:
    """Let the next sender be asked for. Within the agency's schema."""
    cache.delete(f"sending-asked:{destination_id}")


def may_wake_later(destination_id: int, seconds: int) -> bool:
    """Return whether no sender comes back to a destination within `seconds`; from now on one does."""
    return bool(cache.add(f"sending-later:{destination_id}", 1, seconds))


def seen_before(conversion_id: int) -> int:
    """Return the agency's last conversion as it was the time before, 0 where there was none; it is this one now.

    What is newer has been told of a moment ago, and is in the hands of who was woken by that.
    """
    before = cache.get("routing-seen")
    cache.set("routing-seen", conversion_id, SEEN_SECONDS)
    return int(before or 0)


def may_look_far() -> bool:
    """Return whether a sweep is to look for what came late as well; for a while no other does then."""
    return bool(cache.add("routing-far", 1, FAR_SECONDS))


def _sources(schema: str, site_id: int) -> list[str]:
    with in_schema(schema):
        found = cache.get(_key(site_id))
        if found is None:
            rules = RoutingRule.objects.filter(
                site_id=site_id, is_on=True, destination__is_on=True, destination__archived_at=None
            )
            found = sorted(set(rules.values_list("source", flat=True)))
            cache.set(_key(site_id), found, KEPT_SECONDS)
    return list(found)


def _key(site_id: int) -> str:
    return f"routing:{site_id}"
