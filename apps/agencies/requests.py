"""What the middleware puts on a request of an agency's host, with types."""

from typing import TypeGuard

from django.http import HttpRequest

from .models import Agency, Membership, User


class AgencyRequest(HttpRequest):
    """A request of a member on their agency's host."""

    agency: Agency
    membership: Membership
    user: User


def is_agency_request(request: HttpRequest) -> TypeGuard[AgencyRequest]:
    """Return whether the middleware has found agency and membership."""
    return getattr(request, "membership", None) is not None


def agency_request(request: HttpRequest) -> AgencyRequest:
    """Return the request as a member's. Raises RuntimeError for a view that is open to anonymous people."""
    if not is_agency_request(request):
        raise RuntimeError("this view needs a member")
    return request
