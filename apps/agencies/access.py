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
MemberView = Callable[Concatenate[AgencyRequest, P], HttpResponse]
AnyView = Callable[Concatenate[HttpRequest, P], HttpResponse]


def require(membership: Membership, permission: Permission) -> None:
    """Raise PermissionDenied (403) where the role is too low."""
    if not membership.may(permission):
        raise PermissionDenied(f"Your role, {membership.role}, doesn't include this.")


def member_view(permission: Permission) -> Callable[[MemberView[P]], AnyView[P]]:
    """Let members with `permission` into a view that isn't about one site; others get 403."""

    def decorate(view: MemberView[P]) -> AnyView[P]:
        @wraps(view)
        def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            member = agency_request(request)
            require(member.membership, permission)
            return view(member, *args, **kwargs)

        return guarded

    return decorate


def require_all_clients(membership: Membership) -> None:
    """Raise Http404 for somebody limited to some clients: what concerns the whole agency isn't there for them."""
    if membership.client_ids is not None:
        raise Http404
