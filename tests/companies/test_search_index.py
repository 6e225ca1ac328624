"""What finding companies rests on: extensions where they may be made, and a plainer search where they may not."""

import logging
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from apps.companies import search, search_index
from apps.companies.models import Company
from apps.companies.search import company_search
from tests.cast import Cast

from .conftest import NOW


def run(sql: str, *params: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall()) if cursor.description else []


def found(text: str) -> list[str]:
    """Return the names that a search finds, the best first."""
    asked = company_search(text)
    sql = f"SELECT name FROM company WHERE {asked.condition} ORDER BY {asked.closeness} DESC, name"
    return [name for (name,) in run(sql, *asked.condition_params, *asked.closeness_params)]


@pytest.fixture
def three(in_alder: Cast) -> Cast:
    for name, domain in [("Müller", "m.example"), ("Ørsted Łódź", "o.example"), ("Varnholt", "v.example")]:
        Company.objects.create(name=name, domain=domain, created_at=NOW, updated_at=NOW)
    return in_alder


def test_the_migration_has_made_the_extensions_and_the_index_is_used(three: Cast) -> None:
    assert search_index.extensions_missing() == set()
    assert [found(text) for text in ("muller", "orsted lodz", "Varnhold")] == [
        ["Müller"],
        ["Ørsted Łódź"],
        ["Varnholt"],
    ]
    run("SET LOCAL enable_seqscan = off")
    asked = company_search("varn")
    plan = str(run(f"EXPLAIN SELECT 1 FROM company WHERE {asked.condition}", *asked.condition_params))
    assert "company_search" in plan


def test_a_user_who_may_not_create_makes_none_and_is_told_what_to_do(
    three: Cast, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run("CREATE ROLE somebody_poor")
    run("SET LOCAL ROLE somebody_poor")
    assert search_index._makeable() == set()
    run("RESET ROLE")
    monkeypatch.setattr(search_index, "extensions_missing", lambda: {"pg_trgm", "unaccent"})
    monkeypatch.setattr(search_index, "_makeable", set)
    with caplog.at_level(logging.WARNING):
        assert search_index.search_index_make() is False
    assert "CREATE EXTENSION pg_trgm SCHEMA public" in caplog.text
    # What is left: parts of names, and accents as far as Unicode writes them beside their letter.
    monkeypatch.setattr(search, "extensions_missing", lambda: {"pg_trgm"})
    monkeypatch.setitem(search._known_extensions, "are_there", False)
    assert [found(text) for text in ("muller", "arnh", "Varnhold")] == [["Müller"], ["Varnholt"], []]


def test_the_command_makes_it_anew_for_all_agencies(three: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    run("DROP INDEX company_search")
    call_command("search_index")
    assert "found without accents and with typos" in capsys.readouterr().out
    assert run("SELECT 1 FROM pg_indexes WHERE schemaname = current_schema() AND indexname = 'company_search'")
