"""Invitations, roles, limits, leaving: what each may do to whom."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.mail.message import EmailMultiAlternatives
from django.db import connection
from pytest_django import DjangoCaptureOnCommitCallbacks

from apps.agencies.models import Invitation, Membership, User
from apps.agencies.roles import Role
from apps.agencies.services import invitation_send
from apps.core import clock
from tests.cast import Cast, public_browser
from tests.factories import make_member

PREFIX = "http://localhost:8000"
Invite = Callable[..., str]


@pytest.fixture
def invite(
    cast: Cast,
    mailoutbox: list[EmailMultiAlternatives],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> Invite:
    """Return a function that invites by the page and gives the link's path."""

    def send(email: str, role: str = "viewer", **more: Any) -> str:
        with django_capture_on_commit_callbacks(execute=True):
            response = cast.browser(cast.admin).post(
                "/settings/team/invite", {"email": email, "role": role, "sees": "all", **more}
            )
        assert response.status_code == 302, response.content
        words = mailoutbox[-1].body.split()
        return next(word for word in words if word.startswith(f"{PREFIX}/invitation/")).removeprefix(PREFIX)

    return send


def test_a_new_person_comes_in_by_an_invitation(
    cast: Cast, invite: Invite, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    path = invite("new@people.example", sees="some", client_ids=[cast.first.id])
    assert mailoutbox[0].alternatives
    browser = public_browser()
    page = browser.get(path)
    assert b"Come in to Alder" in page.content
    response = browser.post(path, {"name": "New Person", "password": "korrekt-pferd-9"})
    assert response["Location"] == "http://alder.localhost:8000/login"
    membership = Membership.objects.get(user__email="new@people.example")
    assert (membership.agency, membership.role, membership.client_ids) == (cast.alder, "viewer", [cast.first.id])
    assert EmailAddress.objects.get(user=membership.user).verified


def test_somebody_with_an_account_signs_in_and_joins(cast: Cast, invite: Invite) -> None:
    path = invite(cast.outsider.user.email, role="analyst")
    assert b"Sign in to join" in public_browser().get(path).content
    browser = public_browser(cast.outsider.user)
    assert b"Join Alder" in browser.get(path).content
    browser.post(path)
    assert Membership.objects.get(user=cast.outsider.user, agency=cast.alder).role == Role.ANALYST


def test_an_invitation_is_good_once(cast: Cast, invite: Invite) -> None:
    path = invite("once@people.example")
    public_browser().post(path, {"name": "Once", "password": "korrekt-pferd-9"})
    again = public_browser().post(path, {"name": "Twice", "password": "korrekt-pferd-9"})
    assert again.status_code == 404
    assert User.objects.filter(email="once@people.example").count() == 1


def test_an_invitation_runs_out_after_seven_days(cast: Cast, invite: Invite) -> None:
    path = invite("late@people.example")
    Invitation.objects.filter(email="late@people.example").update(expires_at=clock.now() - timedelta(seconds=1))
    assert public_browser().get(path).status_code == 404


def test_somebody_elses_invitation_isnt_taken(cast: Cast, invite: Invite) -> None:
    path = invite("meant@people.example")
    browser = public_browser(cast.outsider.user)
    assert b"Sign out first" in browser.get(path).content
    browser.post(path)
    assert not Membership.objects.filter(user=cast.outsider.user, agency=cast.alder).exists()


def test_a_link_made_up_is_gone(cast: Cast) -> None:
    assert public_browser().get("/invitation/made-up").status_code == 404


def test_the_links_token_is_nowhere_in_the_database(cast: Cast, invite: Invite) -> None:
    token = invite("hashed@people.example").rpartition("/")[2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(i)::text FROM agencies_invitation i")
        assert all(token not in row[0] for row in cursor.fetchall())


def test_a_form_that_comes_back_leaves_no_token_in_the_log(
    cast: Cast, invite: Invite, caplog: pytest.LogCaptureFixture
) -> None:
    path = invite("logged@people.example")
    browser = public_browser()
    assert browser.post(path, {"name": "New Person", "password": "short"}).status_code == 422
    browser.handler.enforce_csrf_checks = True
    assert browser.post(path).status_code == 403
    assert caplog.text.count("/invitation/...") == 2
    assert path.rpartition("/")[2] not in caplog.text


def test_a_second_invitation_replaces_the_first(cast: Cast, invite: Invite) -> None:
    first, second = invite("again@people.example"), invite("again@people.example")
    assert public_browser().get(first).status_code == 404
    assert public_browser().get(second).status_code == 200


def test_a_withdrawn_invitation_is_gone(cast: Cast, invite: Invite) -> None:
    path = invite("withdrawn@people.example")
    invitation = Invitation.objects.get(email="withdrawn@people.example")
    cast.browser(cast.admin).post(f"/settings/invitations/{invitation.id}/withdraw")
    assert public_browser().get(path).status_code == 404


def test_a_member_isnt_invited_again(cast: Cast) -> None:
    form = {"email": cast.viewer.user.email, "role": "viewer", "sees": "all"}
    response = cast.browser(cast.admin).post("/settings/team/invite", form)
    assert response.status_code == 422
    assert b"is in the team already" in response.content


def test_limited_access_needs_a_client(cast: Cast) -> None:
    form = {"email": "x@people.example", "role": "viewer", "sees": "some"}
    response = cast.browser(cast.admin).post("/settings/team/invite", form)
    assert response.status_code == 422
    assert b"Choose at least one client" in response.content


def test_an_admin_makes_no_owner(cast: Cast) -> None:
    form = {"email": "x@people.example", "role": "owner", "sees": "all"}
    assert cast.browser(cast.admin).post("/settings/team/invite", form).status_code == 422
    response = cast.browser(cast.admin).post(f"/settings/team/{cast.viewer.id}", {"role": "owner", "sees": "all"})
    assert response.status_code == 422


def test_a_role_is_changed_and_holds_at_once(cast: Cast) -> None:
    browser = cast.browser(cast.viewer)
    assert browser.get("/settings").status_code == 403
    cast.browser(cast.admin).post(f"/settings/team/{cast.viewer.id}", {"role": "manager", "sees": "all"})
    assert browser.get("/settings").status_code == 200


def test_a_limit_is_set_and_holds_at_once(cast: Cast) -> None:
    browser = cast.browser(cast.manager)
    assert browser.get("/s/second-site/settings").status_code == 200
    form = {"role": "manager", "sees": "some", "client_ids": [cast.first.id]}
    cast.browser(cast.owner).post(f"/settings/team/{cast.manager.id}", form)
    assert browser.get("/s/second-site/settings").status_code == 404


def test_an_admin_cant_be_limited(cast: Cast) -> None:
    form = {"role": "admin", "sees": "some", "client_ids": [cast.first.id]}
    cast.browser(cast.owner).post(f"/settings/team/{cast.manager.id}", form)
    cast.manager.refresh_from_db()
    assert (cast.manager.role, cast.manager.client_ids) == ("admin", None)


def test_somebody_is_removed(cast: Cast) -> None:
    cast.browser(cast.admin).post(f"/settings/team/{cast.viewer.id}/remove")
    assert not Membership.objects.filter(id=cast.viewer.id).exists()


def test_an_owner_cant_be_removed_by_others(cast: Cast) -> None:
    second = make_member(cast.alder, Role.OWNER, name="Second owner")
    for by in (cast.admin, second):
        cast.browser(by).post(f"/settings/team/{cast.owner.id}/remove")
        cast.browser(cast.admin).post(f"/settings/team/{cast.owner.id}", {"role": "viewer", "sees": "all"})
    cast.owner.refresh_from_db()
    assert cast.owner.role == Role.OWNER


def test_the_last_owner_cant_leave(cast: Cast) -> None:
    cast.browser(cast.owner).post("/account/leave")
    assert Membership.objects.filter(id=cast.owner.id).exists()


def test_an_owner_may_leave_when_there_is_another(cast: Cast) -> None:
    make_member(cast.alder, Role.OWNER, name="Second owner")
    cast.browser(cast.owner).post("/account/leave")
    assert not Membership.objects.filter(id=cast.owner.id).exists()


def test_nobody_changes_their_own_role(cast: Cast) -> None:
    cast.browser(cast.admin).post(f"/settings/team/{cast.admin.id}", {"role": "viewer", "sees": "all"})
    cast.admin.refresh_from_db()
    assert cast.admin.role == Role.ADMIN


@pytest.mark.parametrize("path", ["/settings/team", "/settings/team/invite", "/settings/team/{viewer}"])
def test_the_team_is_for_admins_and_owners(cast: Cast, path: str) -> None:
    path = path.format(viewer=cast.viewer.id)
    for member in (cast.owner, cast.admin):
        assert cast.browser(member).get(path).status_code == 200
    for member in (cast.manager, cast.analyst, cast.viewer, cast.limited):
        assert cast.browser(member).get(path).status_code == 403
    assert cast.browser(cast.outsider).get(path).status_code == 404


def test_members_of_another_agency_arent_there(cast: Cast) -> None:
    browser = cast.browser(cast.admin)
    for path in (f"/settings/team/{cast.outsider.id}", f"/settings/team/{cast.outsider.id}/remove"):
        assert browser.post(path, {"role": "viewer", "sees": "all"}).status_code == 404
    cast.outsider.refresh_from_db()
    assert cast.outsider.role == Role.OWNER


def test_invitations_of_another_agency_arent_there(cast: Cast) -> None:
    invitation = invitation_send(
        agency=cast.birch, email="x@people.example", role=Role.VIEWER, client_ids=None, invited_by=cast.outsider
    )
    assert cast.browser(cast.admin).post(f"/settings/invitations/{invitation.id}/withdraw").status_code == 404
    assert Invitation.objects.filter(id=invitation.id).exists()


def test_ones_name_is_changed(cast: Cast) -> None:
    cast.browser(cast.viewer).post("/account", {"name": "Vera Viewer"})
    cast.viewer.user.refresh_from_db()
    assert cast.viewer.user.name == "Vera Viewer"
    assert cast.browser(cast.viewer).post("/account", {"name": ""}).status_code == 422
