"""Texts and pages are compared in the writer as in the database."""

import unicodedata
from datetime import timedelta

import pytest
from django.db import connection

from apps.core import clock
from apps.tracking.filters import LONGEST_VISIT
from apps.tracking.models import Session
from apps.tracking.rules import conditions
from tests.cast import Cast

from .arrivals import NOON, at, envelope, store, view, visits
from .ruling import everything_judged, rule_make


@pytest.fixture(autouse=True)
def morning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON - timedelta(hours=1))


@pytest.mark.django_db
def test_letters_become_capitals_as_postgresql_makes_them() -> None:
    """All that Python's Unicode knows; a letter that got its capital later (two so far) is PostgreSQL's alone."""
    letters = [chr(n) for n in range(1, 0x110000) if unicodedata.category(chr(n)) not in ("Cn", "Cs", "Co")]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT array_agg(upper(l) ORDER BY n) FROM unnest(%s::text[]) WITH ORDINALITY AS t(l, n)", [letters]
        )
        (capitals,) = cursor.fetchone()
    differing = [
        letter
        for letter, one in zip(letters, capitals, strict=True)
        if conditions._upper(letter) != one and unicodedata.category(one) != "Cn"
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("path", "value", "is_met"),
    [
        ("/straße", "STRASSE", False),
        ("/straße", "STRAßE", True),
        ("/İzmir", "/i", False),
        ("/ﬁnd", "FIND", False),
        ("/ǆep", "Ǆ", True),
        ("/Σίσυφος", "ΦΟΣ", True),
        ("/ᾳ", "ᾼ", True),
        ("/ᾳ", "ΑΙ", False),
        ("/Café", "CAFÉ", True),
    ],
)
def test_the_writer_and_the_database_say_the_same(
    in_alder: Cast, monkeypatch: pytest.MonkeyPatch, path: str, value: str, is_met: bool
) -> None:
    store(envelope(in_alder.site, view(0, path), visitor=1))
    rule = rule_make(in_alder.site, f"page:contains:{value}", back=True)
    store(envelope(in_alder.site, view(0, path), visitor=2))
    found = {visit.visitor_id: visit.excluded_by == rule.id for visit in visits(in_alder.site)}
    assert found == {1: is_met, 2: is_met}


def test_pages_of_a_visit_of_days_are_all_looked_at(in_alder: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """A screen in a hall: one visit as long as it runs. The page comes later than reports would look for it."""
    last = LONGEST_VISIT + timedelta(hours=6)
    monkeypatch.setattr(clock, "now", lambda: NOON + last)
    steps = range(0, int(last.total_seconds() / 60), 29)
    for minutes in steps:
        path = "/admin" if minutes == steps[-1] else "/kiosk"
        store(envelope(in_alder.site, view(minutes, path), received_ms=at(minutes)))
    rule = rule_make(in_alder.site, "page:is:/admin", back=True)
    everything_judged(in_alder.site)
    assert Session.objects.get().excluded_by == rule.id
