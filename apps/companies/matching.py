"""Which organisation a visit came from, by what is known of its network. Pure: no queries.

A network counts as an organisation's own where the local databases name the organisation and its kind says that it
uses the network rather than sells it. Providers of access and hosting sell it: their visitors carry the provider's
name but are somebody else, so they never become a company; unless an agency wants to see them, as the providers that
they are.
"""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

# How sure a network's registration makes us that the visitor acts for the organisation. A company's network is used
# by its staff and, now and then, by guests; an authority's likewise, but for citizens' terminals and schools behind
# it; a university's mostly by students.
NETWORK_CONFIDENCE = {"business": 0.85, "government": 0.7, "education": 0.5}
# That the visitor came by the provider is certain, that he acts for it is hardly ever so. The least that is shown.
PROVIDER_CONFIDENCE = {"consumer": 0.5, "hosting": 0.5}


@dataclass(frozen=True, slots=True)
class Match:
    """An organisation, and why it is said to be the visitor's."""

    domain: str
    name: str
    kind: str
    ground: str
    confidence_ratio: float
    evidence: dict[str, Any] = field(default_factory=dict)


def match_network(
    *,
    kind: str,
    organisation: str,
    domain: str,
    asn: int | None,
    network_name: str,
    is_hidden: bool,
    source: str = "local",
    with_providers: bool = False,
) -> Match | None:
    """Return the organisation of a network, or None where it isn't one or isn't the visitor's.

    `kind` is a networks.NetworkKind value; `is_hidden` says that the address belongs to a VPN, Tor or hosting range,
    behind which anybody may sit; `source` who says all this ("local", "IPinfo"); `with_providers`: sellers of access
    and machines too, under their own kinds.
    """
    confidence = NETWORK_CONFIDENCE.get(kind)
    if with_providers and confidence is None:
        confidence = PROVIDER_CONFIDENCE.get(kind)
        # A host's range is one by nature; VPNs and Tor exits in it are other kinds.
        is_hidden = is_hidden and kind != "hosting"
    host = bare_domain(domain)
    if confidence is None or is_hidden or not host or not organisation:
        return None
    evidence = {"network": network_name or organisation, "domain": host, "source": source}
    if asn:
        evidence["asn"] = f"AS{asn}"
    return Match(
        domain=host,
        name=organisation,
        kind=kind,
        ground="network",
        confidence_ratio=confidence,
        evidence=evidence,
    )


def bare_domain(domain: str) -> str:
    """Return a domain in lower case without scheme, `www.` and trailing dot; empty where there is none."""
    text = domain.strip().lower()
    host = urlsplit(text).hostname or "" if "//" in text else text
    return host.rstrip(".").removeprefix("www.")
