"""The check for scripts: JSON by API key or by session."""

from typing import Any

import pytest

from apps.agencies.models import ApiKey
from apps.agencies.services.api_keys import api_key_create, api_key_revoke
from apps.core.tenancy import in_schema
from apps.installation import services
from apps.installation.models import SiteCheck
from apps.sites.models import Site
from tests.cast import Browser, Cast
from tests.secret_keys import former_key_drop, key_change

from .test_check_page import finished

pytestmark = pytest.mark.django_db


def url(site: Site, check: SiteCheck | None = None) -> str:
    return f"/api/v1/sites/{site.slug}/checks" + (f"/{check.id}" if check else "")


def script(cast: Cast, key: str) -> Browser:
    """Return a client without a session that shows a key."""
    browser = cast.browser(None)
    browser.defaults["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return browser


@pytest.fixture
def key(in_alder: Cast) -> str:
    return api_key_create(agency=in_alder.alder, name="Deploys", scopes=["checks"])


def test_a_key_starts_a_check_and_reads_its_answer(in_alder: Cast, key: str) -> None:
    client = script(in_alder, key)
    told = client.post(url(in_alder.site), {"url": "https://first.example/x"}, content_type="application/json")
    check = SiteCheck.objects.get()
    assert (told.status_code, told["Location"]) == (202, url(in_alder.site, check))
    assert (check.url, check.requested_by) == ("https://first.example/x", "API key Deploys")
    assert told.json() | {"created_at": ""} == {
        "id": check.id, "self": url(in_alder.site, check), "site": in_alder.site.slug, "url": check.url,
        "state": "queued", "cause": None, "severity": None, "says": None, "fix": None, "copy": None, "also": [],
        "final_url": "", "browser": "", "evidence": [], "created_at": "", "finished_at": None,
    }  # fmt: skip


def test_a_key_that_was_used_outlives_the_servers_former_key(in_alder: Cast, key: str, settings: Any) -> None:
    key_change(settings)
    assert script(in_alder, key).get(url(in_alder.site)).status_code == 200
    former_key_drop(settings)
    assert script(in_alder, key).get(url(in_alder.site)).status_code == 200


def test_an_answer_says_cause_sentence_and_fix(in_alder: Cast, key: str) -> None:
    check = finished(in_alder.site, tag="<script>")
    told: dict[str, Any] = script(in_alder, key).get(url(in_alder.site, check)).json()
    assert (told["cause"], told["severity"], told["says"]) == ("no_tag", "blocked", "The tag isn’t on the page.")
    assert (told["copy"], told["evidence"]) == ("<script>", [{"at_ms": 12, "text": "answered 200"}])
    assert told["finished_at"]
    assert script(in_alder, key).get(url(in_alder.site)).json()["checks"] == [told]


def test_without_a_body_the_first_domain_is_meant(in_alder: Cast, key: str) -> None:
    assert script(in_alder, key).post(url(in_alder.site)).status_code == 202
    assert SiteCheck.objects.get().url == "https://first.example/"


def test_a_form_is_understood_too(in_alder: Cast, key: str) -> None:
    assert script(in_alder, key).post(url(in_alder.site), {"url": "first.example/x"}).status_code == 202
    assert SiteCheck.objects.get().url == "https://first.example/x"


@pytest.mark.parametrize(
    "body", ["{", "[]", '{"url": 1}', '{"url": "ftp://x/"}', r'{"url": "x/\u0000"}', r'{"url": "x/\ud800"}']
)
def test_a_body_that_isnt_understood_is_said(in_alder: Cast, key: str, body: str) -> None:
    told = script(in_alder, key).post(url(in_alder.site), body, content_type="application/json")
    assert (told.status_code, bool(told.json()["error"])) == (400, True)


def test_what_is_more_than_an_agencys_share_is_told_to_come_later(
    in_alder: Cast, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_RUNNING", 1)
    client = script(in_alder, key)
    assert client.post(url(in_alder.site)).status_code == 202
    told = client.post(url(in_alder.other_site), {"url": "second.example"})
    assert (told.status_code, told["Retry-After"]) == (429, "20")
    assert "checks of this agency are under way" in told.json()["error"]
    page = in_alder.browser(in_alder.manager).post(
        f"/s/{in_alder.other_site.slug}/settings/check", {"url": "second.example"}
    )
    assert (page.status_code, page["Retry-After"]) == (429, "20")
    assert "checks of this agency are under way" in page.content.decode()


def test_who_is_logged_in_needs_no_key_but_the_token_against_forgery(in_alder: Cast) -> None:
    manager = in_alder.browser(in_alder.manager)
    assert manager.post(url(in_alder.site)).status_code == 202
    manager.handler.enforce_csrf_checks = True
    assert manager.post(url(in_alder.site)).status_code == 403
    assert in_alder.browser(in_alder.analyst).get(url(in_alder.site)).status_code == 403
    assert in_alder.browser(in_alder.limited).get(url(in_alder.other_site)).status_code == 404


def test_other_keys_and_none_are_refused(in_alder: Cast, key: str) -> None:
    ingest = api_key_create(agency=in_alder.alder, name="Server")
    birch = api_key_create(agency=in_alder.birch, name="Birch", scopes=["checks"])
    for wrong in (ingest, birch, "bk_nonsense", ""):
        told = script(in_alder, wrong).get(url(in_alder.site))
        assert (told.status_code, told["WWW-Authenticate"]) == (401, "Bearer")
    assert in_alder.browser(None).post(url(in_alder.site)).status_code == 401
    api_key_revoke(api_key=ApiKey.objects.get(name="Deploys"))
    assert script(in_alder, key).get(url(in_alder.site)).status_code == 401


def test_a_key_opens_no_page_and_no_other_agency(in_alder: Cast, key: str) -> None:
    client = script(in_alder, key)
    assert client.get(f"/s/{in_alder.site.slug}/").status_code == 302
    assert client.get(url(in_alder.birch_site)).status_code == 404
    assert client.get("/api/v1/nothing").status_code == 404
    with in_schema(str(in_alder.birch.schema_name)):
        check = finished(in_alder.birch_site)
    assert client.get(f"{url(in_alder.site)}/{check.id}").status_code == 404


def test_somebody_of_another_agency_is_nobody_here(in_alder: Cast) -> None:
    assert in_alder.browser(in_alder.outsider).get(url(in_alder.site)).status_code == 404
