"""What alerts know first."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlertsRaised:
    """Mails are to be sent: `models.AlertSent` rows that are due."""

    schema: str
    alert_ids: tuple[int, ...]
