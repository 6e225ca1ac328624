"""What this app tells: a check was asked for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CheckAsked:
    """Lost, the check is closed when its time is over, and says so."""

    schema: str
    check_id: int
