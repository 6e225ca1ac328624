"""Who exists there: one client with its refresh token, one account with its conversion actions."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Client:
    """An OAuth client and the one grant it has."""

    client_id: str = "4242-stand-in.apps.googleusercontent.com"
    client_secret: str = "GOCSPX-of-the-stand-in"
    refresh_token: str = "1//of-the-stand-in"
    scope: str = "https://www.googleapis.com/auth/datamanager"


@dataclass(slots=True)
class Account:
    """A Google Ads account. `manager`: through which access runs, required then. `actions`: those taking uploads."""

    number: str = "1234567890"
    manager: str = "9876543210"
    actions: frozenset[str] = field(default_factory=lambda: frozenset({"555666777", "555666778", "555666779"}))
    other_actions: frozenset[str] = frozenset({"111222333"})  # of a kind that takes none
    has_signed_terms: bool = True
    has_enhanced_leads: bool = True
