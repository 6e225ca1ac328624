"""Who exists there: one web stream with its secret. And which names are Google's own (contract: "Reserved names")."""

from dataclasses import dataclass


@dataclass(slots=True)
class Stream:
    measurement_id: str = "G-STANDIN001"
    api_secret: str = "secret-of-the-stand-in"
    is_360: bool = False


EVENTS = frozenset(
    {
        "ad_activeview", "ad_click", "ad_exposure", "ad_query", "ad_reward", "adunit_exposure", "app_clear_data",
        "app_exception", "app_install", "app_remove", "app_store_refund", "app_update", "app_upgrade",
        "dynamic_link_app_open", "dynamic_link_app_update", "dynamic_link_first_open", "error", "firebase_campaign",
        "firebase_in_app_message_action", "firebase_in_app_message_dismiss", "firebase_in_app_message_impression",
        "first_open", "first_visit", "notification_dismiss", "notification_foreground", "notification_open",
        "notification_receive", "notification_send", "os_update", "session_start", "user_engagement",
    }
)  # fmt: skip
OF_APPS = frozenset({"ad_impression", "in_app_purchase", "screen_view"})
PARAMS = frozenset({"firebase_conversion"})
PARAM_PREFIXES = ("_", "firebase_", "ga_", "google_", "gtag.")
PROPERTIES = frozenset(
    {"first_open_time", "first_visit_time", "last_deep_link_referrer", "user_id", "first_open_after_install"}
)
PROPERTY_PREFIXES = ("_", "firebase_", "ga_", "google_")
