"""Which columns there are of a day: those of its visits, of the page views and events in them, and of later ones."""

import numpy as np

# Texts, as the session has them.
PLAIN = (
    "channel",
    "source",
    "medium",
    "campaign",
    "referrer_host",
    "entry_host",
    "network_kind",
    "organisation",
    "device",
    "browser",
    "system",
    "language",
)
# One column for all three, named "place".
PLACE = ("country", "region", "city")
# Numbers into the day's `paths`.
PATHS = ("entry_path", "exit_path")

# Bits of `flags`. APART: the visit ended on another local day than it began.
SIBLINGS, BOUNCED, APART = 1, 2, 4

# What happened in a visit `later` days after the one on which it began. With 0 days: how many page views a visit that
# is APART had on its own day, and nothing else of them.
LATER = np.dtype(
    [
        ("visit", "<u4"),
        ("later", "u1"),
        ("is_event", "u1"),
        ("path", "<u4"),
        ("name", "<u4"),
        ("count", "<u4"),
        ("engaged", "<u8"),
    ]
)
# The latest of those: two days after a visit began, by local days of 23 hours.
LATEST = 3

COLUMNS = (
    *PLAIN,
    "company_id",
    "place",
    "visitor_id",
    "pageviews",
    "engaged_ms",
    "duration",
    "flags",
    "paths",
    "names",
    *PATHS,
    "views_of_visit",
    "view_path",
    "view_count",
    "view_engaged",
    "events_of_visit",
    "event_name",
    "event_path",
    "event_count",
    "event_engaged",
    "later",
)
