"""Slack's messages, answers, quiet hours and form. Pure; what is posted is held against the stand-in's rules."""

import json
from datetime import UTC, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from apps.demo.slack_stand_in.rules import refusal_of
from apps.demo.slack_stand_in.server import ADDRESS, STATUSES
from apps.destinations.masking import answer_masked, request_masked
from apps.destinations.occurrences import CompanyFacts, Message
from apps.destinations.providers.base import Answer, Outcome, SiteFacts, Target
from apps.destinations.providers.slack.answers import verdict_of
from apps.destinations.providers.slack.forms import SlackForm
from apps.destinations.providers.slack.provider import Slack
from apps.destinations.providers.slack.quiet import quiet_until
from apps.destinations.providers.slack.text import escaped, link

from .occurring import message

SLACK = Slack()
SITE = SiteFacts("Lifts & Co", "Europe/Berlin", "https://alder.beacon.example/s/lifts/visits")
TARGET = Target(1, {}, {"webhook_url": ADDRESS}, site=SITE)
BERLIN = ZoneInfo("Europe/Berlin")
QUIET = (time(20), time(8))
ILL = "<!channel> *Ann* & <https://evil.example|click> " + "&" * 5_000


def posted(one: Message, target: Target = TARGET) -> dict[str, Any]:
    payload: dict[str, Any] = json.loads(SLACK.request(target, [one]).body or b"")
    assert refusal_of(payload) == "" and SLACK.problems(target, one) == []
    return payload


def shown(payload: dict[str, Any]) -> str:
    texts = [block.get("text", {}).get("text", "") for block in payload["blocks"]]
    texts += [
        one["text"] for block in payload["blocks"] for one in (*block.get("fields", ()), *block.get("elements", ()))
    ]
    return "\n".join(texts)


def test_a_message_says_who_did_what_where_and_how_to_see_it() -> None:
    payload = posted(message(params={"plan": "pro", "seats": 12}))
    assert payload["text"] == "Demo request: Kestrel Lifts, 40.50 EUR"
    assert payload["blocks"][0]["text"] == {"type": "plain_text", "text": "Demo request", "emoji": False}
    assert payload["blocks"][0]["block_id"] == "msg_7f3c"
    assert payload["unfurl_links"] is payload["unfurl_media"] is False
    text = shown(payload)
    for part in (
        "*Kestrel Lifts* · kestrel.example · business · Germany",
        "*Value*\n40.50 EUR",
        "*Interest*\n72 of 100 · warm",
        "*What*\nevent demo",
        "*Page*\nBook a demo\n<https://lifts.example/demo|lifts.example/demo>",
        "*Came from*\ngoogle / cpc · spring",
        "*plan*\npro",
        "*seats*\n12",
        "<https://alder.beacon.example/s/lifts/visits/0190c5f2-6b02-7d11-8c44-91e0a7d35b20|Open the visit in Beacon>",
        "<!date^1778666340^{date_short_pretty}, {time}|Wed 13 May 2026, 11:59:00 CEST> · Lifts &amp; Co · Beacon",
    ):
        assert part in text
    for kept_back in ("utm_source", "Cj0K", "fb.1.", "e" * 64, "Mozilla", "Berlin", "Firefox"):
        assert kept_back not in text


def test_what_is_not_known_is_said_to_be_so() -> None:
    text = shown(posted(message(company=None, value=None, country="", source="", medium="", campaign="")))
    assert "*Unknown company*\nNothing tells which company this visitor is from, or it is one that you ignore." in text
    assert "Value" not in text and "Interest" not in text and "Came from" not in text
    young = CompanyFacts("Kestrel Lifts", "", "business")
    assert "*Interest*\nnot scored yet" in shown(posted(message(company=young)))
    assert "Open the visit" not in shown(posted(message(session_id=UUID(int=0))))
    assert "Open the visit" not in shown(posted(message(), Target(1, {}, {"webhook_url": ADDRESS})))


@pytest.mark.parametrize("is_test_mode", [True, False])
def test_a_test_says_that_it_is_one(is_test_mode: bool) -> None:
    target = Target(1, {}, {"webhook_url": ADDRESS}, is_test_mode=is_test_mode, site=SITE)
    payload = posted(message(is_test=not is_test_mode), target)
    assert payload["text"].startswith("Test: Demo request") and "nobody did this" in shown(payload)


def test_whatever_visitors_write_stays_text_and_within_slacks_limits() -> None:
    payload = posted(
        message(
            name=ILL,
            company=CompanyFacts(ILL, ILL, ILL, 1, ILL),
            page_title=ILL,
            page_path=f"/{ILL}",
            page_url=f"https://lifts.example/{ILL}?{ILL}",
            event_name=ILL,
            source=ILL,
            campaign=ILL,
            params={f"{number}{ILL}": ILL for number in range(20)},
        )
    )
    text = shown(payload) + payload["text"]
    assert "<!channel>" not in text and "<https://evil" not in text
    assert all(one["verbatim"] for block in payload["blocks"] for one in block.get("fields", ()))
    assert len(json.dumps(payload)) < 30_000


@pytest.mark.parametrize(
    ("text", "most", "found"),
    [
        ("a < b & c > d", 100, "a &lt; b &amp; c &gt; d"),
        ("&amp;", 100, "&amp;amp;"),
        (" two\n lines\t", 100, "two lines"),
        ("12345", 5, "12345"),
        ("123456", 5, "1234…"),
        ("ab&cd", 8, "ab&amp;…"),
        ("ab&cd", 7, "ab…"),
        ("", 5, ""),
    ],
)
def test_three_characters_are_escaped_and_no_escape_is_cut(text: str, most: int, found: str) -> None:
    assert escaped(text, most) == found


def test_an_address_cannot_end_its_link() -> None:
    assert link("https://a.example/x|y>z?<b>&c", "L") == "<https://a.example/x%7Cy%3Ez?%3Cb%3E&amp;c|L>"


def test_the_address_is_masked_whichever_host_is_asked() -> None:
    token = ADDRESS.rpartition("/")[2]
    for base_url in ("", "http://127.0.0.1:9105"):
        target = Target(1, {}, {"webhook_url": ADDRESS}, base_url=base_url, site=SITE)
        request = SLACK.request(target, [message()])
        assert request.url.endswith(ADDRESS.removeprefix("https://hooks.slack.com"))
        assert request.url.startswith(base_url or "https://hooks.slack.com/")
        kept = request_masked(request, SLACK.masked, [ADDRESS])
        assert token not in kept and "STANDIN" not in kept and "••••" in kept and "Kestrel" in kept
    assert answer_masked(f"no {token}, no {ADDRESS}", SLACK.masked, [ADDRESS]) == "no ••••, no ••••"


OUTCOMES = {
    Outcome.GONE: ("user_not_found", "invalid_token", "channel_not_found", "no_active_hooks", "no_service", "no_team",
                   "channel_is_archived"),
    Outcome.REFUSED: ("action_prohibited", "posting_to_general_channel_denied"),
    Outcome.REJECTED: ("invalid_payload", "invalid_blocks", "no_text"),
    Outcome.RETRY: ("rollup_error",),
}  # fmt: skip


def test_each_documented_error_has_its_own_meaning_and_words() -> None:
    found = {}
    for word, status in STATUSES.items():
        verdict = verdict_of(Answer(status, {}, f"{word}\n"))
        assert verdict.reason == word and verdict.words.endswith(".")
        found[word] = verdict.outcome
    assert found == {word: outcome for outcome, words in OUTCOMES.items() for word in words}


@pytest.mark.parametrize(
    ("status", "text", "outcome", "reason"),
    [
        (200, "ok", Outcome.RECEIVED, "ok"),
        (200, "<html>sign in</html>", Outcome.UNSURE, "not_ok"),
        (429, "rate_limited", Outcome.RETRY, "rate_limited"),
        (503, "", Outcome.RETRY, "http_503"),
        (500, "no_service", Outcome.RETRY, "http_500"),
        (400, "something new", Outcome.REJECTED, "http_400"),
        (403, "<html>proxy</html>", Outcome.REFUSED, "http_403"),
        (404, "", Outcome.REFUSED, "http_404"),
        (302, "", Outcome.REFUSED, "http_302"),
        (410, "", Outcome.GONE, "http_410"),
    ],
)
def test_other_answers_are_taken_for_no_more_than_they_say(
    status: int, text: str, outcome: Outcome, reason: str
) -> None:
    verdict = verdict_of(Answer(status, {"retry-after": "30"}, text))
    assert (verdict.outcome, verdict.reason) == (outcome, reason)
    assert verdict.retry_after == (30 if outcome is Outcome.RETRY else None)


@pytest.mark.parametrize(
    ("now", "hours", "until"),
    [
        ("2026-05-13T19:59+02:00", QUIET, None),
        ("2026-05-13T20:00+02:00", QUIET, "2026-05-14T08:00+02:00"),
        ("2026-05-14T00:30+02:00", QUIET, "2026-05-14T08:00+02:00"),
        ("2026-05-14T07:59:59+02:00", QUIET, "2026-05-14T08:00+02:00"),
        ("2026-05-14T08:00+02:00", QUIET, None),
        # Within a day.
        ("2026-05-13T12:30+02:00", (time(12), time(13)), "2026-05-13T13:00+02:00"),
        ("2026-05-13T13:00+02:00", (time(12), time(13)), None),
        ("2026-05-13T23:59+02:00", (time(22), time(0)), "2026-05-14T00:00+02:00"),
        ("2026-05-14T00:00+02:00", (time(22), time(0)), None),
        # The nights in which the clock is put forward (02:00 to 03:00) and back (03:00 to 02:00).
        ("2026-03-29T01:00+01:00", QUIET, "2026-03-29T08:00+02:00"),
        ("2026-03-29T01:59+01:00", (time(20), time(2, 30)), "2026-03-29T03:30+02:00"),
        ("2026-10-25T02:10+02:00", (time(20), time(2, 30)), "2026-10-25T02:30+01:00"),
        ("2026-10-25T02:10+01:00", (time(20), time(2, 30)), "2026-10-25T02:30+01:00"),
        ("2026-10-25T01:00+02:00", QUIET, "2026-10-25T08:00+01:00"),
    ],
)
def test_quiet_hours_are_those_of_the_sites_clock(now: str, hours: tuple[time, time], until: str | None) -> None:
    found = quiet_until(datetime.fromisoformat(now).astimezone(UTC), since=hours[0], until=hours[1], zone=BERLIN)
    assert found == (datetime.fromisoformat(until) if until else None)


def test_the_form_keeps_what_is_sent_by() -> None:
    given = {"webhook_url": f" {ADDRESS} ", "channel": "sales", "quiet_from": "20:00", "quiet_until": "8:00"}
    form = SlackForm(given)
    assert form.is_valid(), form.errors
    assert form.cleaned_data == {
        "webhook_url": ADDRESS,
        "channel": "#sales",
        "quiet_from": "20:00",
        "quiet_until": "08:00",
    }
    assert SLACK.describe(form.cleaned_data) == "#sales" and SLACK.describe({}) == "a channel"
    target = Target(1, form.cleaned_data, {}, site=SITE)
    assert SLACK.not_before(target, datetime(2026, 5, 13, 19, tzinfo=UTC)) == datetime(2026, 5, 14, 6, tzinfo=UTC)
    assert SLACK.not_before(target, datetime(2026, 5, 13, 12, tzinfo=UTC)) is None
    kept = SlackForm({"webhook_url": ""}, has_secrets=True)
    assert kept.is_valid() and set(kept.cleaned_data.values()) == {""}
    assert SLACK.not_before(Target(1, kept.cleaned_data, {}), datetime(2026, 5, 13, 2, tzinfo=UTC)) is None
    assert ADDRESS not in form.as_p()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("webhook_url", "", "required"),
        ("webhook_url", "https://hooks.slack.com/triggers/T1/2/abc", "workflow"),
        ("webhook_url", "https://hooks.slack.com/services/T1/B2", "copy it whole"),
        ("webhook_url", "http://hooks.slack.com/services/T1/B2/abc", "copy it whole"),
        ("webhook_url", "https://hooks.slack.com.evil.example/services/T1/B2/abc", "copy it whole"),
        ("webhook_url", f"{ADDRESS}?x=1", "copy it whole"),
        ("quiet_until", "", "until when"),
        ("quiet_from", "", "from when"),
        ("quiet_until", "20:00", "never be quiet"),
        ("quiet_until", "soon", "valid time"),
    ],
)
def test_the_form_says_what_is_wrong(field: str, value: str, words: str) -> None:
    given = {"webhook_url": ADDRESS, "quiet_from": "20:00", "quiet_until": "08:00"}
    form = SlackForm({**given, field: value})
    assert not form.is_valid() and words in str(form.errors[field])


def test_slack_is_told_the_goals_name_and_never_what_may_have_come_twice() -> None:
    assert SLACK.default_name(goal_name="Demo request", event_name="demo") == "Demo request"
    assert SLACK.default_name(goal_name="", event_name="demo") == "demo"
    assert not SLACK.repeats_safely(message())
