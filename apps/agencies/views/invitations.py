"""Coming in by an invitation: whoever has the link and the address it was sent to gets the place, once."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from apps.core.errors import Refused

from ..forms import InvitedForm
from ..hosts import agency_url
from ..models import Invitation, User
from ..selectors import invitation_by_token
from ..services import invitation_accept, user_create
from .entrance import BACKEND


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """Show the place offered and give it on POST. 404 for a link that is used up, too old or made up."""
    invitation = invitation_by_token(token)
    if invitation is None:
        return render(request, "public/invitation_gone.html", status=404)
    if isinstance(request.user, User):
        return _accept_as(request, invitation, request.user)
    if User.objects.filter(email__iexact=invitation.email).exists():
        return render(request, "public/invitation.html", {"invitation": invitation, "state": "sign-in"})
    return _accept_as_new(request, invitation)


def _accept_as(request: HttpRequest, invitation: Invitation, user: User) -> HttpResponse:
    if user.email.lower() != invitation.email:
        return render(request, "public/invitation.html", {"invitation": invitation, "state": "other"})
    if request.method != "POST":
        return render(request, "public/invitation.html", {"invitation": invitation, "state": "join"})
    return _join(request, invitation, user)


def _accept_as_new(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = InvitedForm(request.POST or None, email=invitation.email)
    if request.method != "POST" or not form.is_valid():
        context = {"invitation": invitation, "state": "new", "form": form}
        return render(request, "public/invitation.html", context, status=422 if form.is_bound else 200)
    # The link came by mail, so the address is confirmed.
    user = user_create(
        email=invitation.email,
        name=form.cleaned_data["name"],
        password=form.cleaned_data["password"],
        is_confirmed=True,
    )
    login(request, user, backend=BACKEND)
    return _join(request, invitation, user)


def _join(request: HttpRequest, invitation: Invitation, user: User) -> HttpResponse:
    try:
        invitation_accept(invitation=invitation, user=user)
    except Refused:
        return render(request, "public/invitation_gone.html", status=404)
    return HttpResponseRedirect(agency_url(invitation.agency.slug, "/login"))
