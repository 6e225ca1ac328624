"""The lists of steps through which everything that arrives goes, in the order in which they run.

At the door (apps.tracking.entrance): decode, validate, scrub, identify, seal. In the writer: the steps below, on one
arrival (an envelope: events of one visitor from one request) after the other; then known ids and sessions for the whole
batch, and storing.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import lru_cache
from types import MappingProxyType

import msgspec

from apps.core import clock
from apps.networks import databases
from apps.networks.lookup import Network, lookup
from apps.sites.measured import MeasuredSite

from . import sealing
from .drop_reasons import SetAside
from .envelope import Envelope, EventIn
from .steps import acquisition, bots
from .steps.place import place_fields
from .steps.sessions import ACQUISITION_COLUMNS
from .steps.signals import Signal, tag_signals
from .steps.user_agent import Agent, ClientHints, user_agent

SENDERS_KEPT = 20_000
HOSTS_KEPT = 8_192
ENTRIES_KEPT = 4_096
UNKNOWN = Network()
COUNTED, SPAM = SetAside.NOT.value, SetAside.SPAM_REFERRER.value


class Arrival(msgspec.Struct):
    """An envelope on its way through the steps, with what they found."""

    envelope: Envelope
    site: MeasuredSite
    received_at: datetime
    received_on: date
    network: Network = UNKNOWN
    agent: Agent = Agent()
    verdict: bots.Verdict = bots.Verdict()


Step = Callable[[Arrival], None]


def arrive(envelope: Envelope, site: MeasuredSite) -> Arrival:
    """Return `envelope` after all of the writer's steps."""
    received_at = clock.from_ms(envelope.received_ms)
    arrival = Arrival(envelope, site, received_at, received_at.date())
    key = (
        envelope.ip_hash,
        envelope.user_agent,
        envelope.origin,
        envelope.context.touch,
        envelope.context.webdriver,
        # All that the verdict takes from the rest of what a tag says; nearly always nothing.
        tuple(tag_signals(envelope)) if envelope.origin == "tag" else (),
    )
    if not _senders.recall(key, arrival):
        for step in WRITER_STEPS:
            step(arrival)
        _senders.remember(key, arrival)
    return arrival


class _Senders:
    """What the steps found of those who sent lately, by the address' hash: a visitor comes several times.

    A hash is good for a day, and so is what is kept by it.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[object, ...], tuple[Network, Agent, bots.Verdict]] = {}
        self._generation = ""
        self._day = clock.today()

    def recall(self, key: tuple[object, ...], arrival: Arrival) -> bool:
        """Put what was found before on `arrival`; False where nothing was."""
        found = self._found.get(key)
        if found is None:
            return False
        arrival.network, arrival.agent, arrival.verdict = found
        return True

    def remember(self, key: tuple[object, ...], arrival: Arrival) -> None:
        """Keep what the steps found, unless the address couldn't be opened: perhaps it can the next time."""
        if arrival.network is UNKNOWN:
            return
        if len(self._found) >= SENDERS_KEPT or self._generation != databases.generation():
            self._found.clear()
            self._generation = databases.generation()
        self._found[key] = (arrival.network, arrival.agent, arrival.verdict)

    def forget_old(self) -> None:
        """Begin anew with a new day."""
        today = clock.today()
        if today != self._day:
            self._found.clear()
            self._day = today


_senders = _Senders()


def forget_old() -> None:
    """Drop what is known of the senders of a day that is over."""
    _senders.forget_old()


def put_network(arrival: Arrival) -> None:
    """Open the sealed address and look it up. Without its key or a database nothing is known; it still counts."""
    envelope = arrival.envelope
    address = sealing.open_address(envelope.sealed_ip, envelope.seal_hour)
    if address:
        arrival.network = lookup(address)


def put_agent(arrival: Arrival) -> None:
    touch = arrival.envelope.context.touch
    hints = None if touch is None else ClientHints(has_touch=touch)
    arrival.agent = user_agent(arrival.envelope.user_agent, hints)


def put_verdict(arrival: Arrival) -> None:
    """Tell bots from people by what is the same for all events of the arrival."""
    arrival.verdict = bots.verdict(arrival.envelope, arrival.network)


WRITER_STEPS: tuple[Step, ...] = (put_network, put_agent, put_verdict)


def set_aside(arrival: Arrival, event: EventIn) -> str:
    """Return why `event` isn't counted among people's (a SetAside's text), empty if it is."""
    if arrival.verdict.reason:
        return arrival.verdict.reason.value
    return SPAM if event.referrer and _is_spam(event.referrer) else COUNTED


def acquisition_facts(arrival: Arrival, event: EventIn) -> Mapping[str, object]:
    """Return the session's columns that follow from its entry page view. Not to be changed: they are remembered."""
    return _acquired(event.query, event.referrer, arrival.site.hosts)


@lru_cache(maxsize=ENTRIES_KEPT)
def _acquired(query: str, referrer: str, site_hosts: tuple[str, ...]) -> Mapping[str, object]:
    """Most visits begin in one of a few ways: from a search engine, from a campaign, directly."""
    found = acquisition.acquire(query, referrer, site_hosts)
    facts: dict[str, object] = {name: getattr(found, name) for name in ACQUISITION_COLUMNS}
    facts["channel"] = found.channel.value
    facts["click_ids"] = found.click_ids or None
    return MappingProxyType(facts)


def visit_facts(arrival: Arrival, set_aside: str = "") -> dict[str, object]:
    """Return the session's columns that are constant for a visit: door, agent, context, place and network."""
    envelope = arrival.envelope
    return {
        "ip_hash": envelope.ip_hash,
        "origin": envelope.origin,
        "bot_name": arrival.verdict.bot_name,
        "signals": signals_of(arrival, set_aside),
        "import_id": envelope.import_id or None,
        **_agent_facts(arrival.agent),
        **context_facts(envelope),
        **place_fields(arrival.network, is_bot=arrival.verdict.reason == SetAside.BOT_DECLARED),
    }


def signals_of(arrival: Arrival, set_aside: str) -> str:
    """Return the signals that speak for a bot, as they are stored: sorted, with commas between."""
    found = arrival.verdict.signals
    if set_aside != SPAM:
        return found
    return ",".join(sorted({Signal.SPAM_REFERRER.value, *filter(None, found.split(","))}))


def context_facts(envelope: Envelope) -> dict[str, object]:
    context = envelope.context
    width, height = context.screen or (None, None)
    viewport_width, viewport_height = context.viewport or (None, None)
    languages = context.languages or _accepted(envelope.accept_language)
    return {
        "screen_width": width,
        "screen_height": height,
        "viewport_width": viewport_width,
        "viewport_height": viewport_height,
        "pixel_ratio": context.pixel_ratio,
        "color_scheme": context.color_scheme,
        "has_touch": context.touch,
        "languages": ",".join(languages),
        "language": languages[0].partition("-")[0].lower() if languages else "",
        "time_zone": context.time_zone,
        "connection": context.connection,
    }


def _agent_facts(agent: Agent) -> dict[str, object]:
    return {
        "browser": agent.browser,
        "browser_version": agent.browser_version,
        "engine": agent.engine,
        "system": agent.system,
        "system_version": agent.system_version,
        "device": agent.device_class.value,
        "brand": agent.brand,
        "model": agent.model,
    }


def _is_spam(referrer: str) -> bool:
    host = referrer.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0]
    return _is_spam_host(host)


@lru_cache(maxsize=HOSTS_KEPT)
def _is_spam_host(host: str) -> bool:
    return acquisition.is_spam_referrer(host)


def _accepted(header: str) -> list[str]:
    """Return the languages of an Accept-Language header in its own order, which browsers give by preference."""
    return [tag for part in header.split(",") if (tag := part.partition(";")[0].strip()) and tag != "*"]
