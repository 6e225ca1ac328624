"""What a check has seen, before anybody judges it: of the site as Beacon has it, of the page's source, of a visit."""

from dataclasses import dataclass, field
from typing import Any

from .written import parts_of


@dataclass(frozen=True)
class SiteFacts:
    """The site as Beacon has it. `script_url`: where the tag comes from; `hosts`: without www, subdomains meant too.

    `path_token`: the word of its own path; `is_consent_first`: nothing is counted before a visitor agrees.
    """

    site_key: str
    hosts: tuple[str, ...]
    status: str
    script_url: str
    tag: str
    path_token: str = ""
    is_consent_first: bool = False

    @property
    def origin(self) -> str:
        parts = parts_of(self.script_url)
        return f"{parts.scheme}://{parts.netloc}"

    def lists(self, host: str) -> bool:
        """Return whether pages of a host may send, by the door's rule: subdomains too, www and ports ignored."""
        bare = host.strip("[]").lower().removeprefix("www.")
        return any(bare == known or bare.endswith(f".{known}") for known in (one.strip("[]") for one in self.hosts))


@dataclass(frozen=True)
class Trouble:
    """Why a page didn't come. `kind`: private, name, unreachable, tls_expired, tls_wrong_host, tls_self_signed,
    tls_unknown_ca, tls_broken, redirects, or empty where none is in the way."""

    kind: str = ""
    host: str = ""
    why: str = ""
    address: str = ""


@dataclass
class Fetched:
    """The page by plain HTTP. `hops`: the addresses on the way, the last one answered; `trouble`: why none did."""

    hops: list[str] = field(default_factory=list)
    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: str = ""
    trouble: Trouble = field(default_factory=Trouble)
    milliseconds: int = 0

    @property
    def url(self) -> str:
        return self.hops[-1] if self.hops else ""

    @property
    def host(self) -> str:
        return parts_of(self.url).hostname or ""

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


@dataclass(frozen=True)
class FoundTag:
    """A tag on a page. `src`: absolute. `is_held`: its type keeps it from running until somebody agrees."""

    src: str
    site_key: str
    is_held: bool = False
    holder: str = ""
    needs_consent: bool = False

    @property
    def path(self) -> str:
        return parts_of(self.src).path


@dataclass
class Source:
    """A page's source. `managers`: (name, container). `mentions_tag`: its scripts name site key or script address."""

    tags: list[FoundTag] = field(default_factory=list)
    managers: list[tuple[str, str]] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)
    consent_tools: list[str] = field(default_factory=list)
    mentions_tag: bool = False


@dataclass(frozen=True)
class Request:
    """A request of the page to Beacon. `status` 0: no answer, see `failure`, Chromium's or the guard's word for why."""

    url: str
    at_ms: int
    status: int = 0
    reason: str = ""
    failure: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Violation:
    """Something that a Content-Security-Policy forbade: the directive, and the address that it hit."""

    directive: str
    url: str
    at_ms: int = 0


@dataclass(frozen=True)
class ScriptError:
    text: str
    where: str
    at_ms: int = 0


@dataclass
class Visit:
    """The page in a browser. `outcome`: seen, no_browser, failed (see `why`). Times since the visit began.

    `tags`: those in the finished page, whoever put them in; `scripts`: requests for the tag's script; `sent`: what it
    sent; `consent_denied`: Google's consent mode says denied by default.
    """

    outcome: str = "no_browser"
    why: str = ""
    url: str = ""
    status: int = 0
    body: str = ""
    scripts: list[Request] = field(default_factory=list)
    sent: list[Request] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    errors: list[ScriptError] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    globals: list[str] = field(default_factory=list)
    runs: bool = False
    mentions_tag: bool = False
    consent_denied: bool = False
    milliseconds: int = 0

    @property
    def is_seen(self) -> bool:
        return self.outcome == "seen"


def visit_read(told: dict[str, Any]) -> Visit:
    """Return a visit from what the browser's program printed. Raises TypeError, KeyError where it isn't one."""
    return Visit(
        **{
            **told,
            "scripts": [Request(**one) for one in told.get("scripts", [])],
            "sent": [Request(**one) for one in told.get("sent", [])],
            "violations": [Violation(**one) for one in told.get("violations", [])],
            "errors": [ScriptError(**one) for one in told.get("errors", [])],
        }
    )


@dataclass
class Findings:
    """Everything that a check knows. `source`: of what the server sent; `page`: of what the browser made of it."""

    site: SiteFacts
    start_url: str
    fetched: Fetched
    source: Source
    visit: Visit
    page: Source

    @property
    def final_url(self) -> str:
        return (self.visit.url if self.visit.is_seen else "") or self.fetched.url

    @property
    def final_host(self) -> str:
        return parts_of(self.final_url).hostname or ""

    @property
    def tags(self) -> list[FoundTag]:
        """Return the tags of the finished page; of the source where no browser opened it, or it didn't say."""
        return self.page.tags if self.visit.is_seen and self.visit.body else self.source.tags

    @property
    def managers(self) -> list[tuple[str, str]]:
        return self.source.managers or self.page.managers

    @property
    def consent_tools(self) -> list[str]:
        return list(dict.fromkeys([*self.visit.globals, *self.page.consent_tools, *self.source.consent_tools]))

    @property
    def scripts(self) -> list[Request]:
        """Return the visit's requests for the tag's script, wherever it is delivered from."""
        known = {tag.src for tag in self.page.tags} | {tag.src for tag in self.source.tags}
        return [
            one for one in self.visit.scripts if one.url in known or one.url.partition("?")[0] == self.site.script_url
        ]

    @property
    def is_there(self) -> bool:
        """Return whether the tag is on the page in any form."""
        return bool(self.tags or self.scripts)

    @property
    def policies(self) -> list[str]:
        return self.source.policies or self.page.policies
