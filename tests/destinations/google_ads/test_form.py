"""Google Ads' settings as people paste them."""

import pytest

from apps.destinations.providers.google_ads.forms import GoogleAdsForm
from apps.destinations.providers.google_ads.provider import GoogleAds

GIVEN = {
    "operating_account": "123-456-7890",
    "login_account": "987 654 3210",
    "conversion_action_id": " 555666777 ",
    "client_id": "42-ab.apps.googleusercontent.com",
    "client_secret": "GOCSPX-secret",
    "refresh_token": "1//token",
}


def test_numbers_lose_their_dashes_and_secrets_may_stay_as_they_are() -> None:
    form = GoogleAdsForm(GIVEN)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["operating_account"] == "1234567890"
    assert form.cleaned_data["login_account"] == "9876543210"
    assert GoogleAds().describe(form.cleaned_data) == "123-456-7890, conversion action 555666777"
    kept = GoogleAdsForm({**GIVEN, "client_secret": "", "refresh_token": "", "login_account": ""}, has_secrets=True)
    assert kept.is_valid(), kept.errors
    assert "1//token" not in form.as_p() and form.help_urls.keys() == form.fields.keys()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("operating_account", "12345", "ten digits"),
        ("operating_account", "12345678901", "ten digits"),
        ("login_account", "１２３４５６７８９０", "ten digits"),
        ("conversion_action_id", "AW-123/abc", "Digits only"),
        ("client_id", "42", "looks like"),
        ("client_secret", "two words", "Copy it anew"),
        ("refresh_token", "ya29.access", "access token"),
        ("refresh_token", "4/0Acode", "authorization code"),
        ("refresh_token", "1//\x00", "Null"),
        ("refresh_token", "", "required"),
    ],
)
def test_what_cannot_be_right_says_what_would_be(name: str, value: str, words: str) -> None:
    form = GoogleAdsForm({**GIVEN, name: value})
    assert list(form.errors) == [name]
    assert words in str(form.errors[name])
