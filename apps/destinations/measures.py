"""What is counted of deliveries. docs/observing.md explains each of them."""

from apps.core.metering import Counter

ATTEMPTS = Counter(
    "beacon_delivery_attempts", "Messages sent to providers, by what came of them", ["provider", "outcome"]
)
PAUSES = Counter("beacon_destination_pauses", "Times that a destination was left alone", ["provider", "reason"])
