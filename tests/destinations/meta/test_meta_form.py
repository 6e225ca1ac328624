"""Meta's settings as people paste them."""

import pytest

from apps.destinations.providers.meta.forms import MetaForm
from apps.destinations.providers.registry import provider_of

GIVEN = {
    "dataset_id": " 1234 5678 9012 3456",
    "access_token": "EAAb" * 20,
    "app_secret": "",
    "test_event_code": "TEST12345",
    "pixel": "also",
    "data_processing": "off",
    "api_version": "v25.0",
}


def test_what_is_pasted_is_taken_and_secrets_may_stay_as_they_are() -> None:
    form = MetaForm(GIVEN)
    assert form.is_valid(), form.errors
    provider = provider_of("meta")
    assert provider and provider.describe(form.cleaned_data) == "dataset 1234567890123456"
    kept = MetaForm({**GIVEN, "access_token": ""}, has_secrets=True)
    assert kept.is_valid(), kept.errors
    assert "EAAbEAAb" not in form.as_p() and form.help_urls.keys() == form.fields.keys()
    assert MetaForm().initial == {} and MetaForm()["api_version"].initial == "v25.0"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("dataset_id", "My pixel", "is a number"),
        ("dataset_id", "１２３４５６７", "is a number"),
        ("access_token", "EAAb EAAc", "Copy it anew"),
        ("access_token", "1234567890123456", "This is an id"),
        ("access_token", "", "required"),
        ("app_secret", "secret", "32 digits"),
        ("test_event_code", "TEST 1", "looks like"),
        ("pixel", "maybe", "valid choice"),
        ("data_processing", "LDU", "valid choice"),
        ("api_version", "v9.0", "valid choice"),
    ],
)
def test_what_cannot_be_right_says_what_would_be(name: str, value: str, words: str) -> None:
    form = MetaForm({**GIVEN, name: value})
    assert list(form.errors) == [name]
    assert words in str(form.errors[name])
