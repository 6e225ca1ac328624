"""What a network is called where no company can be: by what it sells, never by its name."""

from .kinds import NetworkKind

LABELS: dict[str, str] = {
    NetworkKind.CONSUMER: "Internet provider",
    NetworkKind.BUSINESS: "Company network",
    NetworkKind.EDUCATION: "School or university",
    NetworkKind.GOVERNMENT: "Public authority",
    NetworkKind.HOSTING: "Data centre",
    NetworkKind.VPN: "VPN",
    NetworkKind.PROXY: "Proxy",
    NetworkKind.TOR: "Tor",
    NetworkKind.BOT: "Crawler",
    NetworkKind.UNKNOWN: "Unknown network",
}
# Where the exit stands says nothing about where the visitor sits.
PLACELESS = {NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.TOR, NetworkKind.UNKNOWN}


def network_label(kind: str, place: str = "") -> str:
    """Return a network in words, such as "Internet provider, Vienna"."""
    label = LABELS.get(kind, LABELS[NetworkKind.UNKNOWN])
    return f"{label}, {place}" if place and kind not in PLACELESS else label
