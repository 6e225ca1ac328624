"""Fields out of what providers write, and where in their answers they are."""

from pathlib import Path
from typing import Any

import pytest

from apps.companies.profiles.mapping import PRESETS, MappingError, mapping_load, mapping_read, profile_of
from apps.companies.profiles.reading import (
    MOST_TECHNOLOGIES,
    Employees,
    Profile,
    country_read,
    employees_read,
    technologies_read,
    text_read,
)

from .acme import company


@pytest.mark.parametrize(
    ("written", "least", "most"),
    [
        (250, 250, 250),
        (12.0, 12, 12),
        ("250", 250, 250),
        ("201-500", 201, 500),
        ("1,001–5,000 employees", 1001, 5000),
        ("1.001 bis 5.000", 1001, 5000),
        ("11 to 50", 11, 50),
        ("10K-50K", 10_000, 50_000),
        ("1.5k", 1_500, 1_500),
        ("10001+", 10_001, None),
        ("10,001 or more", 10_001, None),
        ("more than 500", 500, None),
        ("<10", 1, 10),
    ],
)
def test_employees_are_a_number_a_range_or_a_text(written: object, least: int, most: int | None) -> None:
    assert employees_read(written) == Employees(least, most)


@pytest.mark.parametrize(
    "written", [0, -5, True, None, "", "self-employed", "500-100", float("nan"), 1e30, "9" * 400, []]
)
def test_what_is_no_number_of_people_is_unknown(written: object) -> None:
    assert employees_read(written) is None


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("AT", "AT"),
        ("at", "AT"),
        ("Austria", "AT"),
        ("U.S.A.", "US"),
        ("Czech Republic", "CZ"),
        ("Atlantis", ""),
        (7, ""),
    ],
)
def test_a_country_is_a_code_or_an_english_name_and_never_guessed(written: object, code: str) -> None:
    assert country_read(written) == code


def test_texts_are_one_line_and_short() -> None:
    assert text_read(" Ma\x00chin\u202eery\n& more ") == "Ma chin ery & more"
    assert len(text_read("x" * 10_000)) == 200
    assert text_read(["a list"]) == ""


def test_technologies_are_named_once() -> None:
    assert technologies_read(["nginx", "HubSpot", "NGINX", 7, ""]) == ("nginx", "HubSpot")
    assert technologies_read("nginx, HubSpot") == ("nginx", "HubSpot")
    assert len(technologies_read([str(one) for one in range(1000)])) == MOST_TECHNOLOGIES


CLEARBIT = Profile("Varnholt", "Machinery", Employees(201, 500), "AT", "Graz", ("nginx", "HubSpot"))


@pytest.mark.parametrize(
    ("answer", "written"),
    [
        (company(), PRESETS["clearbit"]),
        (
            {
                "name": "Varnholt", "industry": "Machinery", "size": "201-500", "country": "Austria", "city": "Graz",
                "technologies": "nginx, HubSpot",
            },
            PRESETS["flat"],
        ),
        (
            {"co": {
                "n": "Varnholt", "line": ["Machinery"], "min": 201, "max": "500",
                "seats": [{"cc": "zz"}, {"cc": "AT", "town": "Graz"}], "uses": [{"t": "nginx"}, {}, {"t": "HubSpot"}],
            }},
            {
                "name": "co.n", "industry": "co.line[0]", "employees_from": "co.min", "employees_to": "co.max",
                "country": "co.seats[0].cc | co.seats[1].cc", "city": "co.seats[1].town",
                "technologies": "co.uses[*].t",
            },
        ),
    ],
)  # fmt: skip
def test_a_mapping_says_where_fields_are(answer: Any, written: dict[str, str]) -> None:
    assert profile_of(answer, mapping_read(written)) == CLEARBIT


@pytest.mark.parametrize(
    "answer", [[], {"geo": "x"}, {"category": {"industry": {"a": 1}}, "tech": 5}, {"metrics": [1]}]
)
def test_another_shape_is_unknown_and_no_error(answer: Any) -> None:
    assert profile_of(answer, mapping_read(PRESETS["clearbit"])) == Profile()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("industri: a", "no field 'industri'"),
        ("industry: a..b", "isn't one"),
        ("industry: [a]", "must be a text"),
        ("- a", "no lines such as"),
        ("{}", "names no field"),
        ("a: [", "neither YAML nor JSON"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "mapping.yaml"
    path.write_text(content)
    with pytest.raises(MappingError, match=says):
        mapping_load(str(path))


def test_a_file_or_a_preset_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "mapping.json"
    path.write_text('{"industry": "a.b"}')
    assert mapping_load(str(path)) == {"industry": [("a", "b")]}
    assert mapping_load("") == mapping_load("clearbit")
    with pytest.raises(MappingError, match="neither clearbit or flat nor a file"):
        mapping_load("nowhere")
