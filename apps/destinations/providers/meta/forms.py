"""Meta's settings: which dataset, by whose leave, and what is said with its events."""

import re
from collections.abc import Mapping, Sequence

from django import forms

from ..base import SettingsForm
from .events import ALONE
from .processing import OFF, STATES

DATASET = re.compile(r"[0-9]{5,20}")
TEST_CODE = re.compile(r"[A-Za-z0-9_-]{3,40}")
APP_SECRET = re.compile(r"[0-9a-f]{32}")
# Each until two years after the next; an expired one is silently answered as the next, so it is pinned. Source:
# developers.facebook.com/docs/graph-api/changelog.
VERSIONS = {"v26.0": "newest, of July 2026", "v25.0": "until July 2028", "v24.0": "until February 2028"}
DEFAULT_VERSION = "v25.0"
EVENTS_MANAGER = "https://business.facebook.com/events_manager2"
CONVERSIONS_API = "https://developers.facebook.com/documentation/ads-commerce/conversions-api"


class MetaForm(SettingsForm):
    secret_fields = frozenset({"access_token", "app_secret"})
    steps: Sequence[str] = (
        "In Meta’s Events Manager, open the dataset (pixel) that your ads are measured by: its id is under its name.",
        "In its settings, under Conversions API, choose “Set up manually” and make an access token: enter both here.",
        "Where a pixel is on the site too, have it send the same event names and, as “eventID”, an id that Beacon is "
        "told as well (the order’s number, or the tag’s “event_id”): Meta then counts each once.",
        "Under Test events, copy the code that begins with TEST and enter it here: it is sent with tests and in test "
        "mode only. Meta shows such events at once, and counts them as real ones all the same.",
        "Beacon never forwards a visitor’s IP address. Meta recognises fewer people by that: have the site call "
        "“identify” with e-mail addresses or phone numbers, which are hashed, where visitors agree to marketing.",
    )
    help_urls: Mapping[str, str] = {
        "dataset_id": EVENTS_MANAGER,
        "access_token": f"{CONVERSIONS_API}/get-started#access-token",
        "app_secret": "https://developers.facebook.com/docs/graph-api/guides/secure-requests#appsecret_proof",
        "test_event_code": f"{CONVERSIONS_API}/using-the-api#testEvents",
        "pixel": f"{CONVERSIONS_API}/deduplicate-pixel-and-server-events",
        "data_processing": "https://developers.facebook.com/docs/marketing-apis/data-processing-options",
        "api_version": "https://developers.facebook.com/docs/graph-api/changelog",
    }

    dataset_id = forms.CharField(
        label="Dataset ID",
        max_length=40,
        help_text="Also called pixel ID: the number under the dataset’s name in Events Manager.",
    )
    access_token = forms.CharField(
        label="Access token",
        max_length=1000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Made in Events Manager for this dataset, or of a system user with access to it; it begins with EAA.",
    )
    app_secret = forms.CharField(
        label="App secret",
        max_length=100,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Only where the token is of an app of yours that demands a proof of it (“Require app secret”).",
    )
    test_event_code = forms.CharField(
        label="Test event code",
        max_length=60,
        required=False,
        help_text="Sent with tests and in test mode only. Without it nothing can be tested.",
    )
    pixel = forms.ChoiceField(
        label="The site’s pixel",
        choices=[("also", "sends the same events, with the same ids"), (ALONE, "doesn’t send these events")],
        initial="also",
        help_text=(
            "Meta drops a second event of the same id within 48 hours only. Where a pixel sends it too, an older one "
            "that the site gave an id isn’t sent any more, since it would count twice."
        ),
    )
    data_processing = forms.ChoiceField(
        label="Limited Data Use",
        choices=[(OFF, "off"), (STATES, "on for visitors of US states with a privacy law")],
        initial=OFF,
        help_text=(
            "Asks Meta to handle these visitors’ events as a processor only. A visitor of the US whose state isn’t "
            "known is treated as one of California."
        ),
    )
    api_version = forms.ChoiceField(
        label="API version",
        choices=[(version, f"{version} ({until})") for version, until in VERSIONS.items()],
        initial=DEFAULT_VERSION,
        help_text="Of Meta’s Graph API. Leave it unless Meta asks for another.",
    )

    def clean_dataset_id(self) -> str:
        given: str = self.cleaned_data["dataset_id"].replace(" ", "")
        if not DATASET.fullmatch(given):
            raise forms.ValidationError("A dataset’s id is a number, such as 1234567890123456.")
        return given

    def clean_access_token(self) -> str:
        given: str = self.cleaned_data["access_token"]
        if given and not (given.isascii() and given.isprintable() and " " not in given):
            raise forms.ValidationError("Copy it anew: it holds a space or another sign that doesn’t belong there.")
        if given.isdigit():
            raise forms.ValidationError("This is an id. The access token is longer, and begins with EAA.")
        return given

    def clean_app_secret(self) -> str:
        given: str = self.cleaned_data["app_secret"]
        if given and not APP_SECRET.fullmatch(given):
            raise forms.ValidationError("An app secret has 32 digits, 0-9 and a-f; it is in the app’s basic settings.")
        return given

    def clean_test_event_code(self) -> str:
        given: str = self.cleaned_data["test_event_code"]
        if given and not TEST_CODE.fullmatch(given):
            raise forms.ValidationError("A test event code looks like TEST12345.")
        return given
