"""Domains as people write them, in the one form in which they are kept and compared."""

import re

LABEL = r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?"
# One word alone is a typing error, but for one's own machine.
HOST = re.compile(rf"localhost|{LABEL}(?:\.{LABEL})+")
ADDRESS_V6 = re.compile(r"\[[0-9a-f:.]+\]")
LONGEST = 253
MOST = 50


def host_clean(written: str) -> str:
    """Return the host of what somebody wrote: `https://www.Kestrel.example:8080/en` -> `kestrel.example`.

    Without `www.` and port; other scripts as punycode. Raises ValueError with a sentence for people.
    """
    text = written.strip().lower().partition("://")[2] or written.strip().lower()
    text = re.split(r"[/?#]", text, maxsplit=1)[0].rpartition("@")[2]
    if ADDRESS_V6.match(text):
        return text.partition("]")[0] + "]"
    host = text.partition(":")[0].rstrip(".").removeprefix("www.")
    try:
        host = host.encode("idna").decode() if host and not host.isascii() else host
    except UnicodeError:
        host = ""
    if not host or len(host) > LONGEST or not HOST.fullmatch(host):
        raise ValueError(f"{written.strip()!r} isn't a domain such as kestrel.example")
    return host


def hosts_clean(text: str) -> list[str]:
    """Return the domains in `text`, one a line or after commas, none twice, in order. Raises ValueError."""
    hosts = list(dict.fromkeys(host_clean(word) for word in text.replace(",", " ").split()))
    if not hosts:
        raise ValueError("Write at least one domain.")
    if len(hosts) > MOST:
        raise ValueError(f"{MOST} domains at most.")
    return hosts
