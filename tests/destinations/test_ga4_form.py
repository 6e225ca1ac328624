"""Google Analytics' settings as people paste them."""

import pytest

from apps.destinations.providers.ga4.forms import GA4Form

GIVEN = {"measurement_id": " g-example00 ", "api_secret": "sEcret-1", "endpoint": "eu", "property_kind": "360"}


def test_settings_are_put_right_and_the_secret_may_stay_as_it_is() -> None:
    form = GA4Form(GIVEN)
    assert form.is_valid(), form.errors
    assert form.cleaned_data == GIVEN | {"measurement_id": "G-EXAMPLE00"}
    kept = GA4Form({"measurement_id": "G-EXAMPLE00", "api_secret": ""}, has_secrets=True)
    assert kept.is_valid(), kept.errors
    assert (kept.cleaned_data["endpoint"], kept.cleaned_data["property_kind"]) == ("global", "standard")
    assert "sEcret-1" not in form.as_p() and form.help_urls.keys() == form.fields.keys()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("measurement_id", "4711471147", "the stream’s or property’s ID"),
        ("measurement_id", "UA-4711-1", "Universal Analytics"),
        ("measurement_id", "GTM-ABC12", "Tag Manager"),
        ("measurement_id", "AW-4711", "Google Ads"),
        ("measurement_id", "G-EX AMPLE", "looks like"),
        ("api_secret", "two words", "Copy it anew"),
        ("api_secret", "", "required"),
        ("endpoint", "us", "valid choice"),
    ],
)
def test_what_cannot_be_right_says_what_would_be(name: str, value: str, words: str) -> None:
    form = GA4Form({**GIVEN, name: value})
    assert list(form.errors) == [name]
    assert words in str(form.errors[name])
