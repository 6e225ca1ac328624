"""Who may do what on an agency's host: the guard of views, by permission."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from .models import Membership
from .requests import AgencyRequest, agency_request
from .roles import Permission

P = ParamSpec("P")


def require(membership: Membership, permission: Permission) -> None:
    """Raise PermissionDenied (403) where the role is too low."""
    if not membership.may(permission):
        raise PermissionDenied(f"Your role, {membership.role}, doesn't include this.")


def member_view(
    permission: Permission,
) -> Callable[
    [Callable[Concatenate[AgencyRequest, P], HttpResponse]], Callable[Concatenate[HttpRequest, P], HttpResponse]
]:
    """Let members with `permission` into a view that isn't about one site; others get 403."""

    def decorate(
        view: Callable[Concatenate[AgencyRequest, P], HttpResponse],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            member = agency_request(request)
            require(member.membership, permission)
            return view(member, *args, **kwargs)

        return guarded

    return decorate


def require_all_clients(membership: Membership) -> None:
    """Raise Http404 for somebody limited to some clients: what concerns the whole agency isn't there for them."""
    if membership.client_ids is not None:
        raise Http404
