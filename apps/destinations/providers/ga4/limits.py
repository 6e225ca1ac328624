"""Google Analytics' limits and reserved names.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events#limitations and
.../reference#reserved_names; lengths of page fields: support.google.com/analytics/answer/9267744.
"""

import re

MOST_EVENTS = 25
MOST_PARAMS = 25
MOST_PROPERTIES = 25
MOST_BYTES = 130_000  # a body is below
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
LONGEST_NAME = 40
LONGEST_PROPERTY_NAME, LONGEST_PROPERTY = 24, 36
LONGEST_VALUE, LONGEST_VALUE_360 = 100, 500
LONGEST_OF = {"page_title": 300, "page_referrer": 420, "page_location": 1000}

_EVENTS = """
ad_activeview ad_click ad_exposure ad_query ad_reward adunit_exposure app_clear_data app_exception app_install
app_remove app_store_refund app_update app_upgrade dynamic_link_app_open dynamic_link_app_update
dynamic_link_first_open error firebase_campaign firebase_in_app_message_action firebase_in_app_message_dismiss
firebase_in_app_message_impression first_open first_visit notification_dismiss notification_foreground
notification_open notification_receive notification_send os_update session_start user_engagement
"""
RESERVED_EVENTS = frozenset(_EVENTS.split())
APP_EVENTS = frozenset({"ad_impression", "in_app_purchase", "screen_view"})
RESERVED_PARAMS = frozenset({"firebase_conversion"})
PARAM_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")
RESERVED_PROPERTIES = frozenset(
    {"first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id", "first_open_after_install"}
)
PROPERTY_PREFIXES = ("_", "firebase_", "ga_", "google_")

# Google's recommended events with what each needs. Source: .../protocol/ga4/reference/events; of refund and search
# Google's event builder.
WORTH = ("currency", "value")
NEEDED: dict[str, tuple[str, ...]] = {
    "generate_lead": WORTH,
    "qualify_lead": WORTH,
    "working_lead": WORTH,
    "close_convert_lead": WORTH,
    "close_unconvert_lead": WORTH,
    "disqualify_lead": WORTH,
    "purchase": ("transaction_id", *WORTH, "items"),
    "refund": ("transaction_id", *WORTH),
    "begin_checkout": (*WORTH, "items"),
    "add_to_cart": (*WORTH, "items"),
    "view_item": (*WORTH, "items"),
    "sign_up": (),
    "login": (),
    "search": ("search_term",),
    "share": (),
    "select_content": (),
    "page_view": (),
}


def longest(name: str, *, is_360: bool) -> int:
    """Return how many characters a param's value may have."""
    return max(LONGEST_OF.get(name, 0), LONGEST_VALUE_360 if is_360 else LONGEST_VALUE)
