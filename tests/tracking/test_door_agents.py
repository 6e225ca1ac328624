"""User agents that a site doesn't count: refused at the door, which alone ever sees them."""

import pytest

from apps.agencies.api_keys import INGEST, key_hash
from apps.agencies.models import ApiKey, SiteRoute

from .doors import BROWSER, DoorClient, Streams, batch, custom, pageview, why


@pytest.fixture
def refusing(route: SiteRoute) -> SiteRoute:
    route.settings = {"ignored_user_agents": ["uptimerobot", "acme loadtest"]}
    route.save()
    return route


@pytest.mark.usefixtures("refusing")
@pytest.mark.parametrize("agent", ["Mozilla/5.0 (compatible; UptimeRobot/2.0)", "ACME LoadTest/1", "x uptimerobot"])
def test_they_are_refused_and_counted_as_excluded(door: DoorClient, streams: Streams, agent: str) -> None:
    response = door.post(batch(pageview(1), custom(2)), User_Agent=agent)
    assert response.status_code == 400
    assert response["Beacon-Reason"] == "excluded;2"
    assert why(response) == {"": "comes from a user agent that this site doesn't count"}
    assert streams.refused == {"excluded": 2}
    assert streams.envelopes == []
    assert agent.encode() not in streams.raw


@pytest.mark.usefixtures("refusing")
def test_others_come_in(door: DoorClient, streams: Streams) -> None:
    assert door.post(batch(pageview()), User_Agent=BROWSER).status_code == 202
    assert len(streams.envelopes) == 1


def test_from_a_server_it_is_the_visitors_agent_that_counts(
    door: DoorClient, refusing: SiteRoute, streams: Streams
) -> None:
    ApiKey.objects.create(agency=refusing.agency, name="k", prefix="bk", key_hash=key_hash("secret"), scopes=[INGEST])
    body = batch(pageview(), user_agent="UptimeRobot/2.0")
    assert door.post(body, User_Agent="python", Authorization="Bearer secret").status_code == 400
    body = batch(pageview(2), user_agent=BROWSER)
    assert door.post(body, User_Agent="UptimeRobot", Authorization="Bearer secret").status_code == 202
    assert len(streams.envelopes) == 1
