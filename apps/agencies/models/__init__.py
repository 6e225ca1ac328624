"""All tables of the public schema."""

from .agency import Agency, Domain, SpareSchema
from .ingest import ApiKey, Salt, SiteRoute, StreamCheckpoint
from .people import Invitation, Membership, User

__all__ = [
    "Agency",
    "ApiKey",
    "Domain",
    "Invitation",
    "Membership",
    "Salt",
    "SiteRoute",
    "SpareSchema",
    "StreamCheckpoint",
    "User",
]
