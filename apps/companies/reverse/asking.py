"""Asking a name server for addresses' names, each confirmed by the name's own addresses.

Anybody can give his address any name; that the name leads back to the address only its owner can. Of what is found the
domain alone is kept: a host's whole name is as good as its address.
"""

import ipaddress
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import cast

import dns.exception
import dns.name
import dns.resolver
import dns.reversename
from django.conf import settings

from apps.core import clock
from apps.core.hashing import keyed_hash
from apps.core.outbound import is_public
from apps.tracking import valkey

from ..asking.quota import Quota
from ..enrichment.cache import week_secret
from .naming import domain_told

logger = logging.getLogger(__name__)

# Of a question, and of one try of it, of which there are two where the first one gets lost.
LIFETIME_SECONDS = 3.0
TRY_SECONDS = 1.5
AT_ONCE = 16
# Some addresses have hundreds of names, none of which tells more than the first.
MOST_NAMES = 3
FOUND_SECONDS = int(timedelta(days=1).total_seconds())
NOTHING_SECONDS = int(timedelta(hours=6).total_seconds())
# A name server that couldn't say anything of an address isn't asked for it at once again.
FAILED_SECONDS = 300
# One that answers nothing at all, not even who serves the root, is left alone.
AWAY_SECONDS = 300
AWAY = "beacon:enrichment:names-away"
NOTHING, FAILED = b"-", b"!"
NO_NAME = (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer, dns.resolver.YXDOMAIN, dns.name.LabelTooLong)


def domains_of(ips: Iterable[str], *, quota: Quota) -> dict[str, str]:
    """Return by address the domain that its confirmed name tells, empty: none. Without those that couldn't be asked.

    What is known of lately costs nothing of the quota. Blocks for seconds. Raises RedisError.
    """
    wanted = [ip for ip in dict.fromkeys(ips) if is_public(ip) or settings.BEACON_DNS_SERVER]
    secret = week_secret(f"{clock.now():%G-%V}")
    held = cast("list[bytes | None]", valkey.volatile().mget([_name(secret, ip) for ip in wanted])) if wanted else []
    known = dict(zip(wanted, held, strict=True))
    is_away = bool(valkey.volatile().exists(AWAY))
    unknown = [] if is_away else [ip for ip in wanted if known[ip] is None]
    asked = unknown[: quota.take(len(unknown))] if unknown else []
    found = _ask(asked)
    if asked:
        pipeline = valkey.volatile().pipeline(transaction=False)
        for ip in asked:
            domain = found.get(ip)
            seconds = FAILED_SECONDS if domain is None else FOUND_SECONDS if domain else NOTHING_SECONDS
            pipeline.set(_name(secret, ip), FAILED if domain is None else domain.encode() or NOTHING, ex=seconds)
        pipeline.execute()
    told = {ip: value for ip, value in known.items() if value not in (None, FAILED)}
    return found | {ip: "" if value == NOTHING else (value or b"").decode() for ip, value in told.items()}


def _ask(ips: Sequence[str]) -> dict[str, str]:
    if not ips:
        return {}
    found: dict[str, str] = {}
    is_away = True
    try:
        resolver = _resolver()
    except dns.exception.DNSException as error:
        logger.warning("No name server can be asked: %s", error)
    else:
        with ThreadPoolExecutor(min(AT_ONCE, len(ips))) as pool:
            for first in range(0, len(ips), AT_ONCE):
                some = ips[first : first + AT_ONCE]
                answers = pool.map(lambda ip: _domain_of(resolver, ip), some)
                answered = {ip: domain for ip, domain in zip(some, answers, strict=True) if domain is not None}
                found |= answered
                # Some addresses' zones are dead for good, which says nothing of the name server.
                is_away = not answered and not _is_there(resolver)
                if is_away:
                    break
    if is_away:
        valkey.volatile().set(AWAY, b"1", ex=AWAY_SECONDS)
    return found


def _resolver() -> dns.resolver.Resolver:
    """Return the machine's own resolver, or the one that is set. Raises DNSException where the machine has none."""
    host, port = settings.BEACON_DNS_SERVER or ("", 0)
    resolver = dns.resolver.Resolver(configure=not host)
    if host:
        resolver.nameservers, resolver.port = [host], port
    resolver.timeout, resolver.lifetime, resolver.cache = TRY_SECONDS, LIFETIME_SECONDS, None
    return resolver


def _domain_of(resolver: dns.resolver.Resolver, ip: str) -> str | None:
    """Return the domain that an address' name tells, empty: none; None where the server can't be asked."""
    try:
        names = resolver.resolve(dns.reversename.from_address(ip), "PTR", search=False)
        for name in sorted(record.target.to_text() for record in names)[:MOST_NAMES]:
            domain = domain_told(name, ip)
            if domain and _leads_back(resolver, name, ip):
                return domain
    except NO_NAME:
        return ""
    except (dns.exception.DNSException, OSError):
        return None
    return ""


def _is_there(resolver: dns.resolver.Resolver) -> bool:
    """Return whether the name server answers what every one knows: who serves the root."""
    try:
        resolver.resolve(dns.name.root, "NS", search=False)
    except NO_NAME:
        return True
    except (dns.exception.DNSException, OSError):
        return False
    return True


def _leads_back(resolver: dns.resolver.Resolver, name: str, ip: str) -> bool:
    address = ipaddress.ip_address(ip)
    try:
        found = resolver.resolve(name, "A" if address.version == 4 else "AAAA", search=False)
    except NO_NAME:
        return False
    return any(ipaddress.ip_address(record.address) == address for record in found)


def _name(secret: bytes, ip: str) -> str:
    return f"beacon:enrichment:name:{keyed_hash(secret, 'host name', ip)[:16].hex()}"
