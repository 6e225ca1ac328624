"""Meta's errors as JSON (contract: "Responses")."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from apps.demo.standing_in.frame import Reply

INVALID = 100
TOO_OLD, TOO_FEW_KEYS, WRONG_FIELD = 2804003, 2804050, 2804019
OF_THE_EVENT, OF_THE_CALL = "OAuthException", "GraphMethodException"


@dataclass(slots=True, eq=False)
class Refused(Exception):
    """The request fails as a whole."""

    code: int
    subcode: int = 0
    status: int = 400
    title: str = ""
    words: str = ""
    kind: str = OF_THE_EVENT
    is_transient: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def wrong(at: str, rule: str, *, subcode: int = WRONG_FIELD, title: str = "Server-side API parameter error") -> Refused:
    """`at`: the field's path below `data`, as in "[0]['event_time']"."""
    return Refused(INVALID, subcode, title=title, words=f"The parameter $['data']{at}: {rule}")


def error_reply(refused: Refused) -> Reply:
    """Answer 401 for tokens and 403 for permissions, else as the error says. The message repeats what was wrong."""
    error: dict[str, Any] = {
        "message": f"(#{refused.code}) {refused.words or 'Refused by the stand-in.'}",
        "type": refused.kind,
        "code": refused.code,
        "is_transient": refused.is_transient,
        "fbtrace_id": trace_make(),
    }
    if refused.subcode:
        error["error_subcode"] = refused.subcode
    if refused.title:
        error |= {"error_user_title": refused.title, "error_user_msg": refused.words}
    return Reply(refused.status, {"error": error}, refused.headers)


def trace_make() -> str:
    return f"A{secrets.token_urlsafe(16)}"
