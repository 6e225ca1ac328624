"""The roles table: which role may do what. Source: product description, "Roles"."""

from enum import StrEnum


class Role(StrEnum):
    OWNER = "owner"
    ADMIN = "admin"
    MANAGER = "manager"
    ANALYST = "analyst"
    VIEWER = "viewer"


class Permission(StrEnum):
    READ = "read"  # analytics, companies, live
    EXPORT = "export"  # exports, segments, annotations
    EDIT_COMPANIES = "edit_companies"  # tags, notes, owner, ignore
    MANAGE_SITES = "manage_sites"  # sites, clients, domains
    MANAGE_RULES = "manage_rules"  # goals, scoring, destinations, exclusions, deleting visits
    MANAGE_TEAM = "manage_team"  # team, API keys, audit log, privacy requests
    OWN_AGENCY = "own_agency"  # billing, deletion, transfer


_VIEWER = {Permission.READ}
_ANALYST = _VIEWER | {Permission.EXPORT, Permission.EDIT_COMPANIES}
_MANAGER = _ANALYST | {Permission.MANAGE_SITES, Permission.MANAGE_RULES}
_ADMIN = _MANAGER | {Permission.MANAGE_TEAM}
_OWNER = _ADMIN | {Permission.OWN_AGENCY}

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.VIEWER: frozenset(_VIEWER),
    Role.ANALYST: frozenset(_ANALYST),
    Role.MANAGER: frozenset(_MANAGER),
    Role.ADMIN: frozenset(_ADMIN),
    Role.OWNER: frozenset(_OWNER),
}


def may(role: str, permission: Permission) -> bool:
    """Return whether `role` includes `permission`; an unknown role includes nothing."""
    return role in PERMISSIONS and permission in PERMISSIONS[Role(role)]


def ranks_below(role: Role, other: Role) -> bool:
    """Return whether `role` may do less than `other`: nobody gives what they don't have."""
    return PERMISSIONS[role] < PERMISSIONS[other]
