"""Every answer of the installation check: what stands in the way, in one sentence, and how it is mended.

Ordered by what must be mended first: of several the first one is the answer. Texts hold placeholders in braces, filled
with the values that `diagnosis` found; a missing one is a mistake that tests find.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    BLOCKED = "blocked"  # nothing is counted
    PARTLY = "partly"  # something is counted, not all, or not yet
    UNSURE = "unsure"  # the check couldn't tell
    WELL = "well"


class Cause(StrEnum):
    """In the order in which they must be mended."""

    PRIVATE_ADDRESS = "private_address"
    NAME_UNKNOWN = "name_unknown"
    UNREACHABLE = "unreachable"
    TLS_EXPIRED = "tls_expired"
    TLS_WRONG_HOST = "tls_wrong_host"
    TLS_SELF_SIGNED = "tls_self_signed"
    TLS_UNKNOWN_CA = "tls_unknown_ca"
    TLS_BROKEN = "tls_broken"
    ENDLESS_REDIRECTS = "endless_redirects"
    PAGE_REFUSED = "page_refused"
    PAGE_MISSING = "page_missing"
    PAGE_FAILS = "page_fails"
    NO_PAGE = "no_page"
    REDIRECT_ELSEWHERE = "redirect_elsewhere"
    DOMAIN_NOT_LISTED = "domain_not_listed"
    SITE_RESTS = "site_rests"
    CSP_SCRIPT = "csp_script"
    CSP_NONCE = "csp_nonce"
    KEY_MISSING = "key_missing"
    KEY_WRONG = "key_wrong"
    CONSENT = "consent"
    PROXY_PATH = "proxy_path"
    SCRIPT_ERROR = "script_error"
    TAG_MANAGER = "tag_manager"
    BLOCKED_BY_CLIENT = "blocked_by_client"
    SCRIPT_UNREACHABLE = "script_unreachable"
    CSP_CONNECT = "csp_connect"
    DOOR_UNREACHABLE = "door_unreachable"
    DOOR_REFUSED = "door_refused"
    NOT_SENT = "not_sent"
    NO_TAG = "no_tag"
    NOT_OPENED = "not_opened"
    TAG_TWICE = "tag_twice"
    BLOCK_LIST = "block_list"
    SOURCE_ONLY = "source_only"
    CONSENT_FIRST = "consent_first"
    WELL = "well"


@dataclass(frozen=True, slots=True)
class Explanation:
    """`says`: one sentence. `fix`: what to do. `copy`: what to paste, empty where there is nothing to paste."""

    severity: Severity
    says: str
    fix: str
    copy: str = ""


_BLOCKED, _PARTLY, _UNSURE, _WELL = Severity.BLOCKED, Severity.PARTLY, Severity.UNSURE, Severity.WELL

EXPLANATIONS: dict[Cause, Explanation] = {
    Cause.PRIVATE_ADDRESS: Explanation(
        _UNSURE,
        "{host} leads to the private address {address}, which this check doesn’t open.",
        "Check a page that is on the internet. On a network of your own, the operator of this Beacon can allow private "
        "addresses with this setting:",
        "BEACON_CHECK_PRIVATE_ADDRESSES=1",
    ),
    Cause.NAME_UNKNOWN: Explanation(
        _BLOCKED,
        "{host} has no address: the domain name system doesn’t know it.",
        "Look for a typing error in the domain, or have whoever runs the domain add its A or AAAA record.",
    ),
    Cause.UNREACHABLE: Explanation(
        _BLOCKED,
        "The server of {host} can’t be reached: {why}.",
        "See whether the page opens in your own browser; if it does, its firewall keeps out servers such as this one.",
    ),
    Cause.TLS_EXPIRED: Explanation(
        _BLOCKED,
        "The certificate of {host} has run out, so browsers warn of the page instead of showing it.",
        "Renew the certificate, and have its renewal done by itself from now on.",
    ),
    Cause.TLS_WRONG_HOST: Explanation(
        _BLOCKED,
        "The certificate that the server shows isn’t made out to {host}.",
        "Have a certificate issued that names this host, with and without www where both are used:",
        "{host}",
    ),
    Cause.TLS_SELF_SIGNED: Explanation(
        _BLOCKED,
        "{host} has signed its certificate itself, which no browser trusts.",
        "Have a certificate issued by an authority that browsers know, such as Let’s Encrypt.",
    ),
    Cause.TLS_UNKNOWN_CA: Explanation(
        _BLOCKED,
        "The certificate of {host} comes from an authority that isn’t known, or a certificate in between is missing.",
        "Have the server send the whole chain (with nginx: ssl_certificate names fullchain.pem), or use another "
        "authority.",
    ),
    Cause.TLS_BROKEN: Explanation(
        _BLOCKED,
        "No encrypted connection to {host} comes about: {why}.",
        "Have the server’s TLS settings looked at: protocol version 1.2 or later, and a certificate that is in force.",
    ),
    Cause.ENDLESS_REDIRECTS: Explanation(
        _BLOCKED,
        "{url} sends its visitors from address to address without end.",
        "Look for two rules that undo each other, usually http to https and www to without.",
    ),
    Cause.PAGE_REFUSED: Explanation(
        _UNSURE,
        "The page answers {status}: it is behind a login, or its protection against bots keeps this check out.",
        "Check a page that is open to everybody, or let this user agent through:",
        "BeaconCheck/1",
    ),
    Cause.PAGE_MISSING: Explanation(
        _BLOCKED,
        "There is no page at {url} (it answers {status}).",
        "Check the address for a typing error, and check a page that is there.",
    ),
    Cause.PAGE_FAILS: Explanation(
        _BLOCKED,
        "The server of {host} fails: it answers {status}.",
        "Look into the web server’s log of this minute; the tag can’t work before the page does.",
    ),
    Cause.NO_PAGE: Explanation(
        _UNSURE,
        "{url} isn’t a web page but {kind}.",
        "Check the address of a page that visitors see.",
    ),
    Cause.REDIRECT_ELSEWHERE: Explanation(
        _BLOCKED,
        "{start} sends its visitors on to {host}, which isn’t among the site’s domains, so what they send is refused.",
        "Add this domain to the site’s domains if it is yours:",
        "{host}",
    ),
    Cause.DOMAIN_NOT_LISTED: Explanation(
        _BLOCKED,
        "{host} isn’t among the site’s domains, so what its pages send is refused.",
        "Add this domain to the site’s domains if it is yours:",
        "{host}",
    ),
    Cause.SITE_RESTS: Explanation(
        _BLOCKED,
        "The site is {status} in Beacon, so what its pages send is refused.",
        "Resume the site at the end of its settings.",
    ),
    Cause.CSP_SCRIPT: Explanation(
        _BLOCKED,
        "The page’s Content-Security-Policy doesn’t let the tag load: its {directive} doesn’t name {origin}.",
        "Replace these directives of the page’s Content-Security-Policy{which} by:",
        "{directives}",
    ),
    Cause.CSP_NONCE: Explanation(
        _BLOCKED,
        "The page’s Content-Security-Policy doesn’t let the tag load: its {directive} lets scripts run by their nonce, "
        "and the tag doesn’t have it.",
        "Give the tag the nonce that your server puts into the Content-Security-Policy{which}, a new one for each "
        "answer, as the page’s other scripts have it{also}:",
        "{tag}",
    ),
    Cause.KEY_MISSING: Explanation(
        _BLOCKED,
        "The tag is on the page without its site key.",
        "Replace it by the whole tag:",
        "{tag}",
    ),
    Cause.KEY_WRONG: Explanation(
        _BLOCKED,
        "The tag on the page has another site’s key, {found}, where this site’s is {site_key}.",
        "Replace it by this site’s tag:",
        "{tag}",
    ),
    Cause.CONSENT: Explanation(
        _PARTLY,
        "The tag waits behind a consent banner{tool}: nothing is counted until a visitor agrees.",
        "That may be what you want. Beacon sets no cookie and needs no consent for one; to count from the first page "
        "on, take the tag out of the banner’s hands and put it in as it is:",
        "{tag}",
    ),
    Cause.PROXY_PATH: Explanation(
        _BLOCKED,
        "The path {path} of the site’s own host doesn’t lead to Beacon: {url} answers {why}.",
        "Have the web server pass this path on to the address below, as docs/first-party.md shows for five kinds of "
        "servers, with the proxy key from the settings:",
        "{target}",
    ),
    Cause.SCRIPT_ERROR: Explanation(
        _BLOCKED,
        "A script of the page breaks off before it puts the tag in: {error}",
        "Have that error mended ({where}), or put the tag into the page’s head itself, where no other "
        "script comes first:",
        "{tag}",
    ),
    Cause.TAG_MANAGER: Explanation(
        _BLOCKED,
        "The page has {manager} ({container}), but the tag doesn’t come out of it.",
        "Publish the container: a tag that is only saved isn’t delivered. Its tag is custom HTML on the trigger "
        "“All pages”:",
        "{tag}",
    ),
    Cause.BLOCKED_BY_CLIENT: Explanation(
        _BLOCKED,
        "A block list in the browser keeps {url} from loading.",
        "Deliver the tag by a path of the site’s own host, which no list knows (docs/first-party.md):",
        "{first_party_tag}",
    ),
    Cause.SCRIPT_UNREACHABLE: Explanation(
        _BLOCKED,
        "The tag is on the page, but its script {url} doesn’t load: {why}.",
        "The script’s address should be this one; if it is, see whether Beacon’s door can be reached from outside:",
        "{tag}",
    ),
    Cause.CSP_CONNECT: Explanation(
        _BLOCKED,
        "The tag loads, but the page’s Content-Security-Policy doesn’t let it send: its {directive} doesn’t name "
        "{origin}.",
        "Replace these directives of the page’s Content-Security-Policy{which} by:",
        "{directives}",
    ),
    Cause.DOOR_UNREACHABLE: Explanation(
        _BLOCKED,
        "The tag loads, but what it sends to {url} doesn’t arrive: {why}.",
        "See whether Beacon’s door can be reached from outside, and whether anything between changes its requests.",
    ),
    Cause.DOOR_REFUSED: Explanation(
        _BLOCKED,
        "The tag sends, and Beacon refuses it: {why}.",
        "{hint}",
    ),
    Cause.NOT_SENT: Explanation(
        _BLOCKED,
        "The tag’s script loads, but it sends nothing.",
        "See whether another script takes the name “beacon”, or changes fetch or the history, before the tag runs; put "
        "the tag first in the page’s head:",
        "{tag}",
    ),
    Cause.NO_TAG: Explanation(
        _BLOCKED,
        "The tag isn’t on the page.",
        "Put it into the head of every page, and empty the page’s cache if it has one:",
        "{tag}",
    ),
    Cause.NOT_OPENED: Explanation(
        _UNSURE,
        "The page couldn’t be opened in a browser: {why}.",
        "Check again; if it stays like this, the page loads too much or stops the browser. Its source was looked at "
        "all the same, see what was seen.",
    ),
    Cause.TAG_TWICE: Explanation(
        _PARTLY,
        "The tag is on the page {count} times; each visit counts once, by the first of them.",
        "Keep one of them, and take the others out: {places}.",
    ),
    Cause.BLOCK_LIST: Explanation(
        _PARTLY,
        "The tag works, but for visitors with a blocker it probably doesn’t: {rule} is a pattern of block lists.",
        "Deliver the tag by a path of the site’s own host, which no list knows (docs/first-party.md):",
        "{first_party_tag}",
    ),
    Cause.SOURCE_ONLY: Explanation(
        _UNSURE,
        "The tag is in the page’s source as it should be; whether it also runs wasn’t tried, for want of a browser.",
        "For a check in a browser, have the operator of this Beacon install Chromium on the machine of the worker:",
        "apt install chromium",
    ),
    Cause.CONSENT_FIRST: Explanation(
        _WELL,
        "The tag is installed and loads; it waits for consent, as the site’s settings have it.",
        "To see a count, open the page yourself, agree in its banner, and look at the site’s live view. If nothing "
        "comes, the banner doesn’t tell the tag: docs/consent-banners.md has it for each of them.",
    ),
    Cause.WELL: Explanation(
        _WELL,
        "All is well: the tag loads, sends, and Beacon takes what it sends.",
        "Nothing is to be done. This visit was set aside and is in no figure.",
    ),
}

ORDER: Mapping[Cause, int] = {cause: place for place, cause in enumerate(Cause)}
