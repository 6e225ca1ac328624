"""An agency's side of signing in: off to the public host, back with a token, and out again."""

from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from .. import handover
from ..hosts import public_url, safe_path
from ..models import Agency, User
from ..signing_out import sessions_link, sign_out

BACKEND = "django.contrib.auth.backends.ModelBackend"


def _agency(request: HttpRequest) -> Agency:
    agency = getattr(request, "agency", None)
    assert isinstance(agency, Agency), "only in an agency's addresses"
    return agency


@require_safe
@never_cache
def to_public(request: HttpRequest) -> HttpResponse:
    """Send the browser to the public host's login, with a nonce of its own that stays here."""
    nonce = request.COOKIES.get(handover.NONCE_COOKIE) or handover.new_nonce()
    target = public_url(
        "/handover",
        agency=_agency(request).slug,
        browser=handover.browser_hash(nonce),
        next=safe_path(request.GET.get("next", "/")),
    )
    response = HttpResponseRedirect(target)
    response.set_cookie(
        handover.NONCE_COOKIE,
        nonce,
        max_age=handover.NONCE_SECONDS,
        path=handover.NONCE_PATH,
        httponly=True,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@require_safe
@never_cache
def come_back(request: HttpRequest) -> HttpResponse:
    """Log in whom the public host vouches for. A token that doesn't fit gets 400 and a link to try again."""
    try:
        found = handover.handover_take(
            token=request.GET.get("token", ""),
            agency_id=_agency(request).id,
            nonce=request.COOKIES.get(handover.NONCE_COOKIE, ""),
        )
        user = User.objects.get(id=found.user_id, is_active=True)
    except (handover.HandoverRefused, User.DoesNotExist):
        return render(request, "agencies/handover_refused.html", status=400)
    login(request, user, backend=BACKEND)
    sessions_link(
        public_session=found.public_session,
        agency_session=request.session,
        agency_key=str(request.session.session_key),
    )
    response = HttpResponseRedirect(safe_path(found.next_path))
    response.delete_cookie(handover.NONCE_COOKIE, path=handover.NONCE_PATH, samesite="Lax")
    return response


@never_cache
def leave(request: HttpRequest) -> HttpResponse:
    """End the whole sign-in. A mere link leads to the public host, which asks first."""
    if request.method != "POST":
        return HttpResponseRedirect(public_url("/logout"))
    sign_out(request)
    return HttpResponseRedirect(public_url("/"))
