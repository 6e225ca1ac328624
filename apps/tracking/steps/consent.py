"""What a visitor has agreed to, as a request says it, and what may not be kept without. Pure.

The browser's own signals come by header and can't be set by a page: `Sec-GPC` and `DNT` win over what the body says of
them. Both object to sale and sharing, so marketing counts as denied under them, whatever a banner's default or a mode
signals; only the page's own call (`source: api`), which stands for this visitor's own later choice, beats them.
"""

import msgspec

from apps.tracking.drop_reasons import Refusal
from apps.tracking.envelope import Consent, Context, Envelope
from apps.tracking.events import DAY_MS, EARLIEST_MS
from apps.tracking.intake import Intake
from apps.tracking.payload import ConsentWire, EventWire, Fault

from .scrub import scrub

SOURCES = frozenset({"api", "gcm", "tcf", "site_default"})
GRANTED, DENIED = "granted", "denied"
# The event by which a tag tells of a choice: folded into its visit's record of consent, never a row.
EVENT_NAME = "consent"
REASON = "consent"


def consent_in(
    wire: ConsentWire | None, *, gpc: str = "", dnt: str = "", skew_ms: int = 0, received_ms: int = 0
) -> Consent:
    """Return the consent that a body speaks of. `gpc`, `dnt`: the headers; `at_ms` 0: not said when."""
    wire = wire or ConsentWire()
    has_gpc = gpc == "1" if gpc else wire.gpc is True
    has_dnt = dnt == "1" if dnt else wire.dnt is True
    marketing: str = wire.marketing or ""
    source = _source(wire.source or "")
    if marketing == GRANTED and (has_gpc or has_dnt) and source != "api":
        marketing = DENIED
    return Consent(
        analytics=wire.analytics or "",
        marketing=marketing,
        source=source,
        at_ms=_said_ms(wire.at, skew_ms, received_ms),
        text_version=scrub(wire.text_version or ""),
        gpc=has_gpc,
        dnt=has_dnt,
    )


def _source(told: str) -> str:
    """Return who says it. Only a page's own call can name its banner as it likes, so another text is that call's."""
    return told if told in SOURCES or not told else "api"


def _said_ms(at: int | None, skew_ms: int, received_ms: int) -> int:
    if at is None or not EARLIEST_MS <= at + skew_ms < 2**53:
        return 0
    return min(at + skew_ms, received_ms)


def is_said(consent: Consent) -> bool:
    """Return whether anything was said: nothing is "never asked", and changes nothing that was said before."""
    return bool(consent.analytics or consent.marketing)


def is_refused(consent: Consent) -> bool:
    return consent.analytics == DENIED


def is_word_on_consent(*, kind: str, name: str | None, is_interactive: bool, consent: Consent) -> bool:
    """Return whether an event only tells what its request's consent says anyway."""
    return kind == "event" and name == EVENT_NAME and not is_interactive and is_said(consent)


def of_day(consent: Consent, day: int) -> Consent:
    """Return the consent as it may stand beside events of one UTC day (since 1970).

    A choice of an earlier day keeps its day alone: its millisecond, said on every day, would link them.
    """
    if not consent.at_ms or consent.at_ms >= day * DAY_MS:
        return consent
    return msgspec.structs.replace(consent, at_ms=consent.at_ms - consent.at_ms % DAY_MS)


def empty(envelope: Envelope) -> None:
    """Take out of an envelope what it says of its visitor, but for the id by which their visit is found."""
    envelope.ip_hash = envelope.sealed_ip = b""
    envelope.user_agent = envelope.accept_language = ""
    envelope.context, envelope.head_signals = Context(), []


def put_consent(intake: Intake) -> None:
    head, given = intake.head, intake.payload.head
    skew_ms = 0 if given.sent_at is None else head.received_ms - given.sent_at
    # A server's own headers say nothing of its visitor.
    gpc, dnt = ("", "") if intake.is_server else (head.gpc, head.dnt)
    intake.consent = consent_in(given.consent, gpc=gpc, dnt=dnt, skew_ms=skew_ms, received_ms=head.received_ms)


def drop_unconsented(intake: Intake) -> None:
    """Refuse what may not be kept, before anything is made of it."""
    why = why_nothing_is_kept(intake)
    payload, consent = intake.payload, intake.consent
    if not why and (consent.analytics == GRANTED or all(wire.kind != "identify" for _, wire in payload.events)):
        return
    kept: list[tuple[int, EventWire]] = []
    for index, wire in payload.events:
        fault = _fault(wire, why, consent)
        if fault is None:
            kept.append((index, _bare(wire) if why else wire))
        else:
            intake.faults.append(Fault(payload.field(index, fault.field), fault.why, index))
            intake.refuse(Refusal.CONSENT)
    payload.events = kept
    refused = intake.refused.get(Refusal.CONSENT, 0)
    if refused:
        intake.reasons[REASON] = refused


def why_nothing_is_kept(intake: Intake) -> str:
    """Return why no event of the request may be kept; empty where they may."""
    consent, route = intake.consent, intake.route
    if is_refused(consent):
        return "isn't kept: its visitor refuses analytics (consent.analytics is denied)"
    if consent.analytics == GRANTED and consent.source == "api":
        return ""
    if consent.dnt and route.honours_dnt:
        return "isn't kept: the browser sends Do Not Track, which this site honours"
    if route.requires_consent and consent.analytics != GRANTED:
        return "isn't kept: this site needs consent first (consent.analytics isn't granted)"
    return ""


def _fault(wire: EventWire, why: str, consent: Consent) -> Fault | None:
    if why:
        is_word = is_word_on_consent(
            kind=wire.kind, name=wire.name, is_interactive=wire.interactive is not False, consent=consent
        )
        return None if is_word else Fault("", why)
    if wire.kind == "identify" and consent.analytics != GRANTED:
        return Fault("kind", "may be identify only with consent.analytics granted")
    return None


def _bare(wire: EventWire) -> EventWire:
    """Return a word on consent with nothing in it but that and when it was said."""
    return EventWire(id=wire.id, kind=wire.kind, at=wire.at, name=wire.name, interactive=False)
