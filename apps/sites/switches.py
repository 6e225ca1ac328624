"""The tracker's extras that a site may have on, in the order in which they are shown and loaded."""

from typing import NamedTuple


class Extra(NamedTuple):
    """What an extra is called, what it sends, and whether a new site has it on."""

    label: str
    why: str
    is_usual: bool


# On from the start is what reports and intent rules live on and what says least of a person: that a link, a file or a
# form was used, and how fast pages were. The two for people who look for faults are a choice, and so is
# the one that looks at what stands in a field.
EXTRAS: dict[str, Extra] = {
    "clicks": Extra(
        "Links and downloads", "Links that lead away, files, and elements with data-beacon-event.", is_usual=True
    ),
    "forms": Extra(
        "Forms", "That a form was begun, sent or left, and which one. Never what was written.", is_usual=True
    ),
    "vitals": Extra("Loading times", "How fast pages are to those who read them (web vitals).", is_usual=True),
    "frustration": Extra(
        "Frustration", "Many quick clicks on one spot, and clicks on what does nothing.", is_usual=False
    ),
    "errors": Extra("Script errors", "What failed in the page’s own scripts, and where.", is_usual=False),
    "emails": Extra(
        "Companies by e-mail domain",
        "Of an e-mail address that is sent in a form, its domain alone, where the visitor has agreed to analytics. "
        "Never a mailbox that anybody can have.",
        is_usual=False,
    ),
}
FROM_FORMS = "emails"


def extras_of_new_site() -> list[str]:
    return [name for name, extra in EXTRAS.items() if extra.is_usual]
