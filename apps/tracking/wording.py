"""Stored names as people say them. Pure; what is stored, filtered and exported stays as it is."""


def event_words(name: str) -> str:
    """Return an event's name in words: `quote_form-start` is "quote form start"."""
    return " ".join(name.replace("_", " ").replace("-", " ").split()) or name


def city_words(city: str) -> str:
    """Return a city without the part of it that the databases add: "Vienna (Inner City)" is "Vienna"."""
    return city.partition(" (")[0]
