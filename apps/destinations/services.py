"""Setting up destinations and their rules, and sending again: what people do."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from apps.core import clock
from apps.core.errors import Refused
from apps.core.facts import publish
from apps.core.tenancy import current_schema

from .conditions import Conditions, conditions_kept
from .confirming import checks_close
from .facts import DeliveriesDue
from .inserting import rows_json
from .mapping import Mapped, kept
from .mapping import Mapping as RuleMapping
from .match import match_keys_settle
from .models import ConsentExemption, Delivery, Destination, RoutingRule
from .offs import made_up_note, off_note, on_note
from .providers.base import Target
from .providers.registry import PROVIDERS, provider_of
from .replays import Replayed, period_replay
from .secrets import secret_hint, secrets_seal
from .targets import secrets_held
from .waking import rules_changed

State = Delivery.State
MOST_DESTINATIONS = 30
MOST_RULES = 100
# What a person may send again; anything else is done, or on its way.
SENDABLE = (State.REJECTED, State.UNCERTAIN, State.DEAD)
# What a rule lets through; the rest is how it is put.
NAMING = ("source", "goal_id", "event_name", "conditions")


def destination_create(
    *,
    site_id: int,
    provider: str,
    name: str,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    is_test_mode: bool,
    user_name: str,
    stand_in_url: str = "",
    form_key: UUID | None = None,
) -> Destination:
    """Make a destination; it gets nothing before it has a rule. Raises Refused for too many.

    With a key that one was made by before, return that one. Raises Refused where it was removed since.
    """
    made_before = Destination.objects.filter(site_id=site_id, form_key=form_key).first() if form_key else None
    if made_before:
        if made_before.archived_at is not None:
            raise Refused("This page has made a destination that was removed since: open it anew for another.")
        return made_before
    if Destination.objects.filter(site_id=site_id, archived_at=None).count() >= MOST_DESTINATIONS:
        raise Refused(f"A site can have {MOST_DESTINATIONS} destinations at most: remove one that isn’t needed.")
    assert provider in PROVIDERS
    now = clock.now()
    values = {
        "provider": provider,
        "name": name,
        "settings": dict(settings),
        "secrets_sealed": secrets_seal(secrets),
        "secrets_hints": _hints(secrets),
        "is_test_mode": is_test_mode,
        "stand_in_url": stand_in_url,
        "created_at": now,
        "created_by": user_name,
        "changed_at": now,
    }
    if form_key is None:
        return Destination.objects.create(site_id=site_id, **values)
    # Two at once: the unique key lets one of them make it.
    return Destination.objects.get_or_create(site_id=site_id, form_key=form_key, defaults=values)[0]


def destination_change(
    *, destination: Destination, name: str, settings: Mapping[str, str], secrets: Mapping[str, str], is_test_mode: bool
) -> None:
    """Change a destination. An empty secret stays as it was; with whatever is new it is tried at once.

    One that its provider's answer has switched off is on again; one that a person has switched off stays off.
    """
    now = clock.now()
    with transaction.atomic():
        mine = Destination.objects.filter(id=destination.id)
        row = mine.select_for_update().get()
        if row.problem:
            on_note(mine, now)
            row.refresh_from_db()
        before = Target(row.id, row.settings, secrets_held(row))
        merged: Mapping[str, str] = {
            **before.secrets,
            **{key: secret for key, secret in secrets.items() if secret},
        }
        if provider := provider_of(row.provider):
            settings, merged = provider.changed(before, settings, merged, now)
        row.name = name
        row.settings = dict(settings)
        row.secrets_sealed = secrets_seal(merged)
        row.secrets_hints = _hints(merged)
        row.is_test_mode = is_test_mode
        row.changed_at = now
        row.problem, row.problem_words, row.problem_at, row.problem_told_at = "", "", None, None
        row.failures, row.open_until = 0, None
        row.save()
        # Quiet hours may be others by now: those that still hold put it off again.
        quiet = Delivery.objects.filter(destination=row, state=State.WAITING, reason="quiet")
        quiet.update(next_attempt_at=now)
        publish(DeliveriesDue(current_schema(), row.id))
    rules_changed(site_id=destination.site_id)
    destination.refresh_from_db()


def secret_rotate(*, destination: Destination) -> str:
    """Make the secret anew that Beacon has made for the other side; return it, which is to be shown once.

    The one before goes on holding for as long as the provider says, so that nothing is lost while the other side
    changes over. Raises Refused for a provider whose secrets are made elsewhere.
    """
    provider = provider_of(destination.provider)
    if provider is None or not provider.made_secret:
        raise Refused("Its secrets are made by the provider: get a new one there, and enter it in the settings.")
    now = clock.now()
    new = provider.secret_make()
    with transaction.atomic():
        row = Destination.objects.select_for_update().get(id=destination.id)
        before = Target(row.id, row.settings, secrets_held(row))
        settings, secrets = provider.changed(before, row.settings, {**before.secrets, provider.made_secret: new}, now)
        row.settings = dict(settings)
        row.secrets_sealed = secrets_seal(secrets)
        row.secrets_hints = _hints(secrets)
        row.changed_at = now
        row.save(update_fields=["settings", "secrets_sealed", "secrets_hints", "changed_at"])
    destination.refresh_from_db()
    return new


def secrets_retiring(destination: Destination) -> list[tuple[str, datetime]]:
    """Return what may be shown of secrets before a rotation that still hold, each with until when."""
    provider = provider_of(destination.provider)
    if provider is None or not provider.made_secret:
        return []
    found = provider.retiring(secrets_held(destination), clock.now())
    return [(secret_hint(secret), until) for secret, until in found]


def destination_switch(*, destination: Destination, is_on: bool) -> None:
    """Switch a destination on or off; what is due waits meanwhile, what happens meanwhile doesn't go there."""
    now = clock.now()
    mine = Destination.objects.filter(id=destination.id)
    with transaction.atomic():
        if is_on:
            on_note(mine, now)
        else:
            off_note(mine, destination.provider, now)
        mine.update(
            problem="",
            problem_words="",
            problem_at=None,
            problem_told_at=None,
            failures=0,
            open_until=None,
        )
    rules_changed(site_id=destination.site_id)
    if is_on:
        publish(DeliveriesDue(current_schema(), destination.id))


def destination_archive(*, destination: Destination) -> None:
    """Take a destination away for good: its secrets go, what waits is given up, what was sent stays as proof."""
    now = clock.now()
    with transaction.atomic():
        # First the destination, as whoever changes it does: in another order two would wait for each other.
        Destination.objects.select_for_update().get(id=destination.id)
        waiting = Delivery.objects.filter(destination=destination, state__in=(State.WAITING, State.SENDING))
        match_keys_settle(list(waiting.values_list("event_id", flat=True)))
        waiting.update(
            state=State.DEAD,
            reason="removed",
            words="The destination was removed before this was sent.",
            next_attempt_at=None,
            leased_until=None,
            finished_at=now,
        )
        RoutingRule.objects.filter(destination=destination).update(is_on=False)
        Destination.objects.filter(id=destination.id).update(
            archived_at=now, is_on=False, secrets_sealed=secrets_seal({}), secrets_hints={}
        )
        checks_close(Destination.objects.get(id=destination.id))
    rules_changed(site_id=destination.site_id)


def rule_save(
    *,
    destination: Destination,
    source: RoutingRule.Source,
    goal_id: int | None,
    event_name: str,
    conditions: Conditions,
    mapping: RuleMapping,
    user_name: str,
    rule_id: int | None = None,
    form_key: UUID | None = None,
) -> RoutingRule:
    """Make a rule, or change one of this destination. It holds for what happens from now on. Raises Refused.

    With a key that one was made by before, return that one. One that only names or fills what it sends anew goes on
    holding as before.
    """
    now = clock.now()
    of_destination = RoutingRule.objects.filter(destination=destination)
    if rule_id is None and form_key and (made_before := of_destination.filter(form_key=form_key).first()):
        return made_before
    if rule_id is None and of_destination.filter(is_on=True).count() >= MOST_RULES:
        raise Refused(f"A destination can have {MOST_RULES} rules at most.")
    values: dict[str, Any] = {
        "source": source,
        "goal_id": goal_id,
        "event_name": event_name,
        "conditions": conditions_kept(conditions),
        "mapping": kept(mapping),
        "is_on": True,
        "changed_at": now,
        "changed_by": user_name,
    }
    if rule_id is None:
        values |= {"site_id": destination.site_id, "created_at": now, "holds_since": now}
        if form_key is None:
            rule = RoutingRule.objects.create(destination=destination, **values)
        else:
            rule, _ = RoutingRule.objects.get_or_create(destination=destination, form_key=form_key, defaults=values)
    else:
        rule = _rule_change(of_destination.filter(id=rule_id), values, now)
    rules_changed(site_id=destination.site_id)
    return rule


def _rule_change(mine: QuerySet[RoutingRule], values: Mapping[str, Any], now: datetime) -> RoutingRule:
    with transaction.atomic():
        rule = mine.select_for_update().first()
        if rule is None:
            raise Refused("That rule isn’t there any more.")
        # What happened before it named this, or while it was off, was nobody's to send.
        before, given = ({name: source[name] for name in NAMING} for source in (vars(rule), values))
        # Read again, as the database has keys in an order of its own.
        is_another = not rule.is_on or json.loads(rows_json([before])) != json.loads(rows_json([given]))
        rule.holds_since = now if is_another else rule.since
        for name, value in values.items():
            setattr(rule, name, value)
        rule.save(update_fields=["holds_since", *values])
    return rule


def rule_remove(*, destination: Destination, rule_id: int) -> None:
    """Take a rule away; what it has routed goes on."""
    RoutingRule.objects.filter(destination=destination, id=rule_id).delete()
    rules_changed(site_id=destination.site_id)


def deliveries_resend(*, site_id: int, delivery_ids: Iterable[int]) -> int:
    """Have deliveries sent that were rejected, given up or are uncertain; return how many. Others stay as they are.

    Tests too: sent again they would count.
    """
    now = clock.now()
    found = Delivery.objects.filter(
        site_id=site_id, id__in=list(delivery_ids), state__in=SENDABLE, is_test=False, destination__archived_at=None
    )
    destination_ids = set(found.values_list("destination_id", flat=True))
    # Its time to be tried begins anew.
    count = found.update(
        state=State.WAITING,
        reason="",
        words="Sent again by a person.",
        next_attempt_at=now,
        leased_until=None,
        finished_at=None,
        # Of this time alone: a verdict, and how long it took, is counted from there.
        received_at=None,
        receipt="",
        created_at=now,
    )
    for destination_id in destination_ids:
        publish(DeliveriesDue(current_schema(), destination_id))
    return count


def delivery_edit(*, delivery: Delivery, name: str, mapped: Mapped) -> None:
    """Change what a delivery says, before it is sent again. Raises Refused where it isn't one that can be."""
    mine = Delivery.objects.filter(id=delivery.id, state__in=SENDABLE, is_test=False)
    changed = mine.update(name=name, mapped=kept(mapped))
    if not changed:
        raise Refused("It was sent meanwhile, or is on its way: what it says can’t be changed any more.")


def exemption_record(*, site_id: int, country: str, ground: str, user_name: str) -> None:
    """Record that no marketing consent is needed for visitors of a country, and on what ground. Done twice: once."""
    ConsentExemption.objects.get_or_create(
        site_id=site_id,
        country=country,
        ended_at=None,
        defaults={"ground": ground, "recorded_at": clock.now(), "recorded_by": user_name},
    )


def exemption_end(*, site_id: int, exemption_id: int, user_name: str) -> bool:
    """End an exemption; return whether it hadn't before. Its record stays. What waits under it is withheld."""
    mine = ConsentExemption.objects.filter(site_id=site_id, id=exemption_id, ended_at=None)
    return bool(mine.update(ended_at=clock.now(), ended_by=user_name))


def replay_begin(*, destination: Destination, since: datetime, until: datetime, most: int | None = None) -> Replayed:
    """Route what happened in a past period to a destination; return what became of them. Raises Refused past `most`."""
    replayed = period_replay(destination=destination, since=since, until=until, most=most)
    # What it missed while it was off is made up for, up to there.
    mine = Destination.objects.filter(id=destination.id)
    made_up_note(mine, destination.provider, since, until, clock.now())
    if replayed.due:
        publish(DeliveriesDue(current_schema(), destination.id))
    return replayed


def destination_point(*, destination: Destination, stand_in_url: str) -> int:
    """Have a destination send to a local stand-in; empty: to its provider again. Return how many wait, and go there.

    For the command line alone: a page that could do this would lead around the guard of addresses. Raises Refused.
    """
    parts = urlsplit(stand_in_url)
    if stand_in_url and (parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username):
        raise Refused("A stand-in’s address begins with http:// and has a host, such as http://127.0.0.1:9104.")
    destination.stand_in_url = stand_in_url
    destination.problem = destination.problem_words = ""
    destination.problem_at = destination.problem_told_at = destination.open_until = None
    destination.failures = 0
    destination.changed_at = clock.now()
    destination.save(
        update_fields=[
            "stand_in_url",
            "problem",
            "problem_words",
            "problem_at",
            "problem_told_at",
            "open_until",
            "failures",
            "changed_at",
        ]
    )
    publish(DeliveriesDue(current_schema(), destination.id))
    return Delivery.objects.filter(destination=destination, state=State.WAITING).count()


def _hints(secrets: Mapping[str, str]) -> dict[str, str]:
    # A name with a space is none of a form's: a provider keeps there what a rotation leaves for a while.
    return {name: secret_hint(secret) for name, secret in secrets.items() if secret and " " not in name}
