"""`/account` on an agency's host: one's own name; password and address live on the public host."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from apps.core.errors import Refused

from ..forms import NameForm
from ..hosts import public_url
from ..requests import agency_request
from ..selectors import has_confirmed_email
from ..services import membership_leave, user_rename


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    """Show and change one's name. A wrong form comes back with 422."""
    member = agency_request(request)
    form = NameForm(request.POST or None, initial={"name": member.user.name})
    if request.method == "POST" and form.is_valid():
        user_rename(user=member.user, name=form.cleaned_data["name"])
        messages.success(request, "Saved.")
        return HttpResponseRedirect(reverse("agencies:account"))
    context = {
        "form": form,
        "membership": member.membership,
        "is_confirmed": has_confirmed_email(member.user),
        "password_url": public_url("/password/change"),
        "email_url": public_url("/email"),
    }
    return render(request, "agencies/account.html", context, status=422 if form.is_bound else 200)


@require_POST
def leave_agency(request: HttpRequest) -> HttpResponse:
    """Give up one's own place. The last owner stays and is told why."""
    try:
        membership_leave(membership=agency_request(request).membership)
    except Refused as refusal:
        messages.error(request, str(refusal))
        return HttpResponseRedirect(reverse("agencies:account"))
    return HttpResponseRedirect(public_url("/agencies"))
