"""What is wrong with a request, in the validation server's words (contract: "Responses and validation")."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

# Contract, "Limits": letters, digits and _, a letter first.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Violation:
    """`event`: the place of the event it is in; None: the whole request is wrong by it."""

    path: str
    code: str
    words: str
    event: int | None = None

    def told(self) -> dict[str, str]:
        """Return it as an element of `validationMessages`."""
        return {"fieldPath": self.path, "description": self.words, "validationCode": self.code}


Found = Iterator[Violation]


def required(path: str) -> Violation:
    return Violation(path, "VALUE_REQUIRED", f"Value is required for [{path}].")


def invalid(path: str, words: str) -> Violation:
    return Violation(path, "VALUE_INVALID", words)


def too_many(path: str, most: int) -> Violation:
    return Violation(path, "EXCEEDED_MAX_ENTITIES", f"At most {most} of [{path}].")


def name_check(path: str, name: Any, *, most: int, reserved: Collection[str], prefixes: tuple[str, ...] = ()) -> Found:
    """Contract, "Limits" and "Reserved names". Names are told by their characters and their length alike."""
    if not isinstance(name, str) or not name:
        yield required(path)
    elif name in reserved or (prefixes and name.startswith(prefixes)):
        yield Violation(path, "NAME_RESERVED", f"Name [{name}] is reserved.")
    elif not NAME.fullmatch(name):
        yield Violation(path, "NAME_INVALID", f"Invalid name [{name}]. Names start with a letter.")
    elif len(name) > most:
        yield Violation(path, "NAME_INVALID", f"Invalid name [{name}]. At most {most} characters.")


def text_check(path: str, value: Any, most: int) -> Found:
    """Contract, "Limits": how long a value may be."""
    if not isinstance(value, str):
        yield invalid(path, f"A text is wanted for [{path}].")
    elif len(value) > most:
        yield Violation(path, "VALUE_OUT_OF_BOUNDS", f"Value of [{path}] has more than {most} characters.")


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def is_whole(value: Any) -> bool:
    """Return whether a value is a positive whole number, or the text of one."""
    text = str(value) if isinstance(value, int | str) and not isinstance(value, bool) else ""
    return text.isascii() and text.isdigit() and bool(text.strip("0"))
