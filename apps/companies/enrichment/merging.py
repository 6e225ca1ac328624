"""What stands in the end where both the local databases and IPinfo know an address. Pure but for the local tables.

The rule is as conservative as the local one (`networks.kinds`): a company missed is a pity, a provider shown as a
visiting company is a falsehood. So a seller of access or machines stays one unless IPinfo names a customer's own
range, and a sign that somebody hides counts whoever has seen it.
"""

import msgspec

from apps.networks.kinds import OWN_NETWORKS, NetworkKind
from apps.networks.lookup import Owner, owner_of

from .providers.base import NetworkAnswer

SELLERS = frozenset({NetworkKind.CONSUMER, NetworkKind.HOSTING, NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.BOT})
# Grounds of a local kind that rest on a list of that very domain, not on a word in a name.
LISTED = ("listed by domain", "type of the domain")


def merged(local: NetworkAnswer, remote: NetworkAnswer, *, keeps_place: bool = False) -> NetworkAnswer:
    """Return IPinfo's answer, with what the local databases know better.

    `keeps_place`: the operator has a database of places of their own, which is what they want to see.
    """
    is_tor = local.is_tor or remote.is_tor
    is_vpn = not is_tor and (local.is_vpn or remote.is_vpn)
    is_proxy = local.is_proxy or remote.is_proxy
    is_hosting = local.is_hosting or remote.is_hosting
    kind = NetworkKind.TOR if is_tor else NetworkKind.VPN if is_vpn else _kind(local, remote)
    is_mobile = remote.is_mobile or local.is_mobile
    answer = _place(local, remote, keeps_place=keeps_place)
    return msgspec.structs.replace(
        answer,
        asn=local.asn if remote.asn is None else remote.asn,
        network_name=remote.network_name or local.network_name,
        **_owner(local, remote),
        kind=NetworkKind.CONSUMER if is_mobile and kind in OWN_NETWORKS and not remote.is_of_range else kind,
        is_tor=is_tor,
        is_vpn=is_vpn,
        is_proxy=is_proxy,
        is_hosting=is_hosting,
        is_mobile=is_mobile,
        carries_people=local.carries_people or remote.carries_people,
    )


def _owner(local: NetworkAnswer, remote: NetworkAnswer) -> dict[str, str]:
    """Return organisation and domain. Of the same organisation the local tables have the name for people."""
    if not remote.organisation or (remote.domain and remote.domain == local.domain):
        return {"organisation": local.organisation or remote.organisation, "domain": local.domain or remote.domain}
    known = owner_of(remote.asn, remote.organisation, remote.domain)
    return {"organisation": known.organisation or remote.organisation, "domain": remote.domain}


def _kind(local: NetworkAnswer, remote: NetworkAnswer) -> NetworkKind:
    if remote.kind in SELLERS:
        return remote.kind
    if local.kind is NetworkKind.PROXY or not remote.organisation:
        return local.kind
    if remote.domain == local.domain and remote.asn in (None, local.asn) and not remote.is_of_range:
        known: NetworkAnswer | Owner = local
    else:
        known = owner_of(remote.asn, remote.organisation, remote.domain)
    ours: NetworkKind = known.kind
    if remote.kind is NetworkKind.UNKNOWN:
        return ours
    if ours in SELLERS:
        is_told_by_word = remote.is_of_range and not known.ground.startswith(LISTED)
        return remote.kind if is_told_by_word else ours
    # IPinfo calls authorities, and many schools, businesses.
    is_finer = remote.kind is NetworkKind.BUSINESS and ours in OWN_NETWORKS
    return ours if is_finer else remote.kind


def _place(local: NetworkAnswer, remote: NetworkAnswer, *, keeps_place: bool) -> NetworkAnswer:
    """Return IPinfo's answer with the better place: a city before a country, the operator's own before both."""
    if not local.country or (remote.country and remote.city and not keeps_place):
        return remote
    return msgspec.structs.replace(
        remote,
        continent=local.continent,
        country=local.country,
        region=local.region,
        city=local.city,
        postal=local.postal,
        latitude=local.latitude,
        longitude=local.longitude,
    )
