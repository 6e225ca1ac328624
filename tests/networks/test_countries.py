"""Names and continents of countries."""

from apps.networks.countries import CONTINENT_NAMES, continent_name, continent_of, countries, country_name


def test_it_names_countries_and_continents() -> None:
    assert country_name("GB") == "United Kingdom"
    assert country_name("at") == "Austria"
    assert continent_of("AT") == "EU"
    assert continent_name("EU") == "Europe"


def test_what_is_nobodys_code_stays_as_it_is() -> None:
    assert country_name("ZZ") == "ZZ"
    assert country_name("") == ""
    assert continent_of("ZZ") == ""


def test_the_table_is_whole() -> None:
    table = countries()
    assert len(table) == 250
    assert all(
        len(code) == 2 and country.name and country.continent in CONTINENT_NAMES for code, country in table.items()
    )
