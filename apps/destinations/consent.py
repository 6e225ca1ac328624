"""Whether something may leave, and the receipt of why."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db.models import Q

from apps.tracking.models import Session

from .models import ConsentExemption
from .occurrences import ConsentReceipt

# Why something was withheld, where it was for want of consent: `Delivery.reason`.
WITHOUT_CONSENT = ("consent_denied", "consent_unasked", "withdrawn")
GRANTED, DENIED, UNASKED, EXEMPT = "granted", "denied", "unasked", "exempt"
# As the writer has it (`writer.consents.is_marketing_refused`): who refuses analytics refuses all.
REFUSED = Q(consent_marketing=DENIED) | Q(consent_analytics=DENIED)


def exempt_countries(*, site_id: int) -> dict[str, ConsentExemption]:
    """Return the countries for whose visitors the site's owner says that no marketing consent is needed. One query."""
    found = ConsentExemption.objects.filter(site_id=site_id, ended_at=None)
    return {exemption.country: exemption for exemption in found}


def refusals_of(*, site_id: int, sessions: Collection[Session]) -> dict[UUID, Session]:
    """Return, by visit, the visit in which its visitor has refused marketing, or all, since; most visits have none.

    Whoever comes back after lunch and refuses takes back what they agreed to in the morning, for as long as Beacon
    knows them again. One query; a second one where somebody has refused.
    """
    known = {session.id: _visitors(session) for session in sessions}
    visitors = set().union(*known.values())
    said = Session.objects.filter(
        Q(visitor_id__in=visitors) | Q(linked_visitor_id__in=visitors), site_id=site_id, consent_at__isnull=False
    )
    refused = list(said.filter(REFUSED))
    if not refused:
        return {}
    granted = list(said.filter(consent_marketing=GRANTED).exclude(REFUSED))
    found: dict[UUID, Session] = {}
    for session in sessions:
        theirs = [one for one in (*granted, *refused) if _visitors(one) & known[session.id] or one.id == session.id]
        last = max(theirs, key=_said_at, default=session)
        if _is_refused(last):
            found[session.id] = last
    return found


def _visitors(session: Session) -> set[int]:
    return (
        {session.visitor_id} if session.linked_visitor_id is None else {session.visitor_id, session.linked_visitor_id}
    )


def _said_at(session: Session) -> tuple[datetime, bool]:
    """Return what words are ordered by; of two in the same moment the refusal holds."""
    assert session.consent_at is not None  # those alone are asked for
    return session.consent_at, _is_refused(session)


def _is_refused(session: Session) -> bool:
    return DENIED in (session.consent_marketing, session.consent_analytics)


def receipt_of(session: Session, exemptions: Mapping[str, ConsentExemption]) -> ConsentReceipt:
    """Return what a visit's visitor agrees to by now. A refusal holds in every country; who refuses all does too."""
    state = DENIED if _is_refused(session) else session.consent_marketing or UNASKED
    exemption = exemptions.get(session.country) if session.country else None
    if state == UNASKED and exemption and not (session.gpc or session.dnt):
        state = EXEMPT
    return ConsentReceipt(
        state=state,
        analytics=session.consent_analytics,
        source=session.consent_source or "",
        said_at=session.consent_at,
        text_version=session.consent_version or "",
        gpc=session.gpc,
        ground=exemption.ground if exemption and state == EXEMPT else "",
        region=exemption.country if exemption and state == EXEMPT else "",
    )


def receipt_kept(receipt: ConsentReceipt) -> dict[str, Any]:
    """Return a receipt as a delivery keeps it."""
    found: dict[str, Any] = msgspec.to_builtins(receipt)
    return found


def receipt_read(kept: Mapping[str, Any]) -> ConsentReceipt:
    """Return a receipt as it was kept."""
    said_at = kept.get("said_at")
    return ConsentReceipt(**{**kept, "said_at": datetime.fromisoformat(said_at) if said_at else None})
