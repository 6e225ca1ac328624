"""What every provider of profiles gives."""

from typing import Protocol

from ..reading import Profile


class NotYet(Exception):
    """The provider is looking for it, and has it later (202)."""


class Provider(Protocol):
    source: str  # as it is shown beside what it said

    def ask(self, domain: str) -> Profile | None:
        """Return what is known of the company at `domain`; None: nothing is. Blocks. Raises NotYet, ProviderError."""
        ...
