"""Host -> agency -> membership: what every page of an agency's host stands on.

The socket and the ingest door don't pass here: they name their schema themselves.
"""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import set_urlconf
from django.utils.http import urlencode
from django_tenants.middleware.main import TenantMainMiddleware

from .hosts import host_without_port, is_public_host, public_url, safe_path
from .models import Agency, Domain, Membership, User
from .selectors import has_confirmed_email

# The connection as django-tenants has extended it.
tenants: Any = connection
# Asked by machines under any allowed host, and answered without an agency. (The ingest door answers under every host.)
WITHOUT_AGENCY = frozenset({"/health", "/ready", "/metrics"})
CONFIRMED = "email_confirmed"
# Pages of an agency's host that are there for whoever isn't logged in yet.
ENTRANCE = frozenset({"/login", "/login/return", "/logout"})
# Addresses for scripts: who shows a key comes without a session, and the view alone judges the key.
API = "/api/"


class AgencyMiddleware(TenantMainMiddleware):
    """Choose the schema and the addresses by the host. An unknown host gets a plain 404."""

    def process_request(self, request: HttpRequest) -> HttpResponse | None:
        tenants.set_schema_to_public()
        try:
            host = host_without_port(request.get_host())
        except DisallowedHost:
            return unknown_host()
        if request.path in WITHOUT_AGENCY or is_public_host(host):
            self._set(request, None)
            return None
        domain = Domain.objects.select_related("tenant").filter(domain=host, tenant__is_active=True).first()
        if domain is None:
            return unknown_host()
        domain.tenant.domain_url = host
        tenants.set_tenant(domain.tenant)
        self._set(request, domain.tenant)
        return None

    @staticmethod
    def _set(request: HttpRequest, agency: Agency | None) -> None:
        request.agency = agency  # type: ignore[attr-defined]
        # What django-tenants' own tags ask; on the public host a stand-in that names the public schema.
        request.tenant = agency or tenants.tenant  # type: ignore[attr-defined]
        request.urlconf = settings.ROOT_URLCONF if agency else settings.PUBLIC_SCHEMA_URLCONF
        set_urlconf(request.urlconf)


class MembershipMiddleware:
    """On an agency's host: let members in as `request.membership`, send the others to the login or away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        agency: Agency | None = getattr(request, "agency", None)
        request.membership = None  # type: ignore[attr-defined]
        if agency is None or request.path in ENTRANCE or request.path.startswith(settings.STATIC_URL):
            return self.get_response(request)
        if request.path.startswith(API) and ("Authorization" in request.headers or not isinstance(request.user, User)):
            return self.get_response(request)
        if not isinstance(request.user, User):
            return to_login(request)
        membership = Membership.objects.filter(user=request.user, agency=agency).first()
        if membership is None:
            return no_access(request)
        # Both are at hand already: no query for what is known.
        membership.agency, membership.user = agency, request.user
        request.membership = membership  # type: ignore[attr-defined]
        # Where the confirmation is sent again; empty once the address is confirmed. The shell shows it.
        request.confirm_url = "" if is_confirmed(request) else public_url("/email")  # type: ignore[attr-defined]
        return self.get_response(request)


def is_confirmed(request: HttpRequest) -> bool:
    """Return whether the user's address is confirmed. Asked of the database until it is, then known to the session."""
    if request.session.get(CONFIRMED):
        return True
    confirmed = isinstance(request.user, User) and has_confirmed_email(request.user)
    if confirmed:
        request.session[CONFIRMED] = True
    return confirmed


def to_login(request: HttpRequest) -> HttpResponse:
    """Send a logged-out browser to the login and back to where it was; a fragment's request takes its page along."""
    if request.headers.get("HX-Request") == "true":
        current = request.headers.get("HX-Current-URL", "")
        path = safe_path("/" + current.partition("://")[2].partition("/")[2])
        response = HttpResponse(status=401)
        response["HX-Redirect"] = f"{settings.LOGIN_URL}?{urlencode({'next': path})}"
        return response
    path = request.get_full_path() if request.method == "GET" else "/"
    return HttpResponseRedirect(f"{settings.LOGIN_URL}?{urlencode({'next': path})}")


def no_access(request: HttpRequest) -> HttpResponse:
    """Tell somebody without a place here just that: no name, no facts of the agency."""
    return render(request, "agencies/no_access.html", status=404)


def unknown_host() -> HttpResponse:
    """Answer for a host that belongs to nobody: there is no session, no agency and no page frame to use."""
    return HttpResponse(render_to_string("agencies/unknown_host.html"), status=404)
