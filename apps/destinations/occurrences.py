"""What happened on a site, as a provider may be told of it: everything that is known, before any provider's choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


@dataclass(frozen=True, slots=True)
class MatchKeys:
    """What ad platforms recognise a person by; taken with marketing consent only. Empty: not known.

    `email_sha256`: of the trimmed address in lower case (Meta); `email_google_sha256`: of Google's form, without the
    dots of Gmail's addresses. Lower-case hex. Phones: E.164 hashed with its plus (Google), digits alone (Meta).
    `event_id`: the site's own id of the event as text, where it gave one: what the browser's pixel sends too.
    """

    ga_client_id: str = ""
    ga_session_id: str = ""
    fbp: str = ""
    fbc: str = ""
    user_agent: str = ""
    email_sha256: str = ""
    email_google_sha256: str = ""
    phone_sha256: str = ""
    phone_google_sha256: str = ""
    event_id: str = ""

    @property
    def present(self) -> list[str]:
        """The names of what is there."""
        return [name for name in self.__slots__ if getattr(self, name)]


@dataclass(frozen=True, slots=True)
class ConsentReceipt:
    """On what ground something was sent, or why not.

    `state`: granted, denied, unasked, or exempt (`ground`, `region`: the site's owner says that none is needed there).
    """

    state: str
    analytics: str = ""
    source: str = ""  # api, gcm, tcf, site_default, or empty: not said
    said_at: datetime | None = None
    text_version: str = ""
    gpc: bool = False
    ground: str = ""
    region: str = ""

    @property
    def is_given(self) -> bool:
        return self.state in ("granted", "exempt")


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """The visit's company, where it has one. `score` 0-100, `temperature` cold, warm or hot; None, empty: unknown."""

    name: str
    domain: str
    kind: str
    score: int | None = None
    temperature: str = ""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An event of a visit, with its visit. Texts are empty where nothing is known."""

    event_id: UUID
    session_id: UUID
    kind: str  # pageview, event, test
    event_name: str  # the event's own; of page views empty
    goal_name: str
    occurred_at: datetime
    value: Decimal | None  # the conversion's worth; of an event without goal its own value
    currency: str
    event_value: Decimal | None
    event_currency: str
    transaction_id: str
    items: Sequence[Mapping[str, Any]]  # {sku, name, price, quantity, category}
    props: Mapping[str, Any]
    page_url: str  # without click ids
    page_path: str
    page_title: str
    referrer: str
    session_started_at: datetime
    engaged_ms: int
    country: str  # ISO 3166-1 alpha-2
    region: str
    city: str
    device: str
    browser: str
    browser_version: str
    system: str
    system_version: str
    brand: str
    model: str
    language: str
    screen: str  # "1440x900"
    source: str
    medium: str
    campaign: str
    click_ids: Mapping[str, str]
    consent: ConsentReceipt
    match: MatchKeys = field(default_factory=MatchKeys)
    company: CompanyFacts | None = None

    @property
    def keys_present(self) -> list[str]:
        """The names of all by which somebody, or the same event, is recognised: match keys, click ids, the order's."""
        order = ["transaction_id"] if self.transaction_id else []
        return [*self.match.present, *sorted(name for name, value in self.click_ids.items() if value), *order]


@dataclass(frozen=True, slots=True)
class Message:
    """An occurrence as a rule has mapped it, on its way to one destination.

    `key`: the same at every try, and no other's at this destination: what the provider deduplicates by where the site
    gave no id of its own (`dedup_id`). `name`: the event's name in the provider's world. `params`: extra fields.
    `is_test`: asked for by a person, not by a visitor. `counted_by`: the id that the first try had; empty: there was
    none yet, or this provider counts by none.
    """

    delivery_id: int
    key: str
    name: str
    value: Decimal | None
    currency: str
    params: Mapping[str, Any]
    occurrence: Occurrence
    is_test: bool = False
    counted_by: str = ""

    @property
    def dedup_id(self) -> str:
        """What went before; else what the site's own pixel sends as the id too, where it does; else the event's id."""
        return self.counted_by or self.occurrence.match.event_id or str(self.occurrence.event_id)
