"""Content-Security-Policy: would it let the tag load and send, and which directives would. Pure (CSP Level 3)."""

from dataclasses import dataclass

from .written import parts_of

# Directive -> whose list counts where it isn't there, in order.
FALLBACKS = {
    "script-src-elem": ("script-src", "default-src"),
    "script-src": ("default-src",),
    "connect-src": ("default-src",),
}
SCRIPT, CONNECT = "script-src-elem", "connect-src"
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Ruling:
    """`directive`: whose list counts, as the policy has it; empty where none forbids anything."""

    allows: bool
    directive: str = ""


@dataclass(frozen=True, slots=True)
class Forbidder:
    """A policy that keeps an address away: its text, which of how many it is, and the list that does.

    `goes_by_nonce`: that list lets in what has its nonce, and what such scripts load; naming a host may do nothing.
    """

    text: str
    place: int
    count: int
    directives: dict[str, list[str]]
    directive: str
    goes_by_nonce: bool


def parse(policy: str) -> dict[str, list[str]]:
    """Return a policy's directives; the first of a name counts."""
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        name, *values = part.split() or [""]
        if name:
            found.setdefault(name.lower(), values)
    return found


def split_header(header: str) -> list[str]:
    """Return the policies of one header, which may hold several after commas."""
    return [part.strip() for part in header.split(",") if part.strip()]


def forbidder(
    policies: list[str], directive: str, url: str, *, page_url: str, is_sure: bool = False
) -> Forbidder | None:
    """Return the first policy that keeps `url` away for a directive; all have to let it through.

    `is_sure`: that one does is known. Where none says so by the address, it is one that goes by more than that.
    """
    single = [policy for header in policies for policy in split_header(header)]
    unsure: Forbidder | None = None
    for place, text in enumerate(single, 1):
        directives = parse(text)
        name, sources = _effective(directives, directive)
        if not name:
            continue
        found = Forbidder(text, place, len(single), directives, name, directive == SCRIPT and _goes_by_nonce(sources))
        if directive == SCRIPT and _goes_by_more(sources):
            unsure = unsure or found
        elif not any(_matches(source.lower(), url, page_url) for source in sources):
            return found
    return unsure if is_sure else None


def rules(policies: list[str], directive: str, url: str, *, page_url: str) -> Ruling:
    """Return whether all policies let `url` through for a directive; of those that don't, the first one's list."""
    found = forbidder(policies, directive, url, page_url=page_url)
    return Ruling(False, found.directive) if found else Ruling(True)


def fixed(directives: dict[str, list[str]], origin: str) -> str:
    """Return a policy's directives that let the tag load and send, as they stand now with Beacon's origin added.

    A list that isn't there forbids nothing; one made for the tag alone would forbid everything else.
    """
    lines = []
    for wanted in (SCRIPT, CONNECT):
        name, sources = _effective(directives, wanted)
        if not name:
            continue
        # The most special list that is there counts; where only default-src is, a list of its own is made of it.
        written = name if name != "default-src" else wanted.removesuffix("-elem")
        kept = [source for source in sources if source != "'none'" and source != origin]
        lines.append(" ".join([written, *kept, origin]))
    return "; ".join(lines)


def _effective(directives: dict[str, list[str]], wanted: str) -> tuple[str, list[str]]:
    for name in (wanted, *FALLBACKS[wanted]):
        if name in directives:
            return name, directives[name]
    return "", []


def _goes_by_more(sources: list[str]) -> bool:
    """Return whether a nonce, a hash or trust that is passed on decides: what the browser says does, then."""
    return _goes_by_nonce(sources) or any(one.startswith("'sha") for one in sources)


def _goes_by_nonce(sources: list[str]) -> bool:
    return any(one.startswith("'nonce-") or one.lower() == "'strict-dynamic'" for one in sources)


def _matches(source: str, url: str, page_url: str) -> bool:
    target, page = parts_of(url), parts_of(page_url)
    if source == "'self'":
        return target.hostname == page.hostname and _port(target.scheme, target.port) == _port(page.scheme, page.port)
    if source == "*":
        return target.scheme in ("http", "https")
    if source.endswith(":"):
        return target.scheme == source[:-1] or (source == "http:" and target.scheme == "https")
    if source.startswith("'"):
        return False
    scheme, has_scheme, rest = source.rpartition("://")
    if has_scheme and target.scheme != scheme and (scheme, target.scheme) != ("http", "https"):
        return False
    authority, _, path = rest.partition("/")
    host, _, port = authority.partition(":")
    return (
        _host_matches(host, target.hostname or "")
        and _port_matches(port, target.scheme, target.port)
        and (not path or target.path == f"/{path}" or (path.endswith("/") and target.path.startswith(f"/{path}")))
    )


def _host_matches(pattern: str, host: str) -> bool:
    return host.endswith(pattern[1:]) and host != pattern[2:] if pattern.startswith("*.") else host == pattern


def _port_matches(pattern: str, scheme: str, port: int | None) -> bool:
    if pattern == "*":
        return True
    given = _port(scheme, port)
    if not pattern:
        return given == DEFAULT_PORTS.get(scheme)
    # Other digits than these are digits to Python too.
    return pattern.isascii() and pattern.isdecimal() and given == int(pattern[:10])


def _port(scheme: str, port: int | None) -> int | None:
    return port or DEFAULT_PORTS.get(scheme)
