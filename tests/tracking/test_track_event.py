"""`POST /api/track/event`: one event, its fields beside the site's key."""

from tests.tracking.doors import SITE_KEY, DoorClient, Streams, custom, pageview, why


def test_it_takes_one_event(door: DoorClient, streams: Streams) -> None:
    response = door.post(pageview() | {"site_key": SITE_KEY}, "event")
    assert (response.status_code, response.json()) == (202, {"accepted": 1, "rejected": []})
    assert [event.kind for event in streams.envelopes[0].events] == ["pageview"]


def test_it_names_fields_without_an_index_in_their_name(door: DoorClient, streams: Streams) -> None:
    response = door.post(pageview(at="now") | {"site_key": SITE_KEY}, "event")
    assert response.status_code == 400
    assert response.json()["rejected"] == [{"index": 0, "field": "at", "why": "must be an integer of milliseconds"}]
    assert streams.refused == {"invalid": 1}


def test_unknown_fields_are_ignored_and_counted(door: DoorClient) -> None:
    answer = door.post(custom() | {"site_key": SITE_KEY, "events": [], "colour": 1}, "event").json()
    assert answer == {"accepted": 1, "rejected": [], "ignored": 2}


def test_a_missing_site_key_is_named(door: DoorClient) -> None:
    response = door.post(pageview(), "event")
    assert (response.status_code, why(response)) == (400, {"site_key": "is required"})


def test_revenue_and_its_items_travel(door: DoorClient, streams: Streams) -> None:
    purchase = custom(
        name="purchase",
        value=19.9,
        currency="eur",
        transaction_id="T-1",
        items=[{"sku": "A", "name": "Apple", "price": 9.95, "quantity": 2, "category": "Fruit"}],
    )
    assert door.post(purchase | {"site_key": SITE_KEY}, "event").status_code == 202
    event = streams.envelopes[0].events[0]
    assert (event.name, event.value, event.currency, event.transaction_id) == ("purchase", "19.9", "EUR", "T-1")
    assert event.items == [{"sku": "A", "name": "Apple", "price": "9.95", "quantity": 2, "category": "Fruit"}]


def test_other_methods_are_405(door: DoorClient) -> None:
    for method in ("get", "put", "delete", "patch"):
        response = getattr(door.client, method)("/api/track/event", headers={"Host": "localhost"})
        assert response.status_code == 405


def test_a_preflight_is_allowed(door: DoorClient) -> None:
    response = door.client.options("/api/track/event", headers={"Host": "localhost", "Origin": "https://any.example"})
    assert response.status_code == 204
    assert response["Access-Control-Allow-Origin"] == "*"
    assert "Content-Type" in response["Access-Control-Allow-Headers"]
