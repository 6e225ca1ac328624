"""Reads of users, memberships and invitations."""

from allauth.account.models import EmailAddress

from apps.core import clock

from .models import Agency, Invitation, Membership, User
from .roles import Role
from .services.team import token_hash

ORDER = [role.value for role in Role]


def memberships_of(user: User) -> list[Membership]:
    """Return a user's places in active agencies, by the agencies' names. One query."""
    rows = Membership.objects.select_related("agency").filter(user=user, agency__is_active=True)
    return list(rows.order_by("agency__name"))


def team_of(agency: Agency) -> list[Membership]:
    """Return an agency's members, highest role first. One query."""
    rows = Membership.objects.select_related("user", "agency").filter(agency=agency)
    return sorted(rows, key=lambda row: (ORDER.index(row.role), str(row.user).lower()))


def invitations_open(agency: Agency) -> list[Invitation]:
    """Return the invitations that nobody has taken yet, ran out or not, newest first. One query."""
    rows = Invitation.objects.select_related("invited_by").filter(agency=agency, accepted_at=None)
    return list(rows.order_by("-created_at"))


def invitation_by_token(token: str) -> Invitation | None:
    """Return the invitation behind a link; None where there is none, it was taken, ran out, or the agency is closed."""
    rows = Invitation.objects.select_related("agency", "invited_by").filter(
        token_hash=token_hash(token), accepted_at=None, expires_at__gt=clock.now(), agency__is_active=True
    )
    return rows.first()


def has_confirmed_email(user: User) -> bool:
    """Return whether the user's address was confirmed. One query."""
    return bool(EmailAddress.objects.filter(user=user, email__iexact=user.email, verified=True).exists())
