"""What events are called at Meta: its standard events, and which of them an event of the site is. Pure.

Source: developers.facebook.com/documentation/meta-pixel/reference, "Standard events". Names are case sensitive, and the
browser pixel has to use the same one for Meta to count both once.
"""

PURCHASE = "Purchase"
STANDARD = (
    "AddPaymentInfo", "AddToCart", "AddToWishlist", "CompleteRegistration", "Contact", "CustomizeProduct", "Donate",
    "FindLocation", "InitiateCheckout", "Lead", "PageView", PURCHASE, "Schedule", "Search", "StartTrial",
    "SubmitApplication", "Subscribe", "ViewContent",
)  # fmt: skip
# GA4's recommended events, which sites name theirs after, that are a standard event of Meta's by another name.
RECOMMENDED = {
    "begin_checkout": "InitiateCheckout",
    "generate_lead": "Lead",
    "sign_up": "CompleteRegistration",
    "view_item": "ViewContent",
}
_BY_LETTERS = {name.lower(): name for name in STANDARD}


def name_of(*, goal_name: str, event_name: str) -> str:
    """Return what an event is called at Meta: a standard event where its name is one, however it is written."""
    return _standard(event_name) or event_name or _standard(goal_name) or goal_name


def _standard(name: str) -> str:
    letters = name.lower().replace("_", "").replace("-", "").replace(" ", "")
    return RECOMMENDED.get(name.lower(), "") or _BY_LETTERS.get(letters, "")
