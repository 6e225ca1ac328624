"""Operators' admin: the pages stand, the actions are safe, nobody else gets in."""

import pytest
from django.core.mail.message import EmailMultiAlternatives
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.agencies.models import Agency, User
from tests.cast import Browser, Cast, public_browser
from tests.factories import make_user


@pytest.fixture
def operator(cast: Cast) -> Browser:
    user = make_user("Operator")
    user.is_staff = user.is_superuser = True
    user.save()
    return public_browser(user)


@pytest.mark.parametrize("path", ["", "agencies/agency/", "agencies/domain/", "agencies/user/", "agencies/membership/"])
def test_operators_see_lists(operator: Browser, path: str) -> None:
    assert operator.get(f"/admin/{path}").status_code == 200


def test_operators_see_an_agency_and_cant_delete_it(operator: Browser, cast: Cast) -> None:
    page = operator.get(f"/admin/agencies/agency/{cast.alder.pk}/change/")
    assert page.status_code == 200
    assert b"deletelink" not in page.content
    assert operator.post(f"/admin/agencies/agency/{cast.alder.pk}/delete/", {"post": "yes"}).status_code == 403
    assert Agency.objects.filter(pk=cast.alder.pk).exists()


def test_a_deactivated_agency_is_closed_and_comes_back_whole(operator: Browser, cast: Cast) -> None:
    browser = cast.browser(cast.owner)
    selection = {"_selected_action": [cast.alder.pk]}
    operator.post("/admin/agencies/agency/", {"action": "deactivate", **selection})
    assert browser.get("/account").status_code == 404
    operator.post("/admin/agencies/agency/", {"action": "activate", **selection})
    assert browser.get("/account").status_code == 200


def test_operators_send_a_link_for_a_new_password(
    operator: Browser,
    cast: Cast,
    mailoutbox: list[EmailMultiAlternatives],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        operator.post(
            "/admin/agencies/user/", {"action": "send_password_reset", "_selected_action": [cast.viewer.user.pk]}
        )
    assert [mail.to for mail in mailoutbox] == [[cast.viewer.user.email]]


def test_a_closed_account_is_out_at_once(operator: Browser, cast: Cast) -> None:
    browser = cast.browser(cast.viewer)
    operator.post("/admin/agencies/user/", {"action": "close_accounts", "_selected_action": [cast.viewer.user.pk]})
    assert not User.objects.get(pk=cast.viewer.user.pk).is_active
    assert browser.get("/account").status_code == 302


def test_an_owner_of_an_agency_isnt_an_operator(cast: Cast) -> None:
    assert public_browser(cast.owner.user).get("/admin/agencies/agency/").status_code == 302


def test_operators_sign_in_where_attempts_are_counted() -> None:
    browser = public_browser()
    response = browser.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0] == "/login?next=%2Fadmin%2F"
    assert browser.post("/admin/login/", {"username": "a@people.example", "password": "x"}).status_code == 302


def test_the_admin_isnt_on_agencies_hosts(cast: Cast) -> None:
    assert cast.browser(cast.owner).get("/admin/").status_code == 404
