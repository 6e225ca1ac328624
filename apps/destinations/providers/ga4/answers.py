"""What Google's answers mean. `/mp/collect` says yes to whatever arrives; `/debug/mp/collect` says what is wrong.

Source: developers.google.com/analytics/devguides/collection/protocol/ga4/validating-events and .../reference. Of
answers other than 2xx Google says only to mend the request and not to repeat it; what is passing is ours to judge.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from apps.companies.asking.exchange import pause_of

from ...masking import telling_masked
from ...occurrences import Message
from ...secrets import DOTS
from ..base import Answer, Outcome, Verdict
from .events import is_counted_once

MOST_TOLD = 5
LONGEST_TOLD = 300
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
PATH = re.compile(r"[A-Za-z0-9_.\[\]]{1,200}")
# "events[3].params", and in its words "Event at index: [3]".
INDEX = re.compile(r"(?:\bevents|\bindex: ?)\[(\d{1,2})\]")
BRACKETED = re.compile(r'\[([^\[\]]*)\]|"([^"]*)"')
# By these nothing was taken: a second one is a first one.
NOT_TAKEN = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})
OF_THE_REQUEST = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.REQUEST_ENTITY_TOO_LARGE})


@dataclass(frozen=True, slots=True)
class Told:
    """A validation message. `index`: the event's, None where it is of none or doesn't say."""

    field: str
    code: str
    words: str
    index: int | None


def verdicts_of(answer: Answer, messages: Sequence[Message], *, is_check: bool) -> list[Verdict]:
    """Return a verdict for each of a request's messages. `is_check`: it was for validation, and nothing was kept."""
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return _validated(answer, len(messages)) if is_check else [_received(status)] * len(messages)
    if status in NOT_TAKEN:
        words = f"Google answered {status}; sent again later."
        asked = pause_of(answer.headers.get("retry-after", ""))
        return [Verdict(Outcome.RETRY, f"http_{status}", words, retry_after=asked)] * len(messages)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return [_failed(status, is_safe=is_check or is_counted_once(message)) for message in messages]
    if status in OF_THE_REQUEST:
        return [_not_taken(status, is_alone=len(messages) == 1)] * len(messages)
    words = (
        f"Google answered {status}, which it doesn’t do to requests that reach the Measurement Protocol: look at the "
        "measurement ID and the API secret, and at what stands between this server and google-analytics.com."
    )
    return [Verdict(Outcome.REFUSED, f"http_{status}", words)] * len(messages)


def _received(status: int) -> Verdict:
    words = "Google Analytics has it. It answers so to all that arrives: that it counts is seen in its reports alone."
    return Verdict(Outcome.RECEIVED, str(status), words)


def _failed(status: int, *, is_safe: bool) -> Verdict:
    if is_safe:
        return Verdict(Outcome.RETRY, f"http_{status}", f"Google answered {status}; sent again later.")
    words = (
        f"Google answered {status}, which leaves open whether it counts this, and it would count a second one: look "
        "there, then send it again or leave it."
    )
    return Verdict(Outcome.UNSURE, f"http_{status}", words)


def _not_taken(status: int, *, is_alone: bool) -> Verdict:
    if is_alone:
        words = f"Google answered {status}: it doesn’t take the event as it is. Mend it and send it again."
        return Verdict(Outcome.REJECTED, f"http_{status}", words)
    return Verdict(Outcome.SPLIT, f"http_{status}", f"Google answered {status} to the request as a whole.")


def _validated(answer: Answer, events: int) -> list[Verdict]:
    told = _told(answer.text)
    if told is None:
        words = "Google’s validation answered something that can’t be read; asked again later."
        return [Verdict(Outcome.RETRY, "unreadable", words)] * events
    if not told:
        words = (
            "Checked by Google’s validation, which finds nothing wrong: nothing was counted. It looks at neither the "
            "measurement ID nor the API secret: see in Google Analytics, under Realtime, whether the first conversion "
            "arrives."
        )
        return [Verdict(Outcome.CHECKED, "validated", words)] * events
    if events == 1:
        return [_wrong(told)]
    words = "Google’s validation found something wrong in the request; this one is looked at again by itself."
    others = Verdict(Outcome.SPLIT, "not_valid", words)
    named = {one.index for one in told}
    return [
        _wrong([one for one in told if one.index == index]) if index in named else others for index in range(events)
    ]


def _wrong(told: Sequence[Told]) -> Verdict:
    lines = [f"{one.field or 'request'}: {one.words.rstrip('.')} ({one.code})" for one in told[:MOST_TOLD]]
    more = f"; and {len(told) - MOST_TOLD} more" if len(told) > MOST_TOLD else ""
    words = f"Google’s validation says: {'; '.join(lines)}{more}. Mend it and send it again."
    return Verdict(Outcome.REJECTED, told[0].code, words)


def _told(text: str) -> list[Told] | None:
    """Return what the validation says, None where it isn't an answer of its form."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return None
    found = body.get("validationMessages") if isinstance(body, dict) else None
    if not isinstance(found, list):
        return None
    return [_message(one) for one in found if isinstance(one, dict)]


def _message(one: dict[str, Any]) -> Told:
    field, code, said = (str(one.get(name, "")) for name in ("fieldPath", "validationCode", "description"))
    index = INDEX.search(field) or INDEX.search(said)
    return Told(
        field if PATH.fullmatch(field) else "",
        code if WORD.fullmatch(code) else "not_valid",
        _plain(said),
        int(index[1]) if index else None,
    )


def _plain(said: str) -> str:
    """Return a description without what was sent, which Google puts into brackets and quotes; names stay."""
    text = "".join(sign if sign.isprintable() else " " for sign in said)
    text = BRACKETED.sub(lambda found: found[0] if _is_name(found[1] or found[2] or "") else f"[{DOTS}]", text)
    return telling_masked(text)[:LONGEST_TOLD]


def _is_name(text: str) -> bool:
    return bool(WORD.fullmatch(text.lstrip("_"))) or (text.isascii() and text.isdigit() and len(text) < 4)
