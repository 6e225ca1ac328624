"""Google Analytics' settings: which stream, by which secret, and where Google collects."""

import re
from collections.abc import Mapping, Sequence

from django import forms

from ..base import SettingsForm

MEASUREMENT_ID = re.compile(r"G-[A-Z0-9]{4,20}")
GLOBAL, EU = "global", "eu"
STANDARD, ANALYTICS_360 = "standard", "360"
OTHERS = {
    "UA-": "This is a property of Universal Analytics, which has ended; a measurement ID of Google Analytics 4 begins "
    "with G-.",
    "GTM-": "This is a container of Google Tag Manager; the measurement ID of the web stream begins with G-.",
    "GT-": "This is a Google tag’s own ID; the measurement ID of the web stream begins with G-.",
    "AW-": "This is a tag of Google Ads; the measurement ID of the web stream begins with G-.",
}


class GA4Form(SettingsForm):
    secret_fields = frozenset({"api_secret"})
    steps: Sequence[str] = (
        "In Google Analytics, open Admin, Data collection and modification, Data streams, and choose the site’s web "
        "stream: its measurement ID is at the top right. Enter it here.",
        "On the same page, open “Measurement Protocol API secrets”, accept the terms, and choose Create: you need the "
        "role Editor for it. Enter the secret’s value here.",
        "Leave Google’s own tag on the site: Beacon sends each conversion under the client ID that the tag gave the "
        "visitor, and sends none without.",
        "Where the tag sends an event for the same goal already, take that out or use another name, or it counts "
        "twice. Purchases alone are told by their order’s number and count once.",
        "Save and send a test: Google says what it would object to. It looks at neither the ID nor the secret, so see "
        "under Realtime whether the first conversion arrives.",
        "In Admin, Data display, Key events, mark the conversions’ names as key events.",
    )
    help_urls: Mapping[str, str] = {
        "measurement_id": "https://support.google.com/analytics/answer/12270356",
        "api_secret": "https://developers.google.com/analytics/devguides/collection/protocol/ga4/sending-events",
        "endpoint": "https://developers.google.com/analytics/devguides/collection/protocol/ga4/reference",
        "property_kind": "https://support.google.com/analytics/answer/9267744",
    }

    measurement_id = forms.CharField(
        label="Measurement ID",
        max_length=40,
        help_text="Of the web stream, such as G-EXAMPLE00. The stream’s own ID, digits alone, is something else.",
    )
    api_secret = forms.CharField(
        label="API secret",
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Of the same stream, under Measurement Protocol API secrets. Capitals matter.",
    )
    endpoint = forms.ChoiceField(
        label="Collected in",
        choices=((GLOBAL, "anywhere (www.google-analytics.com)"), (EU, "the EU (region1.google-analytics.com)")),
        initial=GLOBAL,
        required=False,
        help_text="With the EU, Google takes the conversions in on servers there.",
    )
    property_kind = forms.ChoiceField(
        label="Kind of property",
        choices=((STANDARD, "standard"), (ANALYTICS_360, "Google Analytics 360")),
        initial=STANDARD,
        required=False,
        help_text="Fields may have 100 characters in a standard property, 500 in one of Google Analytics 360.",
    )

    def clean_measurement_id(self) -> str:
        given = str(self.cleaned_data["measurement_id"]).upper()
        for prefix, words in OTHERS.items():
            if given.startswith(prefix):
                raise forms.ValidationError(words)
        if given.isdigit():
            raise forms.ValidationError("This is the stream’s or property’s ID; the measurement ID begins with G-.")
        if not MEASUREMENT_ID.fullmatch(given):
            raise forms.ValidationError("A measurement ID looks like G-EXAMPLE00.")
        return given

    def clean_api_secret(self) -> str:
        given: str = self.cleaned_data["api_secret"]
        if given and not (given.isascii() and given.isprintable() and " " not in given):
            raise forms.ValidationError("Copy it anew: it holds a space or another sign that doesn’t belong there.")
        return given

    def clean_endpoint(self) -> str:
        return self.cleaned_data["endpoint"] or GLOBAL

    def clean_property_kind(self) -> str:
        return self.cleaned_data["property_kind"] or STANDARD
