"""What the program that drives the browser is told, as one line of JSON on its standard input."""

import json
from dataclasses import asdict, dataclass, field

from apps.core.outbound import Guard


@dataclass(frozen=True)
class Job:
    """`seconds`: until which it has to have answered. `allowed`, `pins`, `allows_private`: as in core.outbound.Guard.

    `folder`: of its own, for the browser's profile; it goes with the caller. `globals`: names of consent tools.
    """

    script_url: str
    site_key: str
    seconds: float
    folder: str
    chromium: str
    user_agent: str
    allows_private: bool = False
    allowed: list[tuple[str, int]] = field(default_factory=list)
    pins: dict[str, str] = field(default_factory=dict)
    globals: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        return json.dumps(asdict(self))

    def guard(self) -> Guard:
        allowed = frozenset((host, port) for host, port in self.allowed)
        return Guard(allows_private=self.allows_private, allowed=allowed, pins=self.pins)


def job_read(text: str) -> Job:
    """Return the job in a line. Raises ValueError, TypeError where it isn't one."""
    return Job(**json.loads(text))
