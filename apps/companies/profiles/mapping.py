"""Where a provider's answer has our fields: paths into JSON, chosen by a preset or by the operator's file.

A path is names with dots between them: `geo.country`. `[0]` takes one of a list, `[*]` all of them
(`technologies[*].name`). Several with ` | ` between them are tried in order, until one brings something.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from .reading import Employees, Profile, country_read, employees_read, technologies_read, text_read

FIELDS = ("name", "industry", "employees", "employees_from", "employees_to", "country", "city", "technologies")
MOST_BYTES = 64 * 1024
MOST_PATHS = 10
_STEP = re.compile(r"([^.\[\]|\s]+)((?:\[(?:\d{1,4}|\*)\])*)")
_INDEX = re.compile(r"\[(\d{1,4}|\*)\]")

# Shapes that several services share; docs/profiles.md says whose.
PRESETS: Mapping[str, Mapping[str, str]] = {
    "clearbit": {
        "name": "name | legalName",
        "industry": "category.industry | category.sector",
        "employees": "metrics.employees | metrics.employeesRange",
        "country": "geo.countryCode | geo.country",
        "city": "geo.city",
        "technologies": "tech",
    },
    "flat": {
        "name": "name",
        "industry": "industry",
        "employees": "employees | employee_count | size",
        "country": "country_code | country",
        "city": "city",
        "technologies": "technologies",
    },
}
DEFAULT_PRESET = "clearbit"

# A name, or a place in a list; None: all of the list.
Step = str | int | None
FieldPath = tuple[Step, ...]
FieldPaths = Mapping[str, Sequence[FieldPath]]


class MappingError(Exception):
    """A mapping can't be meant; says where and how to mend it."""


def mapping_read(written: Mapping[str, Any]) -> FieldPaths:
    """Return a mapping of fields to paths as they are walked. Raises MappingError."""
    paths: dict[str, Sequence[FieldPath]] = {}
    for field, given in written.items():
        if field not in FIELDS:
            raise MappingError(f"there is no field {field!r}; there are {', '.join(FIELDS)}")
        if not isinstance(given, str) or not given.strip():
            raise MappingError(f"the path of {field} must be a text, such as geo.country")
        choices = given.split("|")
        if len(choices) > MOST_PATHS:
            raise MappingError(f"{field} has {len(choices)} paths, and may have {MOST_PATHS}")
        paths[field] = [_path_read(field, choice.strip()) for choice in choices]
    if not paths:
        raise MappingError("it names no field")
    return paths


def mapping_load(given: str) -> FieldPaths:
    """Return the mapping of a preset's name, or of a YAML or JSON file. Raises MappingError."""
    if not given or given in PRESETS:
        return mapping_read(PRESETS[given or DEFAULT_PRESET])
    path = Path(given)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        presets = " or ".join(PRESETS)
        raise MappingError(f"{given} is neither {presets} nor a file that can be read ({error.strerror})") from None
    if len(content) > MOST_BYTES:
        raise MappingError(f"{given} is larger than {MOST_BYTES // 1024} KB")
    try:
        written = msgspec.yaml.decode(content)  # JSON is YAML too
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise MappingError(f"{given} is neither YAML nor JSON") from None
    if not isinstance(written, dict):
        raise MappingError(f"{given} has no lines such as `industry: category.industry`")
    return mapping_read({str(field): path for field, path in written.items()})


def profile_of(answer: object, paths: FieldPaths) -> Profile:
    """Return what an answer says of a company, by a mapping. What isn't understood is unknown."""

    def first(field: str, read: Any) -> Any:
        for path in paths.get(field, ()):
            if found := read(_walked(answer, path)):
                return found
        return None

    employees = first("employees", employees_read)
    least, most = first("employees_from", employees_read), first("employees_to", employees_read)
    if employees is None and least is not None:
        employees = Employees(least.least, None if most is None or most.least < least.least else most.least)
    return Profile(
        name=first("name", text_read) or "",
        industry=first("industry", text_read) or "",
        employees=employees,
        country=first("country", country_read) or "",
        city=first("city", text_read) or "",
        technologies=first("technologies", technologies_read) or (),
    )


def _path_read(field: str, text: str) -> FieldPath:
    steps: list[Step] = []
    for part in text.split("."):
        found = _STEP.fullmatch(part)
        if found is None:
            raise MappingError(f"the path {text!r} of {field} isn't one: write names with dots, as in geo.country")
        steps.append(found[1])
        steps += [None if place == "*" else int(place) for place in _INDEX.findall(found[2])]
    return tuple(steps)


def _walked(value: Any, path: FieldPath) -> Any:
    """Return what lies at a path; None where it doesn't lead anywhere."""
    for number, step in enumerate(path):
        if step is None:
            if not isinstance(value, list):
                return None
            rest = path[number + 1 :]
            return [found for one in value if (found := _walked(one, rest)) is not None]
        if isinstance(step, str):
            value = value.get(step) if isinstance(value, dict) else None
        else:
            value = value[step] if isinstance(value, list) and step < len(value) else None
        if value is None:
            return None
    return value
