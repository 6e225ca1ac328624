"""What ad platforms recognise a visitor by: with marketing consent only, sealed, of conversions only, and soon gone."""

import hashlib
import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from django.db import connection

from apps.core import clock
from apps.core.ids import uuid7
from apps.sites.models import Site
from apps.tracking import sealing
from apps.tracking.envelope import Consent, EventIn
from apps.tracking.erase import site_erase
from apps.tracking.erase_visit import visit_erase
from apps.tracking.match_keys import KEPT, match_keys_expire, match_keys_forget, match_keys_open
from apps.tracking.models import Conversion, ConversionMatch
from apps.tracking.retention import retention_enforce
from apps.tracking.steps.match import email_hashes, pack, phone_hashes, unpack
from apps.tracking.tasks import match_keys_expire as expire_task
from tests.cast import Cast
from tests.goaling import goal_make
from tests.tracking.doors import DoorClient, Streams, batch, custom

from .arrivals import CHROME, at, click, engagement, envelope, store, view, visits
from .ruling import rule_make
from .test_writer_stores import queries_of

YES = {"analytics": "granted", "marketing": "granted", "source": "api"}
COOKIES = {
    "ga_client_id": "11.22",
    "ga_session_id": "1780000000",
    "fbp": "fb.1.1780000000000.987654321",
    "fbc": "fb.1.1780000000003.cl-Id_1",
}
GRANTED = Consent("granted", "granted", source="api")


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


# --- the door ---------------------------------------------------------------------------------------------------------


def carried(streams: Streams) -> list[dict[str, str]]:
    """Return the keys of each event that reached the streams."""
    return [
        unpack(sealing.open_match(event.sealed_match, one.seal_hour)) if event.sealed_match else {}
        for one in streams.envelopes
        for event in one.events
    ]


def test_keys_travel_sealed_with_the_senders_own_id(door: DoorClient, streams: Streams) -> None:
    answer = door.post(batch(custom(1, id="order-4711", match=COOKIES), custom(2, match=COOKIES), consent=YES))
    assert json.loads(answer.content) == {"accepted": 2, "rejected": []}
    assert carried(streams) == [COOKIES | {"event_id": "order-4711"}, COOKIES]
    door.post(batch(custom(3, event_id="lead-42"), custom(4, id="order-4712", event_id="lead-43"), consent=YES))
    assert carried(streams)[2:] == [{"event_id": "lead-42"}, {"event_id": "lead-43"}]
    for clear in (b"order-4711", b"lead-42", b"987654321", b"cl-Id_1", b"11.22"):
        assert clear not in streams.raw


@pytest.mark.parametrize(
    ("consent", "headers"),
    [
        ({}, {}),
        ({"analytics": "granted"}, {}),
        ({"analytics": "granted", "marketing": "denied"}, {}),
        ({"analytics": "granted", "marketing": "granted", "source": "gcm"}, {"Sec_GPC": "1"}),
    ],
)
def test_without_consent_to_marketing_nothing_is_taken(
    door: DoorClient, streams: Streams, consent: dict[str, str], headers: dict[str, str]
) -> None:
    events = [custom(1, id="order-4711", match=COOKIES)]
    if consent.get("analytics"):
        events.append(custom(2, kind="identify", name=..., user={"email": "jo@kestrel.example"}))
    answer = door.post(batch(*events, consent=consent), **headers)
    assert (answer.status_code, json.loads(answer.content)["ignored"]) == (202, 1)
    assert not any(carried(streams))


def test_what_isnt_shaped_as_the_cookies_is_left_out_and_so_is_an_id_that_names_somebody(
    door: DoorClient, streams: Streams
) -> None:
    wrong = {
        "ga_client_id": "jo@kestrel.example",
        "ga_session_id": "x",
        "fbp": "fb.1.2",
        "fbc": "fb.1.1780000000000.a b",
    }
    bodies = [
        custom(1, match=wrong),
        custom(2, id="jo@kestrel.example"),
        custom(3, match={"ga_client_id": "GA1.2.11.22", "fbp": "fb.1.1780000000000.9.AQ"}),
        custom(4, kind="engagement", name=..., page_id="p", match=COOKIES),
    ]
    answer = door.post(batch(*bodies, consent=YES))
    assert json.loads(answer.content)["ignored"] == 2
    assert carried(streams) == [{}, {}, {"ga_client_id": "11.22", "fbp": "fb.1.1780000000000.9.AQ"}, {}]


@pytest.mark.parametrize(
    "start", ["fb.3.1780000000000", "fb.7.1780000000000", "fb.1.1780000000", "fb.1.17800000000000"]
)
def test_a_cookie_that_meta_would_refuse_isnt_taken(door: DoorClient, streams: Streams, start: str) -> None:
    """Of one event that it refuses Meta refuses the request with all that are in it."""
    door.post(batch(custom(1, match={"fbp": f"{start}.9", "fbc": f"{start}.AbC"}), consent=YES))
    assert carried(streams) == [{}]


def test_contact_data_is_hashed_in_both_forms_before_it_travels(door: DoorClient, streams: Streams) -> None:
    user = {"id": "c-42", "email": " Jo.Doe@GMail.com ", "traits": {"phone": "+1 (650) 555-1212"}}
    answer = door.post(batch(custom(1, kind="identify", name=..., user=user), consent=YES))
    assert json.loads(answer.content) == {"accepted": 1, "rejected": []}
    assert carried(streams) == [
        {
            "email_sha256": sha("jo.doe@gmail.com"),
            "email_google_sha256": sha("jodoe@gmail.com"),
            "phone_sha256": sha("16505551212"),
            "phone_google_sha256": sha("+16505551212"),
        }
    ]
    for clear in (b"oe@", b"5551212", sha("jo.doe@gmail.com").encode(), sha("16505551212").encode()):
        assert clear not in streams.raw


@pytest.mark.parametrize("told", ["", "@kestrel.example", "jo", "jo @kestrel.example", "jo@a@b.example", "jo@\x00b"])
def test_what_is_no_address_has_no_hash(told: str) -> None:
    assert email_hashes(told) == {}


@pytest.mark.parametrize(
    "told", ["", None, 16505551212, "0650 5551212", "+12", "+1650555121212345", "+49 30 x", "+٤٩٣٠٥٥"]
)
def test_what_is_no_number_with_its_country_has_no_hash(told: object) -> None:
    assert phone_hashes(told) == {}


# --- the writer -------------------------------------------------------------------------------------------------------

HOUR = sealing.hour_of(at(0))


@pytest.fixture
def site(in_alder: Cast, fresh_process: None) -> Site:
    sealing.load(HOUR)
    goal_make(in_alder.site, "event", event_name="signup", counts_every=True)
    return in_alder.site


def with_keys(event: EventIn, **keys: str) -> EventIn:
    event.sealed_match = sealing.seal_match(pack(keys or COOKIES), HOUR)
    return event


def identify(minutes: float, email: str = "jo@kestrel.example") -> EventIn:
    return with_keys(EventIn(uuid7(at(minutes)), "identify", at(minutes)), **email_hashes(email))


def sent(site: Site, *events: EventIn, marketing: str = "granted", **fields: Any) -> None:
    """Have the writer store what a visitor who agrees sent in one request."""
    consent = msgspec.structs.replace(GRANTED, marketing=marketing)
    given: dict[str, Any] = {"consent": consent, "seal_hour": HOUR}
    store(envelope(site, *events, **(given | fields)))


def known(event: EventIn) -> dict[str, str]:
    return match_keys_open([event.event_id]).get(event.event_id, {})


def stored() -> set[UUID]:
    return set(ConversionMatch.objects.values_list("event_id", flat=True))


def test_a_conversions_keys_are_kept_sealed_and_nothing_elses(site: Site) -> None:
    met, other = with_keys(click(1), **COOKIES, event_id="order-4711"), with_keys(click(2, "other"))
    sent(site, view(0), met, other)
    sent(site, met, other)
    assert known(met) == COOKIES | {"event_id": "order-4711", "user_agent": CHROME}
    assert stored() == {met.event_id}
    row = ConversionMatch.objects.get()
    assert (row.site_id, row.session_id) == (site.id, visits(site)[0].id)
    with connection.cursor() as cursor:
        for table in ("conversion_match", "conversion", "event", "session"):
            cursor.execute(f"SELECT * FROM {table}")
            text = repr(cursor.fetchall())
            assert not any(clear in text for clear in ("order-4711", "987654321", "cl-Id_1", "11.22", "Mozilla"))


@pytest.mark.parametrize("marketing", ["", "denied"])
def test_without_consent_at_that_moment_nothing_is_kept(site: Site, marketing: str) -> None:
    sent(site, with_keys(click(0)), marketing=marketing)
    assert (Conversion.objects.count(), stored()) == (1, set())


def test_nothing_is_kept_of_what_is_never_sent_on(site: Site) -> None:
    rule_make(site, "page:is:/intranet", back=True)
    sent(site, view(0, "/intranet"), with_keys(click(0)))
    sent(site, with_keys(click(0)), visitor=8, origin="import", import_id=5)
    assert (Conversion.objects.count(), stored()) == (2, set())


def test_a_total_that_reaches_a_goal_has_what_its_own_request_tells(site: Site) -> None:
    goal_make(site, "scroll", threshold=50)
    page = view(0)
    sent(site, page)
    sent(site, engagement(1, page, 5, 60))
    assert known(page) == {"user_agent": CHROME}


def test_where_the_hours_key_is_gone_the_agent_is_left(site: Site) -> None:
    event = with_keys(click(0))
    sealing.forget_all()
    sent(site, event, seal_hour=HOUR - 30)
    assert known(event) == {"user_agent": CHROME}


def test_contact_data_goes_on_the_visits_conversions_and_is_remembered_nowhere(site: Site) -> None:
    old, before, same, after = click(-60), click(0), click(5), click(9)
    sent(site, old)  # another visit, an hour before
    sent(site, before)
    sent(site, view(0), click(0), visitor=8)
    sent(site, identify(4), same)
    sent(site, after)
    hashes = email_hashes("jo@kestrel.example")
    agent = {"user_agent": CHROME}
    assert [known(one) for one in (old, before, same, after)] == [agent, hashes | agent, hashes | agent, agent]
    assert sum("email_sha256" in keys for keys in match_keys_open(stored()).values()) == 2
    # What is there stays, and what is older than half an hour isn't touched.
    ConversionMatch.objects.filter(event_id=after.event_id).update(stored_at=clock.now() - timedelta(minutes=31))
    sent(site, identify(10, "al@kestrel.example"))
    assert (known(before), known(after)) == (hashes | agent, agent)


@pytest.mark.parametrize("choice", [("granted", "denied"), ("denied", "denied"), ("denied", "")])
def test_a_refusal_later_on_erases_them(site: Site, choice: tuple[str, str]) -> None:
    mine, others = with_keys(click(0)), with_keys(click(0))
    sent(site, mine)
    sent(site, others, visitor=8)
    word = EventIn(uuid7(at(3)), "event", at(3), name="consent")
    sent(site, word, consent=Consent(*choice, source="api", at_ms=at(3)))
    assert stored() == {others.event_id}
    # What was sent before and comes late isn't kept either.
    sent(site, with_keys(click(2)), consent=msgspec.structs.replace(GRANTED, at_ms=at(1)))
    assert stored() == {others.event_id}


def test_a_refusal_in_the_same_batch_leaves_nothing(site: Site) -> None:
    refused = Consent("granted", "denied", source="api", at_ms=at(3))
    store(
        envelope(site, with_keys(click(0)), identify(1), consent=GRANTED, seal_hour=HOUR),
        envelope(site, view(3), consent=refused),
    )
    assert stored() == set()


def test_they_follow_visits_that_are_joined_and_a_refusal_of_one_is_that_of_all(site: Site) -> None:
    first, last = with_keys(click(0)), with_keys(click(50))
    sent(site, first, consent=msgspec.structs.replace(GRANTED, at_ms=at(0)))
    sent(site, last, consent=msgspec.structs.replace(GRANTED, at_ms=at(50)))
    sent(site, view(25), consent=Consent())
    (visit,) = visits(site)
    assert set(ConversionMatch.objects.values_list("session_id", flat=True)) == {visit.id}
    assert len(stored()) == 2
    other = with_keys(click(0))
    sent(site, other, visitor=8)
    sent(site, view(50), visitor=8, consent=Consent("granted", "denied", source="api", at_ms=at(50)))
    assert other.event_id in stored()
    sent(site, view(25), visitor=8, consent=Consent())
    assert stored() == {first.event_id, last.event_id}


def test_they_go_with_delivery_visit_site_retention_and_after_a_week(
    site: Site, in_alder: Cast, caplog: pytest.LogCaptureFixture
) -> None:
    goal_make(in_alder.other_site, "event", event_name="signup")
    by_visitor = {visitor: with_keys(click(0)) for visitor in (7, 8, 9, 10, 11)}
    for visitor, event in by_visitor.items():
        sent(site, event, visitor=visitor)
    others = with_keys(click(0))
    sent(in_alder.other_site, others)
    delivered, weeks_old, erased, spoilt, _ = by_visitor.values()
    for _ in range(2):
        match_keys_forget([delivered.event_id])
    ConversionMatch.objects.filter(event_id=weeks_old.event_id).update(stored_at=clock.now() - KEPT)
    expire_task()
    assert match_keys_expire(clock.now()) == 0
    visit_erase(site_id=site.id, session_id=ConversionMatch.objects.get(event_id=erased.event_id).session_id)
    assert stored() == {spoilt.event_id, by_visitor[11].event_id, others.event_id}
    # A seal belongs to its event.
    sealed = ConversionMatch.objects.get(event_id=others.event_id).sealed
    ConversionMatch.objects.filter(event_id=spoilt.event_id).update(sealed=sealed)
    assert match_keys_open(stored()).keys() == {by_visitor[11].event_id, others.event_id}
    assert str(spoilt.event_id) in caplog.text
    site_erase(site.id)
    assert stored() == {others.event_id}
    in_alder.other_site.retention_days = 1
    in_alder.other_site.save()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(clock, "now", lambda: clock.from_ms(at(3 * 24 * 60)))
        assert retention_enforce() == 1
    assert stored() == set()


@pytest.mark.parametrize("visitors", [1, 50])
def test_keys_take_one_query_and_contact_data_two_at_most(site: Site, visitors: int) -> None:
    ids = range(16, 16 * (visitors + 1), 16)

    def queries(*events: str, consent: Consent = GRANTED) -> int:
        made = {"meets": lambda: with_keys(click(1)), "other": lambda: with_keys(click(1, "other"))}
        made["tells"] = lambda: identify(1)
        bodies = [
            envelope(site, *(made[one]() for one in events), visitor=one, consent=consent, seal_hour=HOUR)
            for one in ids
        ]
        return queries_of(lambda: store(*bodies))

    queries("other")  # leaves, positions and records of consent are there
    plain = queries("other")
    assert queries("meets", consent=Consent()) == plain + 1
    assert queries("meets") == plain + 2
    assert queries("tells") == plain + 2
    assert queries("tells") == plain + 1
    event_ids = stored()
    assert len(event_ids) == visitors
    assert queries_of(lambda: match_keys_open(event_ids)) == 1
