"""`Beacon-Reason`: what the door knows won't be counted, for the web developer who looks at the answer's headers."""

from collections.abc import Callable
from ipaddress import ip_network
from typing import Any

import pytest

from apps.agencies.models import SiteRoute
from apps.sites.exclusions import networks_seal, to_text
from apps.tracking import apis, routes
from apps.tracking.events import DAY_MS
from apps.tracking.throttles import Limits
from tests.tracking.doors import ADDRESS, SITE_KEY, DoorClient, Streams, batch, custom, now_ms, pageview

GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
Ask = Callable[[DoorClient], Any]


def exclude() -> None:
    sealed = to_text(networks_seal([ip_network(ADDRESS)]))
    SiteRoute.objects.update(settings={"ignored_addresses": sealed})
    routes.heard(SITE_KEY)


def pause() -> None:
    SiteRoute.objects.update(status="paused")
    routes.heard(SITE_KEY)


def nothing() -> None:
    pass


TWO = batch(pageview(1), custom(2))
OLD = now_ms() - 8 * DAY_MS
CASES: list[tuple[str, Callable[[], None], Ask, int, str, dict[str, int]]] = [
    ("origin", nothing, lambda door: door.post(TWO, Origin="https://evil.example"), 403, "origin;2", {"origin": 2}),
    ("null", nothing, lambda door: door.post(TWO, Origin="null"), 403, "origin;2", {"origin": 2}),
    ("unknown", nothing, lambda door: door.post(TWO | {"site_key": "nobody"}), 404, "site", {}),
    ("paused", pause, lambda door: door.post(TWO), 400, "site;2", {"site_paused": 2}),
    ("excluded", exclude, lambda door: door.post(TWO), 400, "excluded;2", {"excluded": 2}),
    ("bot", nothing, lambda door: door.post(TWO, User_Agent=GOOGLEBOT), 202, "bot_declared;2", {}),
    ("old", nothing, lambda door: door.post(batch(pageview(1, at=OLD))), 400, "too_old", {"too_old": 1}),
    (
        "old and bot",
        nothing,
        lambda door: door.post(batch(pageview(1, at=OLD), custom(2)), User_Agent=GOOGLEBOT),
        202,
        "too_old, bot_declared",
        {"too_old": 1},
    ),
]


@pytest.mark.parametrize(
    ("before", "ask", "status", "reason", "refused"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_it_names_the_reason_and_how_many(
    door: DoorClient,
    streams: Streams,
    before: Callable[[], None],
    ask: Ask,
    status: int,
    reason: str,
    refused: dict[str, int],
) -> None:
    before()
    response = ask(door)
    assert (response.status_code, response["Beacon-Reason"]) == (status, reason)
    assert streams.refused == refused


def test_it_names_the_rate(door: DoorClient, streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apis, "limits", Limits(rate_per_ip=1, rate_per_site=1000, is_open_alone=True))
    monkeypatch.setattr("apps.tracking.throttles.monotonic", lambda: 100.0)
    reasons = [door.post(TWO).get("Beacon-Reason") for _ in range(3)]
    assert reasons == [None, None, "rate;2"]
    assert streams.refused == {"rate": 2}


def test_an_event_that_counts_has_none(door: DoorClient) -> None:
    assert "Beacon-Reason" not in door.post(TWO)
