"""Names of query parameters that a site keeps beside the usual ones."""

import re

MOST = 30
NAME = re.compile(r"[\w.\-\[\]]{1,64}", re.ASCII)


def parameters_parse(text: str) -> list[str]:
    """Return the names in `text`, one a line or after commas, in lower case, sorted, none twice. Raises ValueError."""
    names = sorted({word.lower() for word in text.replace(",", " ").split()})
    if len(names) > MOST:
        raise ValueError(f"{MOST} names at most")
    for name in names:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name} isn't the name of a parameter such as size or filter[color]")
    return names
