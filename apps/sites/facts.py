"""News of sites, told to the apps to the right."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SiteMoved:
    """A site belongs to another client now, and all that was on it with it."""

    schema: str
    site_id: int
    from_client_id: int
