"""The pages of the installation check: who may, what they say while one is under way, and its answer."""

import re

import pytest
from django.test.utils import CaptureQueriesContext

from apps.core import clock
from apps.core.facts import listen
from apps.installation import services
from apps.installation.facts import CheckAsked
from apps.installation.models import CheckState, SiteCheck
from apps.sites.models import Site, SiteDomain
from tests.cast import Browser, Cast

pytestmark = pytest.mark.django_db


def url(site: Site, check: SiteCheck | None = None) -> str:
    return f"/s/{site.slug}/settings/check" + (f"/{check.id}" if check else "")


def finished(site: Site, cause: str = "no_tag", **values: str) -> SiteCheck:
    result = {"url": "https://first.example/", "causes": [[cause, values]], "evidence": [[12, "answered 200"]]}
    now = clock.now()
    return SiteCheck.objects.create(
        site=site, url="https://first.example/", state=CheckState.DONE, cause=cause, result=result,
        created_at=now, started_at=now, finished_at=now,
    )  # fmt: skip


@pytest.fixture
def manager(in_alder: Cast) -> Browser:
    return in_alder.browser(in_alder.manager)


def test_the_button_starts_a_check_of_the_sites_first_domain(in_alder: Cast, manager: Browser) -> None:
    response = manager.post(url(in_alder.site))
    check = SiteCheck.objects.get()
    assert (response.status_code, response["Location"]) == (302, url(in_alder.site, check))
    assert (check.url, check.state) == ("https://first.example/", CheckState.QUEUED)
    assert check.requested_by == str(in_alder.manager.user)


def test_a_started_check_is_told_to_the_workers(
    in_alder: Cast, manager: Browser, django_capture_on_commit_callbacks: object
) -> None:
    told: list[CheckAsked] = []
    listen(CheckAsked, told.append)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        manager.post(url(in_alder.site), {"url": "first.example/prices"})
    check = SiteCheck.objects.get()
    assert told == [CheckAsked(str(in_alder.alder.schema_name), check.id)]
    assert check.url == "https://first.example/prices"


@pytest.mark.parametrize(
    ("written", "opened"),
    [
        ("localhost:3000", "http://localhost:3000/"),
        ("http://first.example/a b#c", "http://first.example/ab"),
        (" FIRST.example ", "https://FIRST.example/"),
    ],
)
def test_an_address_is_read_as_people_write_it(in_alder: Cast, manager: Browser, written: str, opened: str) -> None:
    manager.post(url(in_alder.site), {"url": written})
    assert SiteCheck.objects.get().url == opened


@pytest.mark.parametrize(
    "written",
    [
        "ftp://first.example/",
        "http://",
        "https://a:b@first.example/",
        "http://x:99999/",
        "first.example/\0",
        "first.example/\x7f",
    ],
)
def test_what_is_no_address_is_said(in_alder: Cast, manager: Browser, written: str) -> None:
    response = manager.post(url(in_alder.site), {"url": written})
    assert (response.status_code, SiteCheck.objects.count()) == (422, 0)
    assert "Write the address" in response.content.decode()


def test_a_site_without_domain_asks_for_an_address(in_alder: Cast, manager: Browser) -> None:
    SiteDomain.objects.filter(site=in_alder.site).delete()
    response = manager.post(url(in_alder.site))
    assert (response.status_code, "has no domain yet" in response.content.decode()) == (422, True)


def test_one_under_way_says_where_it_is_and_asks_again(in_alder: Cast, manager: Browser) -> None:
    check = services.check_start(site=in_alder.site)
    page = manager.get(url(in_alder.site, check)).content.decode()
    assert "Waiting for a free worker" in page
    # With a script by the fragment, without by the page itself.
    assert f'hx-get="{url(in_alder.site, check)}"' in page
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page
    services.check_take(check.id)
    services.check_rendering(check)
    part = manager.htmx(url(in_alder.site, check))
    assert "Opening it in a browser" in part.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"]


def test_an_answer_has_sentence_fix_and_what_to_copy(in_alder: Cast, manager: Browser) -> None:
    check = finished(in_alder.site, tag='<script src="https://door.example/b.js">')
    part = manager.htmx(url(in_alder.site, check)).content.decode()
    assert "The tag isn’t on the page." in part
    assert "Put it into the head of every page" in part
    assert "&lt;script src=&quot;https://door.example/b.js&quot;&gt;" in part
    assert "answered 200" in part
    assert "hx-get" not in part
    page = manager.get(url(in_alder.site)).content.decode()
    assert "The tag isn’t on the page." in page
    assert "Check again" in page


def test_a_domain_that_isnt_listed_leads_to_the_domains(in_alder: Cast, manager: Browser) -> None:
    check = finished(in_alder.site, "domain_not_listed", host="new.example")
    page = manager.get(url(in_alder.site, check)).content.decode()
    assert re.search(rf'href="/s/{in_alder.site.slug}/settings#general"[^>]*>.*To the site’s domains', page)


def test_what_a_page_says_cannot_become_ours(in_alder: Cast, manager: Browser) -> None:
    check = finished(in_alder.site, "script_error", error="<img src=x onerror=alert(1)>", where="<b>", tag="<script>")
    page = manager.get(url(in_alder.site, check)).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x" in page


def test_the_settings_and_the_waiting_page_have_the_button(in_alder: Cast, manager: Browser) -> None:
    form = f'<form method="post" action="{url(in_alder.site)}">'
    assert form in manager.get(f"/s/{in_alder.site.slug}/settings").content.decode()
    waiting = manager.get(f"/s/{in_alder.site.slug}/").content.decode()
    assert f'action="{url(in_alder.site)}"' in waiting
    viewer = in_alder.browser(in_alder.viewer).get(f"/s/{in_alder.site.slug}/").content.decode()
    assert f'action="{url(in_alder.site)}"' not in viewer


def test_who_may_set_up_sites_may_check_them(in_alder: Cast) -> None:
    check = finished(in_alder.site)
    for member, expected in (
        (in_alder.owner, 200),
        (in_alder.admin, 200),
        (in_alder.limited, 200),
        (in_alder.analyst, 403),
        (in_alder.viewer, 403),
    ):
        browser = in_alder.browser(member)
        assert browser.get(url(in_alder.site)).status_code == expected
        assert browser.get(url(in_alder.site, check)).status_code == expected
        assert (browser.post(url(in_alder.site)).status_code == 403) is (expected == 403)


def test_for_others_there_is_nothing(in_alder: Cast) -> None:
    check, other = finished(in_alder.site), finished(in_alder.other_site)
    limited = in_alder.browser(in_alder.limited)
    birch = in_alder.browser(in_alder.outsider, in_alder.birch)
    for browser, path in (
        (limited, url(in_alder.other_site)),
        (limited, url(in_alder.other_site, other)),
        (limited, url(in_alder.site, other)),  # another site's check by this site's address
        (birch, url(in_alder.site)),
        (birch, url(in_alder.site, check)),
        (in_alder.browser(in_alder.outsider), url(in_alder.site, check)),
    ):
        assert browser.get(path).status_code == 404
    assert limited.post(url(in_alder.other_site)).status_code == 404
    assert birch.post(url(in_alder.site)).status_code == 404


def test_a_check_asked_for_again_and_again_costs_few_queries(in_alder: Cast, manager: Browser) -> None:
    from django.db import connection

    check = services.check_start(site=in_alder.site)
    manager.htmx(url(in_alder.site, check))
    with CaptureQueriesContext(connection) as captured:
        manager.htmx(url(in_alder.site, check))
    # Session, user, membership, host; site; closing what is overdue, two; the check.
    assert len([one for one in captured if "SELECT" in one["sql"] or "UPDATE" in one["sql"]]) <= 9
