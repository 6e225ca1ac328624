"""Sending simulated visits through the real ingest door, as a server with an API key may: with the visitor's address,
user agent and times. Waits and tries again where the door asks for it; gives up on what it refuses."""

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

import httpx

from .journeys import Visit
from .payloads import consent, context

ATTEMPTS = 6
BATCH = 100
TIMEOUT_SECONDS = 15.0


class DoorClosed(Exception):
    """The door can't be reached or refuses what is sent; the text says which."""


@dataclass(slots=True)
class Sent:
    """What became of the events so far."""

    accepted: int = 0
    refused: int = 0
    requests: int = 0
    reasons: dict[str, int] = field(default_factory=dict)


class Sender:
    """Sends to one site. `track_url` is where the tag would send to; safe for many tasks at once."""

    def __init__(self, *, track_url: str, site_key: str, api_key: str, connections: int = 16) -> None:
        self.sent = Sent()
        self._site_key = site_key
        limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
        self._http = httpx.AsyncClient(
            base_url=track_url,
            headers={"Authorization": f"Bearer {api_key}"},
            limits=limits,
            timeout=TIMEOUT_SECONDS,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._http.aclose()

    async def send(self, visit: Visit, events: list[dict[str, Any]], *, sent_at: int) -> None:
        """Send events of one visit. Raises DoorClosed where the door stays shut or says no."""
        for start in range(0, len(events), BATCH):
            await self._post(
                {
                    "site_key": self._site_key,
                    "sent_at": sent_at,
                    "tracker": "simulator",
                    "ip": visit.person.address,
                    "user_agent": visit.person.user_agent,
                    "context": context(visit),
                    "consent": consent(visit),
                    "events": events[start : start + BATCH],
                }
            )

    async def _post(self, body: dict[str, Any]) -> None:
        problem = ""
        for attempt in range(ATTEMPTS):
            wait = min(2**attempt, 20) * random.uniform(0.5, 1.0)
            try:
                answer = await self._http.post("/api/track/batch", json=body)
            except httpx.TransportError as error:
                problem = f"{self._http.base_url} can't be reached: {error}"
            else:
                self.sent.requests += 1
                if answer.status_code == httpx.codes.ACCEPTED:
                    self._count(answer.json())
                    return
                problem = f"the door answered {answer.status_code}: {answer.text[:300]}"
                if answer.status_code not in (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE):
                    raise DoorClosed(problem)
                wait = max(wait, float(answer.headers.get("Retry-After", 0)))
            await asyncio.sleep(wait)
        raise DoorClosed(problem)

    def _count(self, answer: dict[str, Any]) -> None:
        self.sent.accepted += answer["accepted"]
        self.sent.refused += len(answer["rejected"])
        for refusal in answer["rejected"]:
            self.sent.reasons[refusal["why"]] = self.sent.reasons.get(refusal["why"], 0) + 1
