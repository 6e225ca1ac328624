"""What a session shows of its events: totals, entry and exit, and the columns that are constant for a visit."""

from collections.abc import Iterable

from ..ingest import acquisition_facts, context_facts, signals_of, visit_facts
from ..steps.company_clues import tells_company
from ..steps.sessions import SessionState, count_pageview
from .items import Item


def count_items(items: Iterable[Item]) -> None:
    """Add `items`, in the order of their time and all placed, to their sessions."""
    for item in items:
        session = item.lasting_session
        if session.is_new and not session.facts:
            session.facts = {
                **visit_facts(item.arrival, item.set_aside),
                **acquisition_facts(item.arrival, item.event),
            }
            session.has_context = item.arrival.envelope.context.screen is not None
            # Of a network that sells access nobody need ask whose visitors they are: most visits are done with here.
            is_nobodys = session.facts["network_kind"] not in item.arrival.site.company_kinds
            session.is_matched = is_nobodys and not session.is_reopened
            _count(session, item)
        elif _count(session, item):
            session.facts = {**session.facts, **acquisition_facts(item.arrival, item.event)}
            session.acquired_from = None
        _take_context(session, item)
        if tells_company(item.event, item.arrival.site.company_parameter):
            session.is_matched, session.is_reopened = False, True


def _count(session: SessionState, item: Item) -> bool:
    """Count one event; return whether it is the visit's first page view by time so far."""
    event = item.event
    session.engaged_ms += item.engaged_ms
    if event.kind == "pageview":
        return count_pageview(session, item.at_ms, event.host, event.path)
    if event.kind == "event":
        session.events += 1
        session.interactive_events += event.is_interactive
    return False


def _take_context(session: SessionState, item: Item) -> None:
    """Take what the browser says of itself from the first that says it, and GPC and DNT from the last."""
    envelope = item.arrival.envelope
    if not session.has_context and envelope.context.screen is not None:
        signals = {"signals": signals_of(item.arrival, item.set_aside)}
        session.facts = session.facts | context_facts(envelope) | signals
        session.has_context = True
    if item.at_ms >= session.ended_ms or session.is_new:
        analytics, marketing, _, _ = session.consent
        session.consent = (analytics, marketing, envelope.consent.gpc, envelope.consent.dnt)
