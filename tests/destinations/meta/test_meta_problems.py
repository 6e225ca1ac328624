"""What Meta would refuse is found before anything is sent: each case is sent all the same, and refused."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from apps.destinations.occurrences import MatchKeys
from apps.destinations.providers.base import Outcome
from apps.destinations.providers.meta.identity import user_data_of
from tests.destinations.conftest import NOW
from tests.destinations.meta.conftest import There
from tests.destinations.meta.messages import AGENT, EMAIL, KEYS, META, ask, message


@pytest.mark.parametrize(
    ("wrong", "field", "reason"),
    [
        ({"name": " "}, "event_name", "100/2804019"),
        ({"name": "Purchase", "value": None}, "custom_data.value", "100/2804019"),
        ({"name": "Purchase", "currency": ""}, "custom_data.currency", "100/2804019"),
        ({"currency": "eur"}, "custom_data.currency", "100/2804019"),
        ({"occurred_at": NOW - timedelta(days=7, minutes=1)}, "event_time", "100/2804003"),
        ({"match": replace(KEYS, email_sha256="ada@example.org")}, "user_data.em", "100/2804019"),
        ({"match": replace(KEYS, phone_sha256="AB" * 32)}, "user_data.ph", "100/2804019"),
        ({"params": {"action_source": "web"}}, "action_source", "100/2804019"),
        (
            {"params": {"action_source": "website"}, "page_url": ""},
            "event_source_url",
            "100/2804019",
        ),
    ],
)
def test_it_is_found_beforehand(there: There, wrong: dict[str, Any], field: str, reason: str) -> None:
    told = message(**wrong)
    (problem,) = META.problems(there.target, told)
    assert problem.field == field and problem.rule
    request = META.request(there.target, [told])
    (verdict,) = META.verdicts(request, ask(request))
    assert (verdict.outcome, verdict.reason) == (Outcome.REJECTED, reason)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"value": "much"}, "custom_data.value"),
        ({"num_items": "1.5"}, "custom_data.num_items"),
        ({"net_revenue": True}, "custom_data.net_revenue"),
        ({"content_ids": " , "}, "custom_data.content_ids"),
        ({"contents": "[1]"}, "custom_data.contents"),
    ],
)
def test_a_rules_field_of_the_wrong_kind_is_told(there: There, params: dict[str, Any], field: str) -> None:
    assert [one.field for one in META.problems(there.target, message(params=params))] == [field]


def test_a_test_without_its_code_would_count_for_real(there: There) -> None:
    in_test = replace(there.target, is_test_mode=True)
    assert [one.field for one in META.problems(in_test, message())] == ["test_event_code"]
    assert [one.field for one in META.problems(there.target, replace(message(), is_test=True))] == ["test_event_code"]
    with_code = replace(in_test, settings={**in_test.settings, "test_event_code": "TEST1"})
    assert META.problems(with_code, message()) == []


def test_what_the_pixel_has_sent_two_days_ago_is_not_sent_any_more(there: There) -> None:
    old = NOW - timedelta(hours=49)
    twin = message(occurred_at=old, match=replace(KEYS, event_id="lead-42"))
    assert "count twice" in META.problems(there.target, twin)[0].rule
    assert META.problems(there.target, message(occurred_at=old)) == []
    alone = replace(there.target, settings={**there.target.settings, "pixel": "alone"})
    assert META.problems(alone, twin) == []


@pytest.mark.parametrize(
    "fine",
    [
        {},
        {"value": None, "currency": ""},
        {"currency": ""},
        {"name": "Purchase"},
        {"country": "", "page_url": ""},
        {"params": {"action_source": "phone_call", "num_items": "3", "content_ids": "a, b", "status": "new"}},
        {"items": [{"sku": "A", "quantity": 1.5, "price": "x"}, {"name": "no id"}]},
        {"country": "US", "region": "Texas"},
        {"occurred_at": NOW - timedelta(days=6, hours=23)},
    ],
)
def test_what_is_fine_has_none_and_is_taken(there: There, fine: dict[str, Any]) -> None:
    told = message(**fine)
    target = replace(there.target, settings={**there.target.settings, "data_processing": "states"})
    assert META.problems(target, told) == []
    request = META.request(target, [told])
    assert META.verdicts(request, ask(request))[0].outcome is Outcome.RECEIVED


@pytest.mark.parametrize(
    "start", ["fb.3.1795199000000", "fb.7.1795199000000", "fb.1.1795199000", "fb.1.17951990000000"]
)
def test_cookies_of_a_form_that_meta_refuses_are_left_out(start: str, there: There) -> None:
    told = message(match=MatchKeys(fbp=f"{start}.9", fbc=f"{start}.AbC", email_sha256=EMAIL, user_agent=AGENT))
    assert {"fbp", "fbc"}.isdisjoint(user_data_of(told))
    (verdict,) = there.send(told)
    assert verdict.outcome == Outcome.RECEIVED
