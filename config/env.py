"""Typed readers of the environment. A wrong value stops the start with the variable's name and what it should be.

Addresses of the servers come from the environment or, where they aren't set, from the file that the local runner writes
beside the embedded servers it started (`$BEACON_DATA_DIR/services.json`), so that every command finds them by itself.
"""

import json
import os
import re
import secrets
import tempfile
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parent.parent
TRUE = {"1", "true", "yes", "on"}
FALSE = {"0", "false", "no", "off", ""}
KEY_LENGTH = 32  # at least
LOOPBACK_NETWORKS: list[IPv4Network | IPv6Network] = [IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")]
ADDRESS_HEADERS = (
    "X-Forwarded-For",
    "Forwarded",
    "X-Real-IP",
    "CF-Connecting-IP",
    "True-Client-IP",
    "Fastly-Client-IP",
    "Fly-Client-IP",
)


def text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def flag(name: str, default: bool = False) -> bool:
    value = os.environ.get(name)
    if value is None:
        return default
    if value.strip().lower() in TRUE:
        return True
    if value.strip().lower() in FALSE:
        return False
    raise ImproperlyConfigured(f"{name} is {value!r}: write 1 or 0.")


def integer(name: str, default: int, *, least: int = 0, most: int = 2**31) -> int:
    value = os.environ.get(name, "").strip()
    if not value:
        return default
    if not value.lstrip("-").isdigit() or not least <= int(value) <= most:
        raise ImproperlyConfigured(f"{name} is {value!r}: write a whole number from {least} to {most}.")
    return int(value)


def port(name: str, default: int) -> int:
    return integer(name, default, least=1, most=65535)


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    value = text(name) or default
    if value not in choices:
        raise ImproperlyConfigured(f"{name} is {value!r}: write one of {', '.join(choices)}.")
    return value


def url(name: str) -> str:
    """Return an address that begins with http:// or https:// and has a host; empty where none is given."""
    given = text(name)
    try:
        parts = urlsplit(given)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_address = False
    if given and not is_address:
        raise ImproperlyConfigured(f"{name} isn't an address: write one such as https://api.example.com/batch.")
    return given


def server(name: str, port_else: int) -> tuple[str, int] | None:
    """Return address and port of a server given as `192.0.2.53`, `192.0.2.53:53` or `[2001:db8::53]:53`; None: none."""
    given = text(name)
    if not given:
        return None
    try:
        parts = urlsplit(f"//{given}" if given.count(":") < 2 or given.startswith("[") else f"//[{given}]")
        return str(ip_address(parts.hostname or "")), parts.port or port_else
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {given!r}: write an address such as 192.0.2.53:53.") from error


def url_of_domain(name: str) -> str:
    """Return an address with {domain} where a company's domain goes, behind its host; empty where none is given."""
    given = url(name)
    if not given.isascii() or any(letter.isspace() for letter in given):
        raise ImproperlyConfigured(f"{name} has blanks or letters beyond ASCII: write it as browsers send addresses.")
    if given and "{domain}" not in given.partition("://")[2].partition("/")[2]:
        raise ImproperlyConfigured(
            f"{name} doesn't say where the domain goes: write {{domain}} behind the host, as in"
            " https://api.example.com/companies?domain={domain}."
        )
    return given


def token(name: str) -> str:
    """Return a token that a header can carry: printable ASCII without blanks; empty where none is given."""
    given = text(name)
    if not re.fullmatch(r"[\x21-\x7e]*", given):
        raise ImproperlyConfigured(f"{name} has blanks or letters that no header can carry: copy it once more.")
    return given


def header_of_token(name: str, default: str) -> str:
    """Return a header with {token} in it, as in `Authorization: Bearer {token}`."""
    given = text(name) or default
    if not re.fullmatch(r"[A-Za-z0-9-]+: [\x21-\x7e ]*\{token\}[\x21-\x7e ]*", given):
        raise ImproperlyConfigured(f"{name} isn't a header with {{token}} in it: write one such as {default}.")
    return given


def words(name: str) -> list[str]:
    """Return the comma-separated words of a variable, trimmed, empty ones left out."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def networks(name: str, *, besides: str = "") -> list[IPv4Network | IPv6Network]:
    """Return the address ranges of a variable, such as `127.0.0.1,10.0.0.0/8`; `besides` may stand there too."""
    try:
        return [ip_network(word, strict=False) for word in words(name) if word != besides]
    except ValueError as error:
        raise ImproperlyConfigured(f"{name}: {error}; write addresses or ranges such as 10.0.0.0/8.") from error


def proxy_header(name: str, *, has_proxies: bool) -> str:
    """Return the header in which a proxy names its client, one of ADDRESS_HEADERS; empty where none is chosen."""
    given = text(name)
    if not given:
        return ""
    known = {header.lower(): header for header in ADDRESS_HEADERS}
    if given.lower() not in known:
        raise ImproperlyConfigured(f"{name} is {given!r}: write one of {', '.join(ADDRESS_HEADERS)}.")
    if not has_proxies:
        raise ImproperlyConfigured(
            f"{name} is set, but nobody may write it: name your proxies in BEACON_TRUSTED_PROXIES."
        )
    return known[given.lower()]


def data_dir() -> Path:
    return Path(text("BEACON_DATA_DIR") or ROOT / ".data").expanduser().resolve()


def service(name: str, key: str) -> str:
    """Return a server's URL: the variable `name`, else what the runner noted under `key`, else an empty string."""
    return text(name) or str(_noted_services().get(key) or "")


def secret_key() -> str:
    """Return BEACON_SECRET_KEY or the key kept (mode 600) in the data folder, made at the first start."""
    given = text("BEACON_SECRET_KEY")
    if given:
        if len(given) < KEY_LENGTH:
            raise ImproperlyConfigured(f"BEACON_SECRET_KEY is too short: {KEY_LENGTH} characters at least.")
        return given
    path = data_dir() / "secret_key"
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        pass
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)
        return _key_made(path)
    except OSError as error:
        raise ImproperlyConfigured(f"The key file {path} can't be made: {error.strerror}.") from error


def former_keys(name: str) -> list[str]:
    """Return the server's former keys, which are told apart by commas. A message names none of them."""
    given = words(name)
    if any(len(key) < KEY_LENGTH for key in given):
        raise ImproperlyConfigured(
            f"{name} has a key of less than {KEY_LENGTH} characters: copy the former keys whole."
        )
    return given


def _key_made(path: Path) -> str:
    """Make the key file, whole or not at all: of several processes that start at once, one makes it for all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".secret_key-") as file:  # of mode 600
        file.write(secrets.token_urlsafe(48))
        file.flush()
        with suppress(FileExistsError):
            os.link(file.name, path)
    return path.read_text().strip()


def _noted_services() -> dict[str, Any]:
    path = data_dir() / "services.json"
    if not path.exists():
        return {}
    try:
        noted = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(
            f"{path} can't be read ({error}): remove it and start anew with `make run`."
        ) from error
    return noted if isinstance(noted, dict) else {}
