"""The kinds of network and the rule by which one is given.

A kind is about the network an address belongs to. Only `business` is ever shown as a visiting company; who sells access or
machines to others (ISP, host, cloud, VPN) is named as a network and never as a visitor.
"""

from enum import StrEnum


class NetworkKind(StrEnum):
    BUSINESS = "business"
    EDUCATION = "education"
    GOVERNMENT = "government"
    CONSUMER = "consumer"  # sells access: ISPs, telecoms, mobile carriers
    HOSTING = "hosting"  # sells machines or delivery: data centres, clouds, web hosts
    VPN = "vpn"
    PROXY = "proxy"
    TOR = "tor"
    BOT = "bot"  # a crawler operator's own network
    UNKNOWN = "unknown"
