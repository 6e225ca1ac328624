"""Who belongs to an agency: invitations by mail, roles, limits to clients, leaving."""

import hashlib
import secrets
from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from apps.core import clock
from apps.core.errors import Refused

from ..hosts import public_url
from ..mails import mail_send
from ..models import Agency, Invitation, Membership, User
from ..roles import Role, ranks_below

INVITATION_DAYS = 7


def invitation_send(
    *, agency: Agency, email: str, role: Role, client_ids: Iterable[int] | None, invited_by: Membership
) -> Invitation:
    """Offer a place by mail; an older offer to the same address is withdrawn.

    Raises Refused for somebody who is in already and for a role above the inviter's own.
    """
    email = email.lower()
    _require_rank(invited_by, role)
    if Membership.objects.filter(agency=agency, user__email__iexact=email).exists():
        raise Refused(f"{email} is in the team already.")
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        Invitation.objects.filter(agency=agency, email=email, accepted_at=None).delete()
        invitation = Invitation.objects.create(
            agency=agency,
            email=email,
            role=role,
            client_ids=_limits(role, client_ids),
            token_hash=token_hash(token),
            invited_by=invited_by.user,
            expires_at=clock.now() + timedelta(days=INVITATION_DAYS),
        )
        context = {
            "agency": agency,
            "inviter": invited_by.user,
            "role": role,
            "url": public_url(f"/invitation/{token}"),
            "days": INVITATION_DAYS,
        }
        transaction.on_commit(lambda: mail_send("mail/invitation", to=email, context=context))
    return invitation


def invitation_accept(*, invitation: Invitation, user: User) -> Membership:
    """Give `user` the place offered. Raises Refused where it was taken, ran out, or was offered to another address."""
    with transaction.atomic():
        offer = Invitation.objects.select_for_update().filter(id=invitation.id, accepted_at=None).first()
        if offer is None or offer.expires_at <= clock.now():
            raise Refused("This invitation can't be used any more: ask for a new one.")
        if offer.email != user.email.lower():
            raise Refused(f"This invitation is for {offer.email}: sign in with that address.")
        offer.accepted_at = clock.now()
        offer.save(update_fields=["accepted_at"])
        membership, _ = Membership.objects.get_or_create(
            user=user, agency_id=offer.agency_id, defaults={"role": offer.role, "client_ids": offer.client_ids}
        )
    return membership


def invitation_revoke(*, invitation: Invitation, by: Membership) -> None:
    """Withdraw an open invitation. May run twice."""
    _require_rank(by, Role(invitation.role))
    Invitation.objects.filter(id=invitation.id, accepted_at=None).delete()


def membership_change(*, membership: Membership, role: Role, client_ids: Iterable[int] | None, by: Membership) -> None:
    """Change role and limits of somebody else. Raises Refused where the roles' order or the last owner forbids it."""
    if membership.id == by.id:
        raise Refused("You can't change your own role: ask another owner or admin.")
    _require_rank(by, Role(membership.role))
    _require_rank(by, role)
    with transaction.atomic():
        _keep_an_owner(membership, stays=role is Role.OWNER)
        membership.role, membership.client_ids = role, _limits(role, client_ids)
        membership.save(update_fields=["role", "client_ids"])


def membership_remove(*, membership: Membership, by: Membership) -> None:
    """Take somebody else out of the team. Raises Refused for an owner, who can only leave."""
    if membership.id == by.id:
        raise Refused("You can't remove yourself: leave the agency instead.")
    if membership.role == Role.OWNER:
        raise Refused("An owner can't be removed by others.")
    _require_rank(by, Role(membership.role))
    membership.delete()


def membership_leave(*, membership: Membership) -> None:
    """Leave an agency. Raises Refused for its last owner."""
    with transaction.atomic():
        _keep_an_owner(membership, stays=False)
        membership.delete()


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _require_rank(by: Membership, role: Role) -> None:
    if ranks_below(Role(by.role), role):
        raise Refused(f"Only an {Role.OWNER} can do this.")


def _limits(role: Role, client_ids: Iterable[int] | None) -> list[int] | None:
    """Return the clients to keep. Owners and admins run the whole agency: a limit would contradict their role."""
    if client_ids is None or role in {Role.OWNER, Role.ADMIN}:
        return None
    return sorted(set(client_ids))


def _keep_an_owner(membership: Membership, *, stays: bool) -> None:
    """Raise Refused where this would leave no owner. Two owners who go at once wait for each other."""
    owners = list(
        Membership.objects.select_for_update()
        .filter(agency_id=membership.agency_id, role=Role.OWNER)
        .values_list("id", flat=True)
    )
    if not stays and owners == [membership.id]:
        raise Refused("An agency needs an owner: make somebody else one first.")
