"""The kinds of network and the rule by which one is given. Pure.

A kind is about the network an address belongs to. Only `business`, `government` and `education` name an organisation
that may be the visitor's own; who sells access or machines to others (ISP, host, cloud, VPN) is named as a network and
never as a visiting company. The rule is conservative: a company missed is a pity, a provider shown as a visiting
company is a falsehood.

The chain: our own list by domain -> the domain's type (45 types, IPinfo/parsedmarc) -> words in the network's
registered name. Types that are often given to providers (`RISKY_TYPES`) only count where no such word occurs; without a
type only words that providers don't use make a company.
"""

import re
from enum import StrEnum
from functools import cache
from pathlib import Path

import msgspec

ORGANISATIONS = Path(__file__).resolve().parent / "data" / "organisations.tsv"


class NetworkKind(StrEnum):
    BUSINESS = "business"
    EDUCATION = "education"
    GOVERNMENT = "government"
    CONSUMER = "consumer"  # sells access, or runs networks for others: ISPs, telecoms, carriers, service providers
    HOSTING = "hosting"  # sells machines or delivery: data centres, clouds, web hosts
    VPN = "vpn"
    PROXY = "proxy"  # a gateway that carries other companies' staff
    TOR = "tor"
    BOT = "bot"  # a crawler operator's own network
    UNKNOWN = "unknown"


# Those that an organisation runs for itself; whose visitors are never the owner's own stands in no other kind.
OWN_NETWORKS = frozenset({NetworkKind.BUSINESS.value, NetworkKind.EDUCATION.value, NetworkKind.GOVERNMENT.value})


class Classified(msgspec.Struct, frozen=True):
    """A network's kind and, in plain words, what it was told by."""

    kind: NetworkKind
    ground: str
    is_hosting: bool = False


TYPE_KINDS = {
    "ISP": NetworkKind.CONSUMER,
    "MSP": NetworkKind.CONSUMER,
    "MSSP": NetworkKind.CONSUMER,
    "Web Host": NetworkKind.HOSTING,
    "IaaS": NetworkKind.HOSTING,
    "PaaS": NetworkKind.HOSTING,
    "Email Provider": NetworkKind.HOSTING,
    "Email Security": NetworkKind.HOSTING,
    "Education": NetworkKind.EDUCATION,
    "Science": NetworkKind.EDUCATION,
    "Government": NetworkKind.GOVERNMENT,
    "Government Media": NetworkKind.GOVERNMENT,
    # Crawlers for the most part; those that aren't stand in our own list.
    "Search Engine": NetworkKind.UNKNOWN,
    "Social Media": NetworkKind.UNKNOWN,
    # Town works and cooperatives sell access over the same network, alarm firms in many countries too: the real ones
    # are listed.
    "Utilities": NetworkKind.UNKNOWN,
    "Physical Security": NetworkKind.UNKNOWN,
    **dict.fromkeys(
        [
            "Agriculture", "Automotive", "Beauty", "Conglomerate", "Construction", "Consulting", "Defense",
            "Entertainment", "Event Planning", "Finance", "Food", "Healthcare", "Industrial", "Legal", "Logistics",
            "Manufacturing", "Marketing", "News", "Nonprofit", "Photography", "Print", "Publishing", "Real Estate",
            "Religion", "Retail", "SaaS", "Sports", "Staffing", "Technology", "Travel",
        ],
        NetworkKind.BUSINESS,
    ),
}  # fmt: skip
RISKY_TYPES = {"Consulting", "Entertainment", "Nonprofit", "SaaS", "Technology", "Print", "Conglomerate"}
# Where IT firms stand that run their customers' networks.
IT_TYPES = {"Consulting", "Technology"}

# Words of sellers of access and of machines in registered names; the looser ones judge risky types and names without a
# type.
ACCESS_WORDS = re.compile(
    r"telecom|telekom|telefon|telephon|telcom|telef[oó]nic|broadband|bre[ie]?dband|\bfib(?:er|re)\b|fib(?:er|re)net"
    r"|cable ?(?:tv|vision|net)"
    r"|\bisp\b|internet (?:service|solution|provider|servi)|wireless|wi-?fi|\bnetworks\b|\bnet\b|[a-z]\.net\b|-net\b",
    re.I,
)
HOSTING_WORDS = re.compile(r"hosting|\bhost\b|webhost|data ?cent(?:er|re)|colocation|\bvps\b|server|\bcloud", re.I)
LOOSE_WORDS = re.compile(
    r"net|tel|cable|link|connect|online|on-line|internet|digital|communic|comunic|kommunik|carrier|satel|mobile"
    r"|transit|backbone|\bip\b|stream"
    r"|cloud|host|server|virtual|datac|\bict\b|infra|proxy|vpn|provider|registr|\bnic\b|trading as"
    r"|exchange|electric|freenet|radio|optic|speed",
    re.I,
)
IT_WORDS = re.compile(
    r"informati[ck]|systemhaus|\bit\b|it[ -](?:serv|solu)|computer|tecno|techno?log|tekno|system|soluti"
    r"|servi[cz]|soft|web|core|line|wave|data|media|digit",
    re.I,
)
# Domains of experimenters' own networks.
NUMBERED_DOMAIN = re.compile(r"^as\d+\.")

GOVERNMENT_NAME = re.compile(
    r"^(?:city|county|town|state|province|government|ministry|ministerio|minist[eè]re|ministerstvo|municipality"
    r"|department|parliament|senate|kanton)"
    r" (?:of|de|del|da|do|du)\b|\b(?:county|city) (?:government|council)\b|\bkommune?$|\bgovernment of\b"
    r"|^kanton \w+|fylkeskommune|\bminist(?:ry|erio)\b",
    re.I,
)
GOVERNMENT_DOMAIN = re.compile(
    r"(?:^|\.)(?:gov|gob|gouv|gub|mil|go|govt)\.[a-z]{2}$|\.(?:gov|mil)$|^gov[\w-]*\.[a-z]{2}$", re.I
)
# Towns that sell cable and fibre to their citizens.
TOWN_NETWORK = re.compile(r"cable|fib(?:er|re)|net\b|tel\b|power|util", re.I)
EDUCATION_NAME = re.compile(
    r"universi|college\b|school|hochschul|politechnik|polit[eé]cnic|polytechni|[eé]cole|escola|escuela"
    r"|academ(?:y|ia) of|lyc[eé]e|institute of technology",
    re.I,
)
EDUCATION_DOMAIN = re.compile(r"(?:^|\.)(?:edu|ac|k12)\.[a-z]{2}$|\.edu$|\.k12\.[a-z]{2}\.us$", re.I)
RESEARCH_NETWORK = re.compile(
    r"research (?:and|&) education|research network|academic network|education(?:al)? network|forschungsnetz|\bnren\b",
    re.I,
)
# Trades and forms that providers of access don't have. A name without a type is a company's only with one of these.
COMPANY_NAME = re.compile(
    r"\bbank\b|\bbanco\b|\bbanca\b|\bbanque\b|sparkasse|insurance|assurances?\b|assicurazioni|versicherung"
    r"|\bseguros\b|\bpharma|pharmaceutical|chemical"
    r"|\bmotors?\b|automotive|automobile|\bairlines?\b|\bairways\b|hospital|\bclinic\b|\bhotels?\b|\bsteel\b"
    r"|petroleum|\bmining\b|brewer|\bfoods\b|(?:&|\band\b).*\bLLP\b"
    r"|law firm|rechtsanw|asset management|capital management|investment management|mutual\b|credit union|supermarket"
    r"|department store|shipping|cosmetics"
    r"|biotech|medical cent|health ?care|\bforwarding\b|aerospace|semiconductor",
    re.I,
)


def classify(name: str, domain: str, type_: str, *, is_listed_hosting: bool) -> Classified:
    """Return a network's kind by its registered name, its domain and the domain's type (empty: not known).

    `is_listed_hosting`: its number stands in the lists of data-centre networks, which also hold access providers and a
    few firms with "host" in their name: it settles what the type leaves open and overrules none that can't be confused.
    """
    domain = domain.lower()
    listed = _listed()[0].get(domain)
    if listed is not None:
        kind = NetworkKind.HOSTING if listed is NetworkKind.BUSINESS and is_listed_hosting and _sells(name) else listed
        return Classified(kind, "listed by domain", is_hosting=kind in {NetworkKind.HOSTING, NetworkKind.PROXY})
    if not domain:
        return (
            _told(NetworkKind.HOSTING, "data-centre list")
            if is_listed_hosting
            else Classified(NetworkKind.UNKNOWN, "no domain registered")
        )
    if type_:
        return _by_type(name, domain, type_, is_listed_hosting=is_listed_hosting)
    return _by_name(name, domain, is_listed_hosting=is_listed_hosting)


def classify_owner(name: str, domain: str, type_: str) -> Classified:
    """Return what a domain's owner does, by the name and the type that the domain table has of it (empty: not known).

    Unlike in a network's registered name, a domain's ending tells of no seller: anybody can have one under `.net` or
    `.cloud`. Words count in the known name, else in the first label; beside the type of a real industry they don't:
    `cloudberry.de` sells food.
    """
    domain = domain.lower()
    label = domain.partition(".")[0]
    kind = TYPE_KINDS.get(type_)
    if domain in _listed()[0]:
        return classify(name or label, domain, type_, is_listed_hosting=False)
    if kind is NetworkKind.BUSINESS and type_ not in RISKY_TYPES:
        is_army = type_ == "Defense" and GOVERNMENT_DOMAIN.search(domain) is not None
        return _told(NetworkKind.GOVERNMENT if is_army else kind, f"type of the domain: {type_}")
    if type_:
        return _by_type(name or label, f"{label}.", type_, is_listed_hosting=False)
    if EDUCATION_NAME.search(domain):
        return _told(NetworkKind.EDUCATION, "name or domain of a school")
    told = _by_name(name or label, domain, is_listed_hosting=False)
    if told.kind is NetworkKind.UNKNOWN and LOOSE_WORDS.search(label) and _sells(domain.removeprefix(label)):
        return _told(NetworkKind.UNKNOWN, "perhaps a provider")
    return told


def _told(kind: NetworkKind, ground: str) -> Classified:
    return Classified(kind, ground, is_hosting=kind is NetworkKind.HOSTING)


def _sells(name: str) -> bool:
    return ACCESS_WORDS.search(name) is not None or HOSTING_WORDS.search(name) is not None


def _by_type(name: str, domain: str, type_: str, *, is_listed_hosting: bool) -> Classified:
    kind = TYPE_KINDS.get(type_, NetworkKind.UNKNOWN)
    ground = f"type of the domain: {type_}"
    if kind is NetworkKind.EDUCATION and RESEARCH_NETWORK.search(name):
        return _told(NetworkKind.CONSUMER, "name of a research network")
    if type_ == "Defense" and GOVERNMENT_DOMAIN.search(domain):
        return _told(NetworkKind.GOVERNMENT, "government domain")
    if kind is NetworkKind.CONSUMER and is_listed_hosting and HOSTING_WORDS.search(name):
        return _told(NetworkKind.HOSTING, "data-centre list and name")
    if kind is not NetworkKind.BUSINESS:
        return _told(kind, ground)
    return _business_of_type(name, domain, type_, ground, is_listed_hosting=is_listed_hosting)


def _business_of_type(name: str, domain: str, type_: str, ground: str, *, is_listed_hosting: bool) -> Classified:
    is_risky = type_ in RISKY_TYPES
    if HOSTING_WORDS.search(name) or (is_risky and is_listed_hosting):
        return _told(NetworkKind.HOSTING, "name of a host" if HOSTING_WORDS.search(name) else "data-centre list")
    if ACCESS_WORDS.search(name):
        return _told(NetworkKind.CONSUMER, "name of an access provider")
    if is_risky and (LOOSE_WORDS.search(name) or LOOSE_WORDS.search(domain) or NUMBERED_DOMAIN.match(domain)):
        return _told(NetworkKind.UNKNOWN, "perhaps a provider")
    if type_ in IT_TYPES and (IT_WORDS.search(name) or IT_WORDS.search(domain)):
        return _told(NetworkKind.UNKNOWN, "perhaps a provider of IT services")
    return _told(NetworkKind.BUSINESS, ground)


def _by_name(name: str, domain: str, *, is_listed_hosting: bool) -> Classified:
    """Judge a network whose domain has no type, as 45% of all networks (2% of all addresses)."""
    if RESEARCH_NETWORK.search(name):
        return _told(NetworkKind.CONSUMER, "name of a research network")
    if EDUCATION_DOMAIN.search(domain) or EDUCATION_NAME.search(name):
        return _told(NetworkKind.EDUCATION, "name or domain of a school")
    if GOVERNMENT_DOMAIN.search(domain) or (GOVERNMENT_NAME.search(name) and not TOWN_NETWORK.search(domain)):
        return _told(NetworkKind.GOVERNMENT, "name or domain of an authority")
    if is_listed_hosting:
        return _told(NetworkKind.HOSTING, "data-centre list")
    if HOSTING_WORDS.search(name):
        return _told(NetworkKind.HOSTING, "name of a host")
    if ACCESS_WORDS.search(name):
        return _told(NetworkKind.CONSUMER, "name of an access provider")
    if COMPANY_NAME.search(name) and not ACCESS_WORDS.search(domain) and not HOSTING_WORDS.search(domain):
        return _told(NetworkKind.BUSINESS, "name of a trade")
    return _told(NetworkKind.UNKNOWN, "nothing known of the domain")


def known_name(domain: str) -> str:
    """Return the name that our own list gives a domain's organisation, empty where it gives none."""
    return _listed()[1].get(domain, "")


@cache
def _listed() -> tuple[dict[str, NetworkKind], dict[str, str]]:
    """Return our own list: kinds by domain, and names by domain."""
    kinds: dict[str, NetworkKind] = {}
    names: dict[str, str] = {}
    for line in ORGANISATIONS.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        kind, _, entries = line.partition("\t")
        for entry in entries.split():
            domain, _, name = entry.partition("=")
            kinds[domain] = NetworkKind(kind)
            if name:
                names[domain] = name.replace("_", " ")
    return kinds, names
