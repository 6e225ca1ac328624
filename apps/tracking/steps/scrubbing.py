"""Scrub every text of an event that a page or its visitor could have written. Pure."""

from apps.tracking.envelope import EventIn

from .scrub import scrub, scrub_query
from .scrub_names import hidden_by_name

# A whole number this long could be a card's.
CARD_FROM = 10**12


def scrub_event(event: EventIn) -> None:
    """Change the event's texts in place. Ids are left alone: they are made by us or are hashes already."""
    if event.path:
        event.path = scrub(event.path)
    if event.query:
        event.query = scrub_query(event.query)
    if event.fragment:
        event.fragment = _fragment(event.fragment)
    if event.title:
        event.title = scrub(event.title)
    if event.referrer:
        event.referrer = scrub(event.referrer)
    if event.name:
        event.name = scrub(event.name)
    if event.canonical_url:
        event.canonical_url = _address(event.canonical_url)
    if event.content_group:
        event.content_group = scrub(event.content_group)
    if event.transaction_id:
        event.transaction_id = scrub(event.transaction_id)
    if event.props:
        event.props = {scrub(name): _named(name, value) for name, value in event.props.items()}
    if event.target:
        event.target = {name: _value(value) for name, value in event.target.items()}
    if event.items:
        event.items = [{name: _value(value) for name, value in item.items()} for item in event.items]


def _fragment(fragment: str) -> str:
    """Scrub a hash route, whose query is one too."""
    path, mark, query = fragment.partition("?")
    return f"{scrub(path)}{mark}{scrub_query(query)}"


def _named(name: str, value: str | float | int | bool) -> str | float | int | bool:
    """Scrub a prop's value, or hide it for its name: `email`, `phone`, `token`."""
    hidden = hidden_by_name(name, is_parameter=False)
    if hidden is not None and not isinstance(value, bool) and hidden.fits(str(value)):
        return hidden.mark
    return _value(value)


def _address(address: str) -> str:
    page, mark, query = address.partition("?")
    return f"{scrub(page)}{mark}{scrub_query(query) if query else ''}"


def _value(value: str | float | int | bool) -> str | float | int | bool:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, int) and value >= CARD_FROM and (text := scrub(str(value))) != str(value):
        return text
    return value
