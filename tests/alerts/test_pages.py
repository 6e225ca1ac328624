"""The pages on which one chooses one's mails, and the link that ends them."""

from typing import Any

import pytest
from django.test import Client as HttpClient

from apps.agencies.models import Membership
from apps.alerts.models import Subscription
from apps.alerts.unsubscribing import unsubscribe_url
from apps.core.tenancy import in_schema
from tests.cast import Cast, public_browser
from tests.secret_keys import key_change

from .conftest import Kind, wish

PAGE = "/s/first-site/alerts"


def text_of(response: Any, status: int = 200) -> str:
    assert response.status_code == status
    return " ".join(response.content.decode().split())


def wishes_of(member: Membership) -> dict[str, list[str]]:
    return {one.kind: one.pages for one in Subscription.objects.filter(user_id=member.user_id)}


def test_all_are_off_until_one_chooses(in_alder: Cast) -> None:
    browser = in_alder.browser(in_alder.viewer)
    page = text_of(browser.get(PAGE))
    assert "checked" not in page
    assert in_alder.viewer.user.email in page
    answer = browser.post(
        PAGE, {"hot": "on", "target": "on", "pages": "/pricing*\n\n demo \n/pricing*", "digest": "on"}
    )
    assert answer["Location"] == PAGE
    assert wishes_of(in_alder.viewer) == {"hot": [], "target": ["/pricing*", "demo"], "digest": []}
    page = text_of(browser.get(PAGE))
    assert page.count("checked") == 3
    assert "/pricing* demo</textarea>" in page
    browser.post(PAGE, {"digest": "on"})
    assert wishes_of(in_alder.viewer) == {"digest": []}
    assert wishes_of(in_alder.owner) == {}


def test_the_page_says_how_many_come_at_most(in_alder: Cast) -> None:
    page = text_of(in_alder.browser(in_alder.viewer).get(PAGE))
    assert "At most one a day for each company, whatever the kind and on whichever site" in page


def test_saving_twice_keeps_since_when(in_alder: Cast) -> None:
    before = wish(in_alder.viewer, in_alder.site, Kind.HOT)
    in_alder.browser(in_alder.viewer).post(PAGE, {"hot": "on"})
    assert Subscription.objects.get().created_at == before.created_at


@pytest.mark.parametrize("pages", ["*", "/with space", "\n".join(f"/{one}" for one in range(21)), "x" * 501, "a\x00b"])
def test_pages_that_cant_be_meant_are_refused(in_alder: Cast, pages: str) -> None:
    answer = in_alder.browser(in_alder.viewer).post(PAGE, {"target": "on", "pages": pages})
    assert 'class="error"' in text_of(answer, 422)
    assert wishes_of(in_alder.viewer) == {}


def test_others_are_kept_out(in_alder: Cast) -> None:
    for path in (PAGE, f"{PAGE}/digest", f"{PAGE}/digest/mail"):
        assert in_alder.browser(in_alder.outsider).get(path).status_code == 404
        assert in_alder.browser(in_alder.outsider, in_alder.birch).get(path).status_code == 404
        elsewhere = path.replace("first", "second")
        assert in_alder.browser(in_alder.limited).get(elsewhere).status_code == 404
    assert in_alder.browser(in_alder.limited).post("/s/second-site/alerts", {"hot": "on"}).status_code == 404
    assert in_alder.browser(in_alder.limited).post("/s/second-site/alerts/digest/send").status_code == 404
    assert in_alder.browser(None).get(PAGE).status_code == 302
    assert not Subscription.objects.exists()


def test_all_sites_at_once_and_an_end_to_all(in_alder: Cast) -> None:
    wish(in_alder.owner, in_alder.site, Kind.HOT)
    wish(in_alder.owner, in_alder.other_site, Kind.DIGEST)
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    browser = in_alder.browser(in_alder.owner)
    page = text_of(browser.get("/account/alerts"))
    assert page.count('<span class="vh">yes</span>') == 2
    assert "/s/second-site/alerts" in page
    assert browser.post("/account/alerts")["Location"] == "/account/alerts"
    assert wishes_of(in_alder.owner) == {}
    assert wishes_of(in_alder.viewer) == {"hot": []}


def test_who_is_limited_learns_of_no_other_site(in_alder: Cast) -> None:
    page = text_of(in_alder.browser(in_alder.limited).get("/account/alerts"))
    assert "First site" in page
    assert "Second site" not in page


# --- the link that ends a mail ----------------------------------------------------------------------------------------


def path_of(cast: Cast, member: Membership) -> str:
    url = unsubscribe_url(agency=cast.alder, user_id=member.user_id, site_id=cast.site.id, kind=Kind.HOT)
    assert url.startswith("http://localhost")
    return "/mail/stop/" + url.partition("/mail/stop/")[2]


def test_a_look_changes_nothing_a_post_ends_it_without_a_login(in_alder: Cast) -> None:
    for member in (in_alder.viewer, in_alder.owner):
        for kind in (Kind.HOT, Kind.DIGEST):
            wish(member, in_alder.site, kind)
    path, browser = path_of(in_alder, in_alder.viewer), public_browser()
    page = text_of(browser.get(path))
    assert "companies that turn hot, of First site" in page
    assert Subscription.objects.count() == 4
    for _ in range(2):
        assert "You get these mails no more" in text_of(browser.post(path))
    assert wishes_of(in_alder.viewer) == {"digest": []}
    assert len(wishes_of(in_alder.owner)) == 2


def test_a_link_of_before_the_secret_key_was_changed_ends_it_too(in_alder: Cast, settings: Any) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    path = path_of(in_alder, in_alder.viewer)
    key_change(settings)
    assert "You get these mails no more" in text_of(public_browser().post(path))
    assert wishes_of(in_alder.viewer) == {}


def test_mail_programs_post_with_neither_cookies_nor_tokens(in_alder: Cast) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    program = HttpClient(enforce_csrf_checks=True, HTTP_HOST="localhost", REMOTE_ADDR="127.9.9.9")
    body = {"List-Unsubscribe": "One-Click"}
    assert program.post(path_of(in_alder, in_alder.viewer), body).status_code == 200
    with in_schema(str(in_alder.alder.schema_name)):
        assert wishes_of(in_alder.viewer) == {}


@pytest.mark.parametrize(
    "change", [lambda path: path[:-2], lambda path: path + "x", lambda _: "/mail/stop/WzEsMl0:1:x"]
)
def test_a_link_that_nobody_of_us_wrote_ends_nothing(in_alder: Cast, change: Any) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    path = change(path_of(in_alder, in_alder.viewer))
    assert "This link can’t be used" in text_of(public_browser().post(path), 404)
    assert wishes_of(in_alder.viewer) == {"hot": []}


def test_of_a_closed_agency_or_a_deleted_site_it_says_the_same(in_alder: Cast) -> None:
    wish(in_alder.viewer, in_alder.site, Kind.HOT)
    path = path_of(in_alder, in_alder.viewer)
    in_alder.alder.is_active = False
    in_alder.alder.save()
    assert "You get these mails no more" in text_of(public_browser().post(path))
    with in_schema(str(in_alder.alder.schema_name)):
        assert wishes_of(in_alder.viewer) == {}
