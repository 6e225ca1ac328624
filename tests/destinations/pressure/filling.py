"""Conversions in bulk, as the writer would leave them, and destinations that get them."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

from django.db import connection

from apps.core import clock
from apps.core.ids import uuid7
from apps.destinations.conditions import Conditions
from apps.destinations.inserting import rows_insert
from apps.destinations.mapping import Mapping as RuleMapping
from apps.destinations.models import RoutingRule
from apps.destinations.services import destination_create, rule_save
from apps.sites.models import Goal, Site
from apps.tracking.match_keys import match_seal
from apps.tracking.models import Conversion, ConversionMatch, Event, Kind, Origin, Session
from apps.tracking.partitions import ensure
from tests.destinations.pressure.standing import Place

TOGETHER = 1_000
# One visitor in so many refuses marketing, one was never asked.
REFUSED_EVERY, UNASKED_EVERY = 10, 11
LAST_MS = 60_000
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0"
EMAIL = sha256(b"ada@example.org").hexdigest()


def destinations_make(
    site: Site, goal: Goal, places: Sequence[Place], *, conversions: int, paced: int
) -> dict[int, Place]:
    """Make a destination for each place, which gets the goal; return the places by destination.

    Those that take few a minute get about `paced` of the `conversions`: the most valuable.
    """
    made = {}
    for place in places:
        destination = destination_create(
            site_id=site.id,
            provider=place.provider,
            name=place.provider,
            settings=place.settings,
            secrets=place.secrets,
            is_test_mode=False,
            user_name="Ann",
            stand_in_url=place.url,
        )
        least = Decimal(conversions - paced) if place.is_paced else None
        rule_save(
            destination=destination,
            source=RoutingRule.Source.GOAL,
            goal_id=goal.id,
            event_name="",
            conditions=Conditions(least_value=least),
            mapping=RuleMapping(),
            user_name="Ann",
        )
        made[destination.id] = place
    # They were there before any of the conversions.
    RoutingRule.objects.filter(site_id=site.id).update(holds_since=clock.now() - timedelta(days=1))
    return made


def conversions_fill(site: Site, goal: Goal, count: int) -> list[int]:
    """Store visits that reach the goal once each, in the last minute; return their conversions. Values are 0 to count.

    Some without consent; those with it came from an ad and have match keys.
    """
    ensure([clock.now(), clock.now() - timedelta(milliseconds=LAST_MS)])
    for start in range(0, count, TOGETHER):
        _fill(site, goal, range(start, min(start + TOGETHER, count)), count)
    with connection.cursor() as cursor:  # what grows by and by has been looked at by the database
        cursor.execute("ANALYZE session, event, conversion, conversion_match")
    return list(Conversion.objects.filter(goal_id=goal.id).order_by("id").values_list("id", flat=True))


def _fill(site: Site, goal: Goal, numbers: range, count: int) -> None:
    began = clock.now_ms() - LAST_MS
    sessions, events, conversions, keys = [], [], [], []
    for number in numbers:
        ms = began + LAST_MS * number // count
        session = _session(site, number, ms)
        event = _event(session, ms, Decimal(number))
        sessions.append(session)
        events.append(event)
        conversions.append(
            Conversion(
                site_id=site.id,
                goal_id=goal.id,
                event_id=event.event_id,
                session_id=session.id,
                occurred_at=event.occurred_at,
                value=event.value,
                currency="EUR",
            )
        )
        if session.consent_marketing == "granted":
            keys.append(_match(event, number))
    rows_insert(sessions)
    rows_insert(events)
    rows_insert(conversions)
    ConversionMatch.objects.bulk_create(keys)


def _session(site: Site, number: int, ms: int) -> Session:
    at = clock.from_ms(ms)
    said = "denied" if number % REFUSED_EVERY == 0 else "" if number % UNASKED_EVERY == 0 else "granted"
    return Session(
        id=uuid7(ms),
        site_id=site.id,
        visitor_id=number,
        origin=Origin.TAG.value,
        started_at=at,
        ended_at=at,
        local_day=at.date(),
        entry_at=at,
        entry_host="www.pressure.example",
        entry_path="/demo",
        pageviews=1,
        events=1,
        country="DE",
        browser="Firefox",
        click_ids={"gclid": f"Cj0K{number}", "fbclid": f"IwAR{number}"},
        consent_marketing=said,
        consent_source="api" if said else "",
        consent_at=at if said else None,
        matched_at=at,
    )


def _event(session: Session, ms: int, value: Decimal) -> Event:
    return Event(
        event_id=uuid7(ms),
        site_id=session.site_id,
        session_id=session.id,
        visitor_id=session.visitor_id,
        kind=Kind.EVENT.value,
        name="demo",
        origin=session.origin,
        set_aside="",
        occurred_at=session.started_at,
        received_at=session.started_at,
        clock_skew_ms=0,
        is_late=False,
        is_interactive=True,
        host=session.entry_host,
        path=session.entry_path,
        query="",
        fragment="",
        title="",
        referrer="",
        engaged_ms=0,
        scroll_percent=0,
        value=value,
        currency="EUR",
        transaction_id="",
        props={"plan": "pro"},
    )


def _match(event: Event, number: int) -> ConversionMatch:
    seconds = int(event.occurred_at.timestamp())
    keys = {
        "ga_client_id": f"{number + 1}.{seconds}",
        "ga_session_id": str(seconds),
        "fbp": f"fb.1.{seconds}000.{number + 1}",
        "fbc": f"fb.1.{seconds}000.IwAR{number}",
        "user_agent": BROWSER,
        "email_sha256": EMAIL,
        "email_google_sha256": EMAIL,
    }
    return ConversionMatch(
        event_id=event.event_id,
        site_id=event.site_id,
        session_id=event.session_id,
        sealed=match_seal(event.event_id, keys),
        stored_at=event.occurred_at,
    )


def expected_of(places: Mapping[int, Place], conversions: int, paced: int) -> int:
    """Return how many deliveries there have to be in the end."""
    return sum(paced if place.is_paced else conversions for place in places.values())
