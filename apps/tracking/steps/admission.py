"""Who may come in: site, key, origin, limits, excluded addresses. A step that says no raises Turned. None waits."""

from functools import lru_cache
from http import HTTPStatus

from apps.agencies.api_keys import INGEST, key_hashes
from apps.sites.proxy_key import site_of_proxy
from apps.tracking import routes
from apps.tracking.address import clean_address, lies_in, limited_as, parse_address
from apps.tracking.drop_reasons import Refusal
from apps.tracking.intake import Head, Intake, Turned
from apps.tracking.loading import NotLoaded, Unavailable
from apps.tracking.payload import Fault
from apps.tracking.throttles import Limits

MAX_USER_AGENT = 1024
MAX_ORIGIN = 300
# A site's own proxy brings many visitors: so many addresses' worth of requests.
PROXY_TIMES = 20


def find_site(site_key: str) -> routes.Route:
    route = routes.route_of(site_key)
    if route is None:
        why = "is unknown or archived: copy the tag anew from the site's page in Beacon"
        raise Turned(HTTPStatus.NOT_FOUND, Fault("site_key", why), reason="site")
    return route


def over_limit(head: Head, limits: Limits, address: str) -> Turned | None:
    """Take one out of an address' bucket; return how to turn the request away where there is none left."""
    if head.address_wait is None:
        head.address_wait = limits.per_ip.take(limited_as(address))
    return rate_turned("address", limits.per_ip.rate, head.address_wait) if head.address_wait else None


def over_limit_by_proxy(head: Head, limits: Limits, proxy: str, site_key: str, visitor: str) -> Turned | None:
    """Take one out of the bucket of a site's own proxy, a large one, and of the visitor's whom it names.

    The visitor's is of that site alone: whoever has one site's key can't spend what others may ask of another.
    """
    rate = limits.per_ip.rate * PROXY_TIMES
    if head.proxy_wait is None:
        head.proxy_wait = limits.per_ip.take(f"proxy {limited_as(proxy)}", rate=rate)
    if head.proxy_wait:
        return rate_turned("proxy", rate, head.proxy_wait)
    if head.address_wait is None:
        head.address_wait = limits.per_ip.take(f"{site_key} {limited_as(visitor)}")
    return rate_turned("address", limits.per_ip.rate, head.address_wait) if head.address_wait else None


def raise_if(over: Turned | None) -> None:
    if over is not None:
        raise over from None


def check_address_rate(intake: Intake, limits: Limits, over: Turned | None) -> None:
    if limits.is_closed:
        raise Unavailable("the limits can't be kept now")
    if not intake.is_server:
        raise_if(over)


def check_rate(intake: Intake, limits: Limits) -> None:
    head = intake.head
    rate = intake.route.rate_per_second or limits.per_site.rate
    if head.site_wait is None:
        head.site_wait = limits.per_site.take(intake.route.site_key, rate=rate)
    if head.site_wait:
        raise rate_turned("site", rate, head.site_wait)


def rate_turned(whose: str, rate: int, wait: float) -> Turned:
    fault = Fault("", f"too many requests: at most {rate} a second for one {whose}")
    return Turned(
        HTTPStatus.TOO_MANY_REQUESTS,
        fault,
        refusal=Refusal.RATE,
        reason="rate",
        retry_after=wait,
        limit=(whose, rate),
    )


def check_key(intake: Intake, over: Turned | None) -> None:
    """Let a server in by its API key: of this agency, with the scope `ingest`."""
    scheme, _, key = intake.head.authorization.partition(" ")
    if not scheme:
        return
    try:
        client = routes.client_of(key_hashes(key.strip())) if scheme.lower() == "bearer" and key else None
    except NotLoaded:
        raise_if(over)
        raise
    if client is None:
        fault = Fault("Authorization", "must be `Bearer` and an API key that is still valid")
        raise Turned(HTTPStatus.UNAUTHORIZED, fault, refusal=Refusal.INVALID)
    if INGEST not in client.scopes or client.schema != intake.route.schema:
        fault = Fault("Authorization", "is a key without the scope ingest for this site")
        raise Turned(HTTPStatus.FORBIDDEN, fault, refusal=Refusal.INVALID)
    intake.is_server = True


def check_proxy(intake: Intake) -> None:
    """Say what is wrong with a proxy that claims to speak for visitors, rather than count them all as the proxy."""
    head = intake.head
    if not head.proxy_key:
        return
    if site_of_proxy(head.proxy_key) != intake.route.site_key:
        fault = Fault("Beacon-Proxy-Key", "isn't this site's: copy it anew from the site's settings in Beacon")
        raise Turned(HTTPStatus.FORBIDDEN, fault, refusal=Refusal.INVALID)
    if not clean_address(head.proxied_address):
        fault = Fault("Beacon-Client-Address", "must be the visitor's IPv4 or IPv6 address")
        raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.INVALID)


def check_site(intake: Intake) -> None:
    if intake.route.is_paused:
        fault = Fault("site_key", "belongs to a site that is paused in Beacon: nothing is counted until it is resumed")
        raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.SITE_PAUSED, reason="site")


def check_origin(intake: Intake) -> None:
    origin, route = intake.head.origin, intake.route
    if origin is None or intake.is_server:
        return
    if origin == "null":
        if route.allows_null_origin:
            return
        why = "is null (a sandboxed frame or a local file), which this site doesn't allow"
    elif len(origin) <= MAX_ORIGIN and lies_under_one(origin, route.domains):
        return
    else:
        host = routes.plain_host(origin.partition("://")[2])
        why = (
            f"{origin[:MAX_ORIGIN]} is not among this site's domains: "
            f"add {host[:253]} to them in the site's settings in Beacon"
        )
    raise Turned(HTTPStatus.FORBIDDEN, Fault("Origin", why), refusal=Refusal.ORIGIN, reason="origin")


@lru_cache(maxsize=8192)
def lies_under_one(origin: str, domains: tuple[str, ...]) -> bool:
    """Return whether an origin's host equals or lies under one of `domains` (as routes.plain_host gives them)."""
    scheme, _, rest = origin.partition("://")
    host = routes.plain_host(rest)
    if scheme not in ("http", "https") or not host:
        return False
    return any(domain and (host == domain or host.endswith(f".{domain}")) for domain in domains)


def put_sender(intake: Intake) -> None:
    """Decide whose events these are: the client's own, or those of whom a server names."""
    head, given = intake.head, intake.payload.head
    intake.user_agent = head.user_agent[:MAX_USER_AGENT]
    if not intake.is_server:
        return
    if given.ip:
        intake.address = clean_address(given.ip)
        if not intake.address:
            fault = Fault("ip", "must be an IPv4 or IPv6 address")
            raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.INVALID)
    # Without it, it is the visitor's that isn't known: the server's own would make every visitor one and the same.
    intake.user_agent = given.user_agent or ""
    intake.visitor = given.visitor or ""


def check_excluded(intake: Intake) -> None:
    """Turn away what the site doesn't count by address or user agent: neither is stored, so it is now or never."""
    if intake.route.ignored_agents:
        agent = intake.user_agent.lower()
        if any(part in agent for part in intake.route.ignored_agents):
            fault = Fault("", "comes from a user agent that this site doesn't count")
            raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.EXCLUDED, reason="excluded")
    if not intake.route.ignored:
        return
    address = parse_address(intake.address)
    if address is not None and lies_in(address, intake.route.ignored):
        fault = Fault("", "comes from an address that this site doesn't count")
        raise Turned(HTTPStatus.BAD_REQUEST, fault, refusal=Refusal.EXCLUDED, reason="excluded")


def check_payload(intake: Intake) -> None:
    """Turn the request away for a flaw beside its events; take over the flaws of single events."""
    payload = intake.payload
    if payload.fault is not None:
        raise Turned(HTTPStatus.BAD_REQUEST, payload.fault, refusal=Refusal.INVALID)
    if payload.faults:
        intake.faults.extend(payload.faults)
        intake.refuse(Refusal.INVALID, len(payload.faults))
