"""What destinations know first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DestinationRefused:
    """A provider takes nothing of a destination until a person mends its settings. Told once for each such time."""

    schema: str
    destination_id: int


@dataclass(frozen=True, slots=True)
class DeliveriesDue:
    """A destination has something to be sent now."""

    schema: str
    destination_id: int
