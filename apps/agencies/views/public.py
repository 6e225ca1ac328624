"""The public host: what Beacon is, sign-up, and the way on to one's agency."""

import re
from urllib.parse import urlencode

from allauth.account.views import SignupView as AllauthSignupView
from django import forms
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from apps.core.errors import Refused

from .. import handover
from ..forms import SignupForm
from ..hosts import agency_url, safe_path
from ..models import Agency, Membership, User
from ..selectors import memberships_of
from ..services import slug_suggest

BROWSER_HASH = re.compile(r"[0-9a-f]{64}")


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "public/home.html")


class SignupView(AllauthSignupView):
    """User, agency and schema in one transaction, then logged in on the agency's host."""

    def form_valid(self, form: forms.Form) -> HttpResponse:
        try:
            with transaction.atomic():
                response: HttpResponse = super().form_valid(form)
        except Refused as refusal:
            form.add_error("slug", str(refusal))
            return self.form_invalid(form)
        except IntegrityError:
            # Two sign-ups with one address or e-mail at the same moment: the second sees the first one's now.
            form.add_error(None, "Somebody has just taken this address or e-mail: please try again.")
            return self.form_invalid(form)
        if isinstance(form, SignupForm) and form.agency:
            return HttpResponseRedirect(agency_url(form.agency.slug, "/login"))
        return response

    def form_invalid(self, form: forms.Form) -> HttpResponse:
        response: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return response


@require_safe
@never_cache
def signup_address(request: HttpRequest) -> HttpResponse:
    """Answer the address that goes with an agency's name, as the form's field; one's own writing is kept."""
    name, written = request.GET.get("agency_name", ""), request.GET.get("slug", "")
    was_suggested = not written or written == request.GET.get("suggested")
    form = SignupForm(initial={"slug": slug_suggest(name) if was_suggested and name.strip() else written})
    return render(request, "account/_signup_address.html", {"form": form, "suggested": form.initial["slug"]})


@login_required
@require_safe
@never_cache
def choose(request: HttpRequest) -> HttpResponse:
    """Lead on to the one agency of a user; who has several, or none, sees the list."""
    assert isinstance(request.user, User)
    memberships = memberships_of(request.user)
    if len(memberships) == 1:
        return HttpResponseRedirect(agency_url(memberships[0].agency.slug, "/login"))
    return render(request, "public/choose.html", {"agencies": _links(memberships)})


@require_safe
@never_cache
def hand_over(request: HttpRequest) -> HttpResponse:
    """Send a logged-in member back to their agency's host with a token; others to the login, or no further."""
    browser = request.GET.get("browser", "")
    if not BROWSER_HASH.fullmatch(browser):
        return HttpResponseRedirect(reverse("agency-choose"))
    if not isinstance(request.user, User):
        return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")
    membership = _membership(request.user, request.GET.get("agency", ""))
    if membership is None:
        return render(request, "public/no_access.html", {"agencies": _links(memberships_of(request.user))}, status=404)
    if request.session.session_key is None:
        request.session.create()
    token = handover.handover_issue(
        handover.Handover(
            user_id=request.user.id,
            agency_id=membership.agency_id,
            browser_hash=browser,
            next_path=safe_path(request.GET.get("next", "/")),
            public_session=str(request.session.session_key),
        )
    )
    return HttpResponseRedirect(agency_url(membership.agency.slug, "/login/return", token=token))


def _membership(user: User, slug: str) -> Membership | None:
    rows = Membership.objects.select_related("agency").filter(user=user, agency__slug=slug, agency__is_active=True)
    return rows.first()


def _links(memberships: list[Membership]) -> list[tuple[Agency, str]]:
    return [(membership.agency, agency_url(membership.agency.slug, "/login")) for membership in memberships]
