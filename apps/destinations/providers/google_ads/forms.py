"""Google Ads' settings: which account, which conversion action, and by whose leave."""

import re
from collections.abc import Mapping, Sequence

from django import forms

from ..base import SettingsForm
from .oauth import SCOPE

CLIENT_ID = re.compile(r"[0-9A-Za-z-]+\.apps\.googleusercontent\.com")
CUSTOMER = re.compile(r"[0-9]{10}")
ACTION = re.compile(r"[0-9]{1,20}")
PLAYGROUND = "https://developers.google.com/oauthplayground"


class GoogleAdsForm(SettingsForm):
    secret_fields = frozenset({"client_secret", "refresh_token"})
    steps: Sequence[str] = (
        "In Google Cloud, choose or make a project and switch on the Data Manager API in its library.",
        "Set up its consent screen, add the scope “…/auth/datamanager”, and publish it: while it is in “Testing”, "
        "refresh tokens end after 7 days.",
        f"Under Clients, make a client of the kind “Web application” with {PLAYGROUND} as a redirect URI; enter its ID "
        "and secret here.",
        f"Open {PLAYGROUND}, tick “Use your own OAuth credentials” behind the gear and enter both there; ask for the "
        f"scope {SCOPE}, sign in as a user with access to the Google Ads account, and exchange the code for tokens: "
        "enter the refresh token here.",
        "In Google Ads, under Goals, Settings, accept the customer data terms and switch on enhanced conversions for "
        "leads, or contact data won’t be taken.",
        "Under Goals, Conversions, make a conversion action with the source “Import”, and enter its id and the "
        "account’s number here.",
    )
    help_urls: Mapping[str, str] = {
        "operating_account": "https://support.google.com/google-ads/answer/1704344",
        "login_account": "https://support.google.com/google-ads/answer/1704344",
        "conversion_action_id": "https://ads.google.com/aw/conversions",
        "client_id": "https://console.cloud.google.com/auth/clients",
        "client_secret": "https://console.cloud.google.com/auth/clients",
        "refresh_token": PLAYGROUND,
    }

    operating_account = forms.CharField(
        label="Operating account",
        max_length=20,
        help_text=(
            "The account that owns the conversions: ten digits, at the top right in Google Ads, such as 123-456-7890. "
            "With conversions across accounts, it is the manager account that measures them."
        ),
    )
    login_account = forms.CharField(
        label="Login account",
        max_length=20,
        required=False,
        help_text="The manager account, where the user has access through one; else leave it empty.",
    )
    conversion_action_id = forms.CharField(
        label="Conversion action",
        max_length=40,
        help_text=(
            "Its id: open it under Goals, Conversions; it is the number behind “ctId=” in the page’s address. For "
            "another conversion action, add another destination."
        ),
    )
    client_id = forms.CharField(
        label="Client ID",
        max_length=200,
        help_text="Of your Google Cloud project, under Clients; it ends in .apps.googleusercontent.com.",
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Beside the client ID. Google shows it once.",
    )
    refresh_token = forms.CharField(
        label="Refresh token",
        max_length=2000,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="From the OAuth playground, as the steps say; it begins with 1//.",
    )

    def clean_operating_account(self) -> str:
        return _customer(self.cleaned_data["operating_account"])

    def clean_login_account(self) -> str:
        given: str = self.cleaned_data["login_account"]
        return _customer(given) if given else ""

    def clean_conversion_action_id(self) -> str:
        given: str = self.cleaned_data["conversion_action_id"]
        if not ACTION.fullmatch(given):
            raise forms.ValidationError(
                "Digits only: the number behind “ctId=” in the conversion action’s address. The tag’s “AW-…” is "
                "something else."
            )
        return given

    def clean_client_id(self) -> str:
        given: str = self.cleaned_data["client_id"]
        if not CLIENT_ID.fullmatch(given):
            raise forms.ValidationError("A client ID looks like 1234-abcd.apps.googleusercontent.com.")
        return given

    def clean_client_secret(self) -> str:
        return _token(self.cleaned_data["client_secret"])

    def clean_refresh_token(self) -> str:
        given = _token(self.cleaned_data["refresh_token"])
        if given.startswith("ya29."):
            raise forms.ValidationError("This is an access token, which ends within the hour. Copy the refresh token.")
        if given.startswith("4/"):
            raise forms.ValidationError("This is the authorization code: exchange it for tokens first.")
        return given


def _customer(given: str) -> str:
    digits = given.replace("-", "").replace(" ", "")
    if not CUSTOMER.fullmatch(digits):
        raise forms.ValidationError("An account’s number has ten digits, such as 123-456-7890.")
    return digits


def _token(given: str) -> str:
    if given and not (given.isascii() and given.isprintable() and " " not in given):
        raise forms.ValidationError("Copy it anew: it holds a space or another sign that doesn’t belong there.")
    return given
