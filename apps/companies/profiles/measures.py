"""What is counted of asking for profiles. docs/observing.md explains each of them."""

from apps.core.metering import SECONDS, Counter, Histogram

REQUESTS = Counter("beacon_profile_requests", "Requests for companies' profiles, by outcome", ["outcome"])
REQUEST_SECONDS = Histogram("beacon_profile_request_seconds", "Time that those requests took", buckets=SECONDS)
OPENED = Counter("beacon_profile_breaker_opened", "How often the service was left alone, by what it did", ["reason"])
