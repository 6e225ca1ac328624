"""What is counted of enrichment. docs/observing.md explains each of them."""

from apps.core.metering import SECONDS, Counter, Histogram

ADDRESSES = Counter("beacon_enrichment_addresses", "Addresses to be resolved, by what became of them", ["outcome"])
REQUESTS = Counter("beacon_enrichment_requests", "Requests to IPinfo, by outcome", ["outcome"])
ENTRIES = Counter("beacon_enrichment_entries", "Addresses in those requests, which count against the quota")
REQUEST_SECONDS = Histogram("beacon_enrichment_request_seconds", "Time that requests to IPinfo took", buckets=SECONDS)
OPENED = Counter("beacon_enrichment_breaker_opened", "How often IPinfo was left alone, by what it did", ["reason"])
