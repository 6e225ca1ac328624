"""The id of the request that is being worked on, for log lines and for people who report an error.

Whoever asks may bring one (`X-Request-ID`), so that a proxy's log and ours speak of the same thing; it comes back in
the answer and goes along with the tasks that the request starts.
"""

import re
from contextvars import ContextVar
from itertools import count

from .ids import public_key

HEADER = "X-Request-ID"
NONE = "-"
ACCEPTABLE = re.compile(r"[A-Za-z0-9_-]{8,64}")

request_id: ContextVar[str] = ContextVar("request_id", default=NONE)

# A random beginning a process and a number behind it: a random id for each request would cost the door a twentieth.
_process = public_key(length=10)
_numbers = count(1)


def make_id() -> str:
    return f"{_process}-{next(_numbers):x}"


def id_from(given: str | None) -> str:
    """Return the id that a request brought along, where it is well-formed, else a new one."""
    return given if given and ACCEPTABLE.fullmatch(given) else make_id()
