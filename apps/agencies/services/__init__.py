"""What changes agencies, memberships and invitations."""

from .agencies import agency_create, agency_set_active, slug_suggest
from .team import (
    invitation_accept,
    invitation_revoke,
    invitation_send,
    membership_change,
    membership_leave,
    membership_remove,
)
from .users import user_create, user_rename

__all__ = [
    "agency_create",
    "agency_set_active",
    "invitation_accept",
    "invitation_revoke",
    "invitation_send",
    "membership_change",
    "membership_leave",
    "membership_remove",
    "slug_suggest",
    "user_create",
    "user_rename",
]
