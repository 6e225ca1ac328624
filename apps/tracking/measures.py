"""What is counted of events on their way from the door to the tables. docs/observing.md explains each of them."""

from apps.core.metering import SECONDS, SIZES, Counter, Histogram

# --- the door ---------------------------------------------------------------------------------------------------------
DOOR_REQUESTS = Counter("beacon_door_requests", "Requests answered by the ingest door", ["door", "status"])
DOOR_SECONDS = Histogram(
    "beacon_door_seconds", "Time from a request's head to its answer, the sync to disk included", buckets=SECONDS
)
ACCEPTED = Counter("beacon_events_accepted", "Events acknowledged, after they were durable")
REFUSED = Counter("beacon_events_refused", "Events of known sites turned away at the door", ["reason"])
PIPELINE_ENTRIES = Histogram("beacon_inbox_pipeline_entries", "Requests that became durable together", buckets=SIZES)
PIPELINE_SECONDS = Histogram("beacon_inbox_pipeline_seconds", "Time to make them durable", buckets=SECONDS)

# --- the writer -------------------------------------------------------------------------------------------------------
STORED = Counter("beacon_events_stored", "Events stored as rows, those set aside among them")
COUNTED = Counter("beacon_events_counted", "Events stored and counted")
FOLDED = Counter("beacon_events_folded", "Totals folded into their page views")
SET_ASIDE = Counter("beacon_events_set_aside", "Events in nobody's figures", ["reason"])
REPEATED = Counter("beacon_events_repeated", "Events that had been stored before")
PARKED = Counter("beacon_events_parked", "Events whose entry couldn't be stored and lies parked")
LAG_SECONDS = Histogram("beacon_writer_lag_seconds", "Time from receipt to stored, of each request", buckets=SECONDS)
BATCH_ENTRIES = Histogram("beacon_writer_batch_entries", "Entries that the writer took at once", buckets=SIZES)
BATCH_SECONDS = Histogram("beacon_writer_batch_seconds", "Time to store them and move the checkpoint", buckets=SECONDS)
RETRIES = Counter("beacon_writer_retries", "Batches that are tried again because a server was away", ["server"])
UNTOLD = Counter("beacon_writer_facts_untold", "Facts that weren't told; a sweep finds what they would have woken")
