"""What can go wrong with the local databases, said so that an operator knows what to do."""

from apps.core.errors import BeaconError


class RefreshError(BeaconError):
    """A database couldn't be fetched or isn't believed. The one in use stays."""
