"""`manage.py profiles`: trying the service, and asking anew."""

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from apps.companies.models import ProfileLookup
from tests.cast import Cast

from .acme import LATER, FakeAcme, company
from .conftest import NOW
from .ipinfo import FORBIDDEN
from .test_profile_lookups import DOMAIN, came, sweep

__all__ = ["came"]  # a fixture


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("profiles", *arguments, stdout=out)
    return out.getvalue()


def test_it_shows_what_the_mapping_makes_of_an_answer(acme: FakeAcme, db: None) -> None:
    acme.companies[DOMAIN] = company(geo={})
    shown = said(DOMAIN)
    assert "Industry: Machinery\nEmployees: 201 to 500\nCountry of its seat: unknown" in shown
    assert "knows nothing of it" in said("nobody.example")
    acme.script.append(LATER)
    assert "looking for it" in said(DOMAIN)
    acme.script.append(FORBIDDEN)
    with pytest.raises(CommandError, match="answered 403"):
        said(DOMAIN)


def test_it_has_all_asked_for_again(in_alder: Cast, came: FakeAcme) -> None:
    sweep()
    assert ProfileLookup.objects.get().due_at > NOW + timedelta(days=80)
    assert "1 companies" in said("--ask-again", "--agency", in_alder.alder.slug)
    assert sweep() == 1


def test_it_says_what_is_missing(db: None, settings: Any) -> None:
    for arguments, says in [
        ((), "Name a domain"),
        ((DOMAIN,), "BEACON_PROFILE_URL"),
        (("--ask-again", "--agency", "x"), "no agency"),
    ]:
        with pytest.raises(CommandError, match=says):
            said(*arguments)
