"""What a page says of itself: canonical address, content group, language; from the door to the stream."""

import pytest

from .doors import DoorClient, Streams, batch, custom, pageview


def test_a_page_view_keeps_them_reduced_and_scrubbed(door: DoorClient, streams: Streams) -> None:
    words = {
        "canonical": "https://user:pw@Shop.example:8443/p/jo@mail.example?utm_source=a&token=1#top",
        "content_group": "Team of jo@mail.example",
        "language": "de_AT",
    }
    assert door.post(batch(pageview(1, **words))).status_code == 202
    (event,) = streams.envelopes[0].events
    assert event.canonical_url == "shop.example/p/[email]?utm_source=a"
    assert (event.content_group, event.page_language) == ("Team of [email]", "de-AT")


def test_they_are_optional_and_of_page_views_only(door: DoorClient, streams: Streams) -> None:
    words = {"canonical": "https://shop.example/a", "content_group": "A", "language": "en"}
    door.post(batch(pageview(1), custom(2, url="https://shop.example/", **words), pageview(3, canonical=None)))
    for event in streams.envelopes[0].events:
        assert (event.canonical_url, event.content_group, event.page_language) == ("", "", "")


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ({"canonical": "/relative"}, ("", "")),
        ({"canonical": "javascript:alert(1)"}, ("", "")),
        ({"canonical": ""}, ("", "")),
        ({"language": "{{ lang }}"}, ("", "")),
        ({"language": " en-Latn-GB "}, ("", "en-Latn-GB")),
        ({"language": "x" * 36}, ("", "")),
    ],
)
def test_what_is_neither_address_nor_language_is_left_out(
    door: DoorClient, streams: Streams, words: dict[str, str], kept: tuple[str, str]
) -> None:
    assert door.post(batch(pageview(1, **words))).status_code == 202
    (event,) = streams.envelopes[0].events
    assert (event.canonical_url, event.page_language) == kept


def test_too_long_is_cut_and_counted_and_a_wrong_type_is_named(door: DoorClient, streams: Streams) -> None:
    answer = door.post(batch(pageview(1, content_group="g" * 200)))
    assert answer.json()["cut"] == 1
    assert len(streams.envelopes[0].events[0].content_group) == 128
    assert door.post(batch(pageview(2, language=5))).json()["rejected"][0]["field"] == "events[0].language"


def test_a_single_event_may_carry_them(door: DoorClient, streams: Streams) -> None:
    answer = door.post({"site_key": "doorsite", **pageview(content_group="Catalogue")}, "event")
    assert answer.status_code == 202
    assert streams.envelopes[0].events[0].content_group == "Catalogue"
