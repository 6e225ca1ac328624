"""Who may what in the agency: members, their roles and clients, and open invitations."""

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from apps.agencies.access import member_view
from apps.agencies.forms import ALL, SOME, AccessForm, InvitationForm
from apps.agencies.models import Invitation, Membership
from apps.agencies.requests import AgencyRequest
from apps.agencies.roles import Permission, Role, may, ranks_below
from apps.agencies.selectors import invitations_open, team_of
from apps.agencies.services import (
    invitation_revoke,
    invitation_send,
    membership_change,
    membership_remove,
)
from apps.core import clock
from apps.core.errors import Refused

from ..selectors import client_choices

PERMISSION_TEXTS = (
    (Permission.READ, "Read analytics, companies, live"),
    (Permission.EXPORT, "Export"),
    (Permission.EDIT_COMPANIES, "Edit companies"),
    (Permission.MANAGE_SITES, "Set up sites and clients"),
    (Permission.MANAGE_RULES, "Set rules, delete visits"),
    (Permission.MANAGE_TEAM, "Invite, change and remove people"),
    (Permission.OWN_AGENCY, "Make and unmake owners"),
)


@require_safe
@member_view(Permission.MANAGE_TEAM)
def team(request: AgencyRequest) -> HttpResponse:
    """List members with what they see, and the invitations that wait for an answer."""
    names = dict(client_choices())
    context = {
        "members": [(member, _client_names(member.client_ids, names)) for member in team_of(request.agency)],
        "invitations": [
            (invitation, _client_names(invitation.client_ids, names)) for invitation in invitations_open(request.agency)
        ],
        "membership": request.membership,
        "permissions": [(text, [may(role, permission) for role in Role]) for permission, text in PERMISSION_TEXTS],
        "now": clock.now(),
    }
    return render(request, "sites/team.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Permission.MANAGE_TEAM)
def invite(request: AgencyRequest) -> HttpResponse:
    """Invite somebody by mail."""
    form = InvitationForm(request.POST or None, clients=client_choices(), roles=_roles(request.membership))
    if form.is_valid():
        role, client_ids = form.access
        email = form.cleaned_data["email"]
        try:
            invitation_send(
                agency=request.agency, email=email, role=role, client_ids=client_ids, invited_by=request.membership
            )
        except Refused as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(request, f"The invitation is on its way to {email}.")
            return HttpResponseRedirect(reverse("sites:team"))
    context = {"form": form, "membership": request.membership}
    return render(request, "sites/invite.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Permission.MANAGE_TEAM)
def member(request: AgencyRequest, membership_id: int) -> HttpResponse:
    """Change somebody's role and clients."""
    membership = _member(request, membership_id)
    form = AccessForm(
        request.POST or None,
        clients=client_choices(),
        roles=_roles(request.membership),
        initial={
            "role": membership.role,
            "sees": ALL if membership.client_ids is None else SOME,
            "client_ids": membership.client_ids or [],
        },
    )
    if form.is_valid():
        role, client_ids = form.access
        try:
            membership_change(membership=membership, role=role, client_ids=client_ids, by=request.membership)
        except Refused as refusal:
            form.add_error("role", str(refusal))
        else:
            messages.success(request, f"{membership.user} is {role} now.")
            return HttpResponseRedirect(reverse("sites:team"))
    context = {"form": form, "member": membership, "membership": request.membership}
    return render(request, "sites/member.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@member_view(Permission.MANAGE_TEAM)
def member_remove(request: AgencyRequest, membership_id: int) -> HttpResponse:
    """Take somebody out of the team; without script the question stands on the member's page."""
    membership = _member(request, membership_id)
    if request.method != "POST":
        return HttpResponseRedirect(reverse("sites:member", args=[membership.id]))
    try:
        membership_remove(membership=membership, by=request.membership)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{membership.user} is no longer in the team.")
    return HttpResponseRedirect(reverse("sites:team"))


@require_POST
@member_view(Permission.MANAGE_TEAM)
def invitation_withdraw(request: AgencyRequest, invitation_id: int) -> HttpResponse:
    """Withdraw an invitation that nobody has taken."""
    invitation = Invitation.objects.filter(agency=request.agency, id=invitation_id).first()
    if invitation is None:
        raise Http404
    try:
        invitation_revoke(invitation=invitation, by=request.membership)
    except Refused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The invitation of {invitation.email} is withdrawn.")
    return HttpResponseRedirect(reverse("sites:team"))


def _member(request: AgencyRequest, membership_id: int) -> Membership:
    found = Membership.objects.select_related("user").filter(agency=request.agency, id=membership_id).first()
    if found is None:
        raise Http404
    return found


def _roles(membership: Membership) -> list[Role]:
    """Return the roles that a member may give: none above their own."""
    return [role for role in Role if not ranks_below(Role(membership.role), role)]


def _client_names(client_ids: list[int] | None, names: dict[int, str]) -> list[str] | None:
    return None if client_ids is None else [names[client_id] for client_id in client_ids if client_id in names]
