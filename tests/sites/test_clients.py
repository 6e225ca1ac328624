"""Clients and sites of an agency: making, renaming, archiving, deleting, and who may."""

import pytest

from apps.agencies.models import SiteRoute
from apps.sites.models import Client, Site
from apps.sites.services import client_archive
from tests.cast import Cast
from tests.factories import make_client

SITE = {"name": "Third site", "domains": "third.example", "time_zone": "Europe/Berlin"}
PATHS = ("/settings", "/settings/clients/new", "/settings/sites/new", "/settings/clients/{first}")


@pytest.mark.parametrize("path", PATHS)
def test_managers_and_above_see_it(cast: Cast, path: str) -> None:
    for member in (cast.owner, cast.admin, cast.manager):
        assert cast.browser(member).get(path.format(first=cast.first.id)).status_code == 200


@pytest.mark.parametrize("path", PATHS)
def test_lower_roles_are_refused_and_outsiders_find_nothing(cast: Cast, path: str) -> None:
    path = path.format(first=cast.first.id)
    assert cast.browser(cast.analyst).get(path).status_code == 403
    assert cast.browser(cast.viewer).get(path).status_code == 403
    assert cast.browser(cast.outsider).get(path).status_code == 404


def test_a_limited_manager_meets_only_their_clients(cast: Cast) -> None:
    browser = cast.browser(cast.limited)
    page = browser.get("/settings").content
    assert b"First site" in page
    assert b"Second" not in page
    assert browser.get(f"/settings/clients/{cast.second.id}").status_code == 404
    assert browser.get("/settings/clients/new").status_code == 404
    assert b"Second" not in browser.get("/settings/sites/new").content


def test_a_client_is_made_and_leads_on_to_its_first_site(in_alder: Cast) -> None:
    response = in_alder.browser(in_alder.manager).post("/settings/clients/new", {"name": "Third"})
    client = Client.objects.get(name="Third")
    assert response["Location"] == f"/settings/sites/new?client={client.id}"


def test_a_clients_name_is_there_once(cast: Cast) -> None:
    response = cast.browser(cast.manager).post("/settings/clients/new", {"name": "First"})
    assert response.status_code == 422
    assert b"There is a client of this name already" in response.content


def test_a_client_is_renamed(in_alder: Cast) -> None:
    cast = in_alder
    cast.browser(cast.limited).post(f"/settings/clients/{cast.first.id}", {"name": "Renamed"})
    assert Client.objects.get(id=cast.first.id).name == "Renamed"
    assert cast.browser(cast.manager).post(f"/settings/clients/{cast.first.id}", {"name": "Second"}).status_code == 422


def test_archiving_a_client_archives_its_sites(in_alder: Cast) -> None:
    cast = in_alder
    cast.browser(cast.manager).post(f"/settings/clients/{cast.first.id}/state", {"do": "archive"})
    assert Site.objects.get(id=cast.site.id).status == "archived"
    assert SiteRoute.objects.get(site_key=cast.site.site_key).status == "archived"
    assert Site.objects.get(id=cast.other_site.id).status == "active"


def test_a_site_of_an_archived_client_isnt_resumed(in_alder: Cast) -> None:
    cast = in_alder
    client_archive(client=cast.first)
    cast.browser(cast.manager).post("/s/first-site/settings/status", {"status": "active"})
    assert Site.objects.get(id=cast.site.id).status == "archived"
    cast.browser(cast.manager).post(f"/settings/clients/{cast.first.id}/state", {"do": "restore"})
    cast.browser(cast.manager).post("/s/first-site/settings/status", {"status": "active"})
    assert Site.objects.get(id=cast.site.id).status == "active"


def test_a_client_with_sites_isnt_deleted(in_alder: Cast) -> None:
    cast = in_alder
    cast.browser(cast.owner).post(f"/settings/clients/{cast.first.id}/delete")
    assert Client.objects.filter(id=cast.first.id).exists()


def test_a_client_without_sites_is_deleted(in_alder: Cast) -> None:
    cast = in_alder
    empty = make_client("Empty")
    assert cast.browser(cast.limited).post(f"/settings/clients/{empty.id}/delete").status_code == 404
    assert cast.browser(cast.analyst).post(f"/settings/clients/{empty.id}/delete").status_code == 403
    cast.browser(cast.manager).post(f"/settings/clients/{empty.id}/delete")
    assert not Client.objects.filter(id=empty.id).exists()


def test_a_site_is_made_with_its_route_and_waits_for_events(in_alder: Cast) -> None:
    cast = in_alder
    response = cast.browser(cast.limited).post("/settings/sites/new", {**SITE, "client": cast.first.id})
    site = Site.objects.get(name="Third site")
    assert response["Location"] == "/s/third-site/"
    assert (site.client_id, site.time_zone, site.retention_days) == (cast.first.id, "Europe/Berlin", 90)
    route = SiteRoute.objects.get(site_key=site.site_key)
    assert (route.agency, route.schema, route.site_id) == (cast.alder, cast.alder.schema_name, site.id)
    assert (route.status, route.domains) == ("active", ["third.example"])
    page = cast.browser(cast.limited).get("/s/third-site/").content.decode()
    assert "Waiting for the first event" in page
    assert site.site_key in page


def test_two_sites_of_one_name_have_two_addresses(in_alder: Cast) -> None:
    cast = in_alder
    cast.browser(cast.manager).post("/settings/sites/new", {**SITE, "name": "First site", "client": cast.second.id})
    assert Site.objects.filter(name="First site").order_by("id").last().slug == "first-site-2"  # type: ignore[union-attr]


def test_a_site_isnt_made_for_a_client_that_one_cant_see(in_alder: Cast) -> None:
    cast = in_alder
    response = cast.browser(cast.limited).post("/settings/sites/new", {**SITE, "client": cast.second.id})
    assert response.status_code == 422
    assert not Site.objects.filter(name="Third site").exists()
