"""A site's switches: what is measured, of whom, what the tag then says, and how visits fell by consent."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from apps.agencies.models import SiteRoute
from apps.core import clock
from apps.core.ids import uuid7
from apps.sites.models import Site
from apps.sites.path_token import _is_ours, is_path_token, path_token
from apps.sites.snippet import own_path_tag_of, tag_of
from apps.sites.switches import EXTRAS
from apps.tracking.ledger import State, Tally, ledger_add
from apps.tracking.models import ConsentRecord, Session
from tests.cast import Cast
from tests.factories_tracking import Page, visit_make
from tests.secret_keys import former_key_drop, key_change

PAGE = "/s/first-site/settings"
POSTS = {f"{PAGE}/measured": {"clicks": "on"}, f"{PAGE}/privacy": {"requires_consent": "on"}}
COUNTS = f"{PAGE}/consent-counts"


def route(site: Site) -> dict[str, object]:
    found: dict[str, object] = SiteRoute.objects.get(site_key=site.site_key).settings
    return found


@pytest.mark.parametrize(("path", "form"), POSTS.items())
def test_nobody_below_or_outside_switches_anything(in_alder: Cast, path: str, form: dict[str, str]) -> None:
    cast = in_alder
    before = list(Site.objects.order_by("id").values())
    for member in (cast.analyst, cast.viewer):
        assert cast.browser(member).post(path, form).status_code == 403
    assert cast.browser(cast.outsider).post(path, form).status_code == 404
    assert cast.browser(cast.limited).post(path.replace("first", "second"), form).status_code == 404
    assert list(Site.objects.order_by("id").values()) == before
    assert cast.browser(cast.manager).get(path).status_code == 405


def test_nobody_below_or_outside_sees_the_counts(cast: Cast) -> None:
    for member in (cast.analyst, cast.viewer):
        assert cast.browser(member).get(COUNTS).status_code == 403
    assert cast.browser(cast.outsider).get(COUNTS).status_code == 404
    assert cast.browser(cast.outsider, cast.birch).get(COUNTS).status_code == 404
    assert cast.browser(cast.limited).get(COUNTS.replace("first", "second")).status_code == 404


def test_a_new_site_has_the_usual_extras_and_its_door_knows(in_alder: Cast) -> None:
    assert in_alder.site.extras == ["clicks", "forms", "vitals"]
    page = in_alder.browser(in_alder.manager).get(PAGE).content.decode()
    for name, extra in EXTRAS.items():
        assert extra.label in page
        assert f'name="{name}"' in page
    assert page.count("checked") == 3


def test_extras_are_switched_and_the_door_is_told(in_alder: Cast) -> None:
    site = in_alder.site
    answer = in_alder.browser(in_alder.manager).post(f"{PAGE}/measured", {"errors": "on", "clicks": "on", "x": "on"})
    assert (answer.status_code, answer["Location"]) == (302, f"{PAGE}#measured")
    site.refresh_from_db()
    assert (site.extras, route(site)["extras"]) == (["clicks", "errors"], ["clicks", "errors"])
    in_alder.browser(in_alder.manager).post(f"{PAGE}/measured", {})
    site.refresh_from_db()
    assert (site.extras, route(site)["extras"]) == ([], [])


def test_privacy_is_switched_and_the_tag_says_so(in_alder: Cast) -> None:
    site, browser = in_alder.site, in_alder.browser(in_alder.manager)
    assert tag_of(site).attributes == []
    form = {"requires_consent": "on", "honours_dnt": "on", "allows_storage": "on"}
    answer = browser.post(f"{PAGE}/privacy", form, follow=True)
    site.refresh_from_db()
    assert (site.requires_consent, site.honours_dnt, site.allows_storage) == (True, True, True)
    assert (route(site)["requires_consent"], route(site)["honours_dnt"]) == (True, True)
    page = answer.content.decode()
    assert "The tag has changed: copy it again" in page
    tag = f'data-site-id="{site.site_key}" data-consent="required" data-dnt data-storage></script>'
    assert tag in tag_of(site).text
    assert page.count("data-consent=&quot;required&quot; data-dnt data-storage&gt;") == 2
    # Saved again, nothing has changed.
    assert "The tag has changed" not in browser.post(f"{PAGE}/privacy", form, follow=True).content.decode()


def test_the_sites_own_path_is_a_word_that_no_other_has(in_alder: Cast) -> None:
    site, token = in_alder.site, path_token(in_alder.site.site_key)
    assert is_path_token(token)
    assert token != path_token(in_alder.other_site.site_key)
    for wrong in ("", token[:-1], token + "a", token.upper(), token[::-1], "settings", "a" * 16, "1" * 16):
        assert not is_path_token(wrong)
    tag = own_path_tag_of(site).text
    assert tag == (
        f'<script async src="https://first.example/{token}.js" data-site-id="{site.site_key}" '
        f'data-api="{token}/e"></script>'
    )
    page = in_alder.browser(in_alder.manager).get(PAGE).content.decode()
    assert f"/{token}*" in page
    assert tag.replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;") in page


def test_the_own_path_by_a_former_secret_key_is_answered_for_as_long_as_that_is_at_hand(settings: Any) -> None:
    token = path_token("of-a-changed-key")
    key_change(settings)
    path_token.cache_clear()
    assert is_path_token(token) and path_token("of-a-changed-key") != token
    former_key_drop(settings)
    _is_ours.cache_clear()
    assert not is_path_token(token)
    path_token.cache_clear()


def visit(site: Site, analytics: str = "", marketing: str = "", *, days: int = 1, **fields: object) -> Session:
    made = visit_make(site, clock.now() - timedelta(days=days), pages=[Page("/")])
    Session.objects.filter(id=made.id).update(consent_analytics=analytics, consent_marketing=marketing, **fields)
    made.refresh_from_db()
    return made


def test_it_counts_the_visits_of_a_week_by_what_was_agreed_to(in_alder: Cast) -> None:
    site = in_alder.site
    for analytics, marketing in [("granted", "denied")] * 2 + [("", "")]:
        visit(site, analytics, marketing)
    visit(site, "granted", "granted", days=8)
    visit(site, "granted", "granted", set_aside="bot_declared")
    visit(in_alder.other_site, "granted", "granted")
    tally = Tally()
    tally.note(site.id, clock.today(), State.REFUSED, "consent", 1200)
    ledger_add(tally)
    page = in_alder.browser(in_alder.manager).get(COUNTS).content.decode()
    assert '<td class="pts">2</td><th scope="row">Analytics: granted · Marketing: denied' in page
    assert '<td class="pts">1</td><th scope="row">Analytics: not asked · Marketing: not asked' in page
    assert "Marketing: granted" not in page
    assert '<td class="pts">3</td><th scope="row">visits' in page
    assert "1,200 events were refused without consent" in page


def test_a_visit_shows_its_consent_and_its_history(in_alder: Cast) -> None:
    site = in_alder.site
    noon = datetime(2026, 11, 18, 12, tzinfo=UTC)
    made = visit_make(site, noon, pages=[Page("/")])
    page = in_alder.browser(in_alder.viewer).get(f"/s/first-site/visits/{made.id}").content.decode()
    assert "Analytics: not asked · Marketing: not asked" in page
    Session.objects.filter(id=made.id).update(
        consent_marketing="granted", consent_source="gcm", consent_version="3", consent_at=noon
    )
    said = [
        (noon - timedelta(days=40, hours=12), "granted", "denied", "api", False),
        (noon + timedelta(minutes=4), "", "granted", "gcm", True),
    ]
    for at, analytics, marketing, source, gpc in said:
        ConsentRecord.objects.create(
            site_id=site.id, session_id=made.id, said_at=at, received_at=noon, analytics=analytics,
            marketing=marketing, source=source, text_version="3", gpc=gpc, dnt=False,
        )  # fmt: skip
    page = in_alder.browser(in_alder.viewer).get(f"/s/first-site/visits/{made.id}").content.decode()
    assert "Analytics: not asked · Marketing: granted, by Consent Mode, text version 3, at 12:04" in page
    assert "<dt>9 Oct</dt>" in page
    assert "Analytics: granted · Marketing: denied, by the page’s own call, text version 3, received 12:00:00" in page
    assert "with Global Privacy Control" in page
    for who, status in ((in_alder.outsider, 404), (in_alder.viewer, 200)):
        assert in_alder.browser(who).get(f"/s/first-site/visits/{made.id}").status_code == status
    assert in_alder.browser(in_alder.viewer).get(f"/s/first-site/visits/{uuid7()}").status_code == 404
