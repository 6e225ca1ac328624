"""A stream's entries as the writer handles them."""

from collections.abc import Mapping

import msgspec

from ..envelope import ENVELOPE_FIELD, REFUSALS_FIELD, Envelope, Refusals, unpack_envelope, unpack_refusals

START = "0-0"


class Broken(msgspec.Struct):
    """What can't be read, with as much as can be: empty and 0 where not even that."""

    why: str
    schema: str = ""
    site_id: int = 0
    events: int = 0
    is_refusals: bool = False


class Entry(msgspec.Struct):
    """One entry: events of one visitor, or refusals, of one site."""

    partition: int
    id: str
    body: Envelope | Refusals | Broken
    payload: bytes

    @property
    def schema(self) -> str:
        return self.body.schema

    @property
    def site_id(self) -> int:
        return self.body.site_id

    @property
    def events(self) -> int:
        if isinstance(self.body, Envelope):
            return len(self.body.events)
        return self.body.events if isinstance(self.body, Broken) else 0

    @property
    def is_refusals(self) -> bool:
        return isinstance(self.body, Refusals) or (isinstance(self.body, Broken) and self.body.is_refusals)


class Unreadable(ValueError):
    """An entry that is neither an envelope nor refusals."""


def id_key(entry_id: str) -> tuple[int, int]:
    """Return an entry's id as numbers: as texts, ids of different length would sort wrongly."""
    milliseconds, _, sequence = entry_id.partition("-")
    return int(milliseconds), int(sequence or 0)


def entry_ms(entry_id: str) -> int:
    """Return when the entry was appended, in ms since 1970."""
    return id_key(entry_id)[0]


def read_entry(partition: int, entry_id: str, fields: Mapping[bytes, bytes]) -> Entry:
    """Return the entry that `fields` hold; what can't be read is Broken, and keeps its place in the order."""
    payload = fields.get(ENVELOPE_FIELD)
    try:
        if payload is not None:
            return Entry(partition, entry_id, unpack_envelope(payload), payload)
        payload = fields.get(REFUSALS_FIELD)
        if payload is not None:
            return Entry(partition, entry_id, unpack_refusals(payload), payload)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        broken = _broken(payload or b"", str(error))
        broken.is_refusals = ENVELOPE_FIELD not in fields
        return Entry(partition, entry_id, broken, payload or b"")
    return Entry(partition, entry_id, Broken("neither an envelope nor refusals"), b"")


def _broken(payload: bytes, why: str) -> Broken:
    """Read schema, site and number of events of a payload whose other parts are spoilt."""
    try:
        parts = msgspec.msgpack.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return Broken(why)
    match parts:
        case [str(schema), int(site_id), *rest]:
            lists = [part for part in rest if isinstance(part, list)]
            return Broken(why, schema, site_id, len(lists[0]) if lists else 0)
        case _:
            return Broken(why)
