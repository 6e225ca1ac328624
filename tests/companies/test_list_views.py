"""Saved views of the list: saving, sharing, renaming, deleting, and who sees which."""

from typing import Any

import pytest

from apps.companies.models import SavedView
from apps.companies.saved_views import MOST_OWN
from apps.sites.models import Site
from tests.cast import Cast

from .reading import words

SITE = "/s/first-site/companies"


def save(cast: Cast, who: Any, address: str = SITE, **sent: str) -> str:
    answer = cast.browser(who).post(f"{address}/views", {"name": "Warm ones", "query": "", **sent}, follow=True)
    assert answer.status_code == 200
    return str(answer.content.decode())


def tabs(cast: Cast, who: Any, address: str = SITE) -> str:
    page = cast.browser(who).get(address).content.decode()
    return words(page.split('aria-label="Views"')[1].split("</nav>")[0])


def test_a_view_keeps_what_the_list_shows_and_leads_back_to_it(worked_month: Cast) -> None:
    query = "page=3&q=varn&f=kind:is:business&sort=-visits&cols=visits&period=90d&nonsense=1&view="
    page = save(worked_month, worked_month.analyst, query=query)
    assert "“Warm ones” is saved." in words(page)
    view = SavedView.objects.get()
    assert view.query == "q=varn&f=kind%3Ais%3Abusiness&sort=-visits&cols=visits&period=90d"
    shown = worked_month.browser(worked_month.analyst).get(f"{SITE}?{view.query}").content.decode()
    assert '" aria-current="true">Warm ones' in shown
    assert shown.count('" aria-current="true">All') == 0


def test_own_ones_are_ones_own_and_shared_ones_are_for_all_who_see_the_site(worked_month: Cast) -> None:
    save(worked_month, worked_month.analyst)
    assert "Warm ones" not in tabs(worked_month, worked_month.owner)
    save(worked_month, worked_month.analyst, shared="1")
    assert SavedView.objects.count() == 1
    for who in (worked_month.owner, worked_month.viewer, worked_month.limited):
        assert "Warm ones" in tabs(worked_month, who)
    assert "Warm ones" not in tabs(worked_month, worked_month.owner, "/s/second-site/companies")
    assert "Warm ones" not in tabs(worked_month, worked_month.owner, "/companies")


def test_a_shared_view_of_all_sites_isnt_for_those_who_see_some_clients(worked_month: Cast) -> None:
    save(worked_month, worked_month.analyst, "/companies", shared="1", name="About the second client")
    assert "About the second client" in tabs(worked_month, worked_month.owner, "/companies")
    assert "About the second client" not in tabs(worked_month, worked_month.limited, "/companies")
    view = SavedView.objects.get()
    limited = worked_month.browser(worked_month.limited)
    assert limited.post(f"/companies/views/{view.id}", {"action": "delete"}).status_code == 404
    save(worked_month, worked_month.limited, "/companies", name="Mine")
    assert "Mine" in tabs(worked_month, worked_month.limited, "/companies")


def test_renaming_and_deleting_are_the_owners_and_of_shared_ones_the_managers(worked_month: Cast) -> None:
    save(worked_month, worked_month.owner, shared="1")
    address = f"{SITE}/views/{SavedView.objects.get().id}"
    refused = worked_month.browser(worked_month.analyst).post(address, {"action": "delete"}, follow=True)
    assert "This view is somebody else’s" in words(refused.content.decode())
    worked_month.browser(worked_month.owner).post(address, {"name": "Warmer ones"})
    view = SavedView.objects.get()
    assert (view.name, view.is_shared) == ("Warmer ones", False)
    # No longer shared, it is nobody's but the owner's.
    assert worked_month.browser(worked_month.admin).post(address, {"action": "delete"}).status_code == 404
    worked_month.browser(worked_month.owner).post(address, {"name": "Warmer ones", "shared": "1"})
    worked_month.browser(worked_month.admin).post(address, {"action": "delete"})
    assert not SavedView.objects.exists()


def test_a_name_stands_once_among_those_that_one_sees(worked_month: Cast) -> None:
    save(worked_month, worked_month.owner, shared="1")
    taken = "There is a view “Warm ones” here already"
    assert taken in words(save(worked_month, worked_month.analyst, name="warm  Ones"))
    save(worked_month, worked_month.analyst, name="Mine")
    address = f"{SITE}/views/{SavedView.objects.get(name='Mine').id}"
    renamed = worked_month.browser(worked_month.analyst).post(address, {"name": "Warm ones"}, follow=True)
    assert taken in words(renamed.content.decode())
    # Its own name again is no other's, and another site's views are others.
    worked_month.browser(worked_month.analyst).post(address, {"name": "mine", "shared": "1"})
    save(worked_month, worked_month.owner, "/s/second-site/companies")
    assert sorted(SavedView.objects.values_list("name", flat=True)) == ["Warm ones", "Warm ones", "mine"]


def test_views_of_a_site_that_moved_to_another_client_are_hidden_there(worked_month: Cast) -> None:
    cast = worked_month
    save(cast, cast.analyst, shared="1")
    address = f"{SITE}/views/{SavedView.objects.get().id}"
    Site.objects.filter(id=cast.site.id).update(client_id=cast.second.id)
    assert "Warm ones" not in tabs(cast, cast.owner) and "Warm ones" not in tabs(cast, cast.analyst)
    assert cast.browser(cast.owner).post(address, {"action": "delete"}).status_code == 404
    save(cast, cast.owner)
    Site.objects.filter(id=cast.site.id).update(client_id=cast.first.id)
    assert tabs(cast, cast.owner).count("Warm ones") == 1


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"name": " "}, "A view needs a name."),
        ({"name": "x" * 61}, "up to 60 characters, this one 61"),
        ({"name": "a\x00b"}, "a character that can’t be shown"),
        ({"query": "q=" + "x" * 7_000}, "asks for too much"),
    ],
)
def test_bad_ones_are_refused_in_words(worked_month: Cast, sent: dict[str, str], said: str) -> None:
    assert said in words(save(worked_month, worked_month.analyst, **sent))
    assert not SavedView.objects.exists()


def test_there_are_only_so_many(worked_month: Cast) -> None:
    about: dict[str, Any] = {"site_id": worked_month.site.id, "owner_id": worked_month.analyst.user_id, "query": ""}
    at = worked_month.site.created_at
    SavedView.objects.bulk_create(SavedView(name=f"V{n}", created_at=at, **about) for n in range(MOST_OWN))
    assert "delete one first" in words(save(worked_month, worked_month.analyst))


def test_who_may(worked_month: Cast) -> None:
    save(worked_month, worked_month.owner, shared="1")
    one = f"views/{SavedView.objects.get().id}"
    for path in ("views", one):
        post = {"name": "x", "action": "delete"}
        assert worked_month.browser(worked_month.viewer).post(f"{SITE}/{path}", post).status_code == 403
        assert worked_month.browser(worked_month.outsider).post(f"{SITE}/{path}", post).status_code == 404
        limited = worked_month.browser(worked_month.limited)
        assert limited.post(f"/s/second-site/companies/{path}", post).status_code == 404
        assert worked_month.browser(worked_month.owner).get(f"{SITE}/{path}").status_code == 405
    assert worked_month.browser(worked_month.owner).post(f"/s/second-site/companies/{one}", {}).status_code == 404
