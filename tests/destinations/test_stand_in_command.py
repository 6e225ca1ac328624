"""`manage.py destination_stand_in`."""

from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.destinations.delivering import destination_send
from apps.destinations.models import Destination
from apps.sites.models import Goal
from tests.cast import Cast

from .conftest import convert, only, route


def said(*args: str, **options: Any) -> str:
    out = StringIO()
    call_command("destination_stand_in", *args, stdout=out, **options)
    return out.getvalue()


def test_destinations_are_listed_with_where_they_send_to(in_alder: Cast, webhook: Destination) -> None:
    assert said(agency="alder") == f"alder/first-site  {webhook.id}  webhook  CRM: {webhook.stand_in_url}\n"


def test_one_is_pointed_at_a_stand_in_and_at_its_provider_again(
    in_alder: Cast, webhook: Destination, goal: Goal, receiver_url: str
) -> None:
    Destination.objects.update(stand_in_url="", problem="401", open_until=webhook.created_at, failures=7)
    route(convert(goal, in_alder.site))
    text = said(receiver_url, agency="alder", destination=webhook.id)
    assert text.endswith(f"CRM: {receiver_url}\n1 that wait go there next.\n")
    destination_send(webhook.id)
    assert only().state == "received"
    assert said(agency="alder", destination=webhook.id, real=True).endswith("CRM: the provider itself\n")
    webhook.refresh_from_db()
    assert (webhook.stand_in_url, webhook.problem, webhook.failures) == ("", "", 0)


@pytest.mark.parametrize(
    ("args", "options", "why"),
    [
        (["http://127.0.0.1:9104"], {}, "Name the destination"),
        ([], {"destination": 1, "agency": "alder"}, "Name the stand-in's address, or write --real"),
        (["http://127.0.0.1:9104"], {"destination": 1}, "Name the agency"),
        (["http://127.0.0.1:9104"], {"destination": 999_999, "agency": "alder"}, "There is no such destination"),
    ],
)
def test_what_is_missing_is_said(in_alder: Cast, args: list[str], options: dict[str, Any], why: str) -> None:
    with pytest.raises(CommandError, match=why):
        said(*args, **options)


@pytest.mark.parametrize("url", ["127.0.0.1:9104", "file:///etc/passwd", "http://", "http://x/?a=b", "http://a@b/"])
def test_what_is_no_address_is_refused(in_alder: Cast, webhook: Destination, url: str) -> None:
    with pytest.raises(CommandError, match="begins with http"):
        said(url, agency="alder", destination=webhook.id)
