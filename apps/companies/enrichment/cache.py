"""What was asked already, and who is asking right now; for all processes, in "volatile" alone.

An entry's name is HMAC(week's key, address), its value an answer without address and without visitor. The week's key is
random and lies in "volatile" too, so that nothing survives it. Last week's is kept for what was asked under it.
"""

import os
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import cast

import msgspec

from apps.core import clock
from apps.core.crypto import KEY_BYTES
from apps.core.hashing import keyed_hash
from apps.networks.kinds import OWN_NETWORKS, NetworkKind
from apps.tracking import valkey

from .providers.base import NetworkAnswer

DAY_SECONDS = 24 * 3600
WEEK = timedelta(days=7)
# What lasts: an organisation's range. What moves: a provider's lines. What changes hands by the hour: exits.
OWN_SECONDS = 7 * DAY_SECONDS
CONSUMER_SECONDS = DAY_SECONDS
HIDDEN_SECONDS = 6 * 3600
NOTHING_SECONDS = 3600  # that IPinfo knows nothing
HIDDEN = {NetworkKind.VPN, NetworkKind.PROXY, NetworkKind.TOR, NetworkKind.HOSTING, NetworkKind.BOT}

KEY_SECONDS = 15 * DAY_SECONDS  # a week in use, another one for reading
NOTHING = b"-"
# Longer than any request takes (ipinfo: connect 3 s, answer 8 s, the last read 8 s).
FLIGHT_SECONDS = 25
WAIT_SECONDS = 12.0
PAUSE_SECONDS = 0.05

Known = dict[str, NetworkAnswer | None]


def kept_seconds(answer: NetworkAnswer | None) -> int:
    """Return how long an answer, or that there is none (None), is believed."""
    if answer is None:
        return NOTHING_SECONDS
    if answer.kind in HIDDEN:
        return HIDDEN_SECONDS
    return OWN_SECONDS if answer.kind in OWN_NETWORKS else CONSUMER_SECONDS


class Cache:
    """Names of one moment: made anew for each resolving, since the week's key may change. Raises RedisError."""

    def __init__(self) -> None:
        week = clock.now().isocalendar()
        before = (clock.now() - WEEK).isocalendar()
        self._secret = week_secret(f"{week.year}-{week.week}")
        self._secret_before = valkey.get_bytes(_week_name(f"{before.year}-{before.week}"))

    def read(self, ips: Sequence[str]) -> Known:
        """Return what is known of addresses; None: that IPinfo knows nothing. Those never asked are left out."""
        found = self._read(ips, self._secret)
        if self._secret_before is not None:
            found |= self._read([ip for ip in ips if ip not in found], self._secret_before)
        return found

    def write(self, answers: Mapping[str, NetworkAnswer | None]) -> None:
        pipeline = valkey.volatile().pipeline(transaction=False)
        for ip, answer in answers.items():
            packed = NOTHING if answer is None else msgspec.msgpack.encode(answer)
            pipeline.set(_name("of", self._secret, ip), packed, ex=kept_seconds(answer))
        pipeline.execute()

    def claim(self, ips: Sequence[str]) -> list[str]:
        """Return which of the addresses are ours to ask; others ask the rest at this moment. To be released."""
        pipeline = valkey.volatile().pipeline(transaction=False)
        for ip in ips:
            pipeline.set(self._flight(ip), b"1", nx=True, ex=FLIGHT_SECONDS)
        return [ip for ip, is_ours in zip(ips, pipeline.execute(), strict=True) if is_ours]

    def release(self, ips: Iterable[str]) -> None:
        names = [self._flight(ip) for ip in ips]
        if names:
            valkey.volatile().delete(*names)

    def wait(self, ips: Sequence[str]) -> Known:
        """Return what others find out about addresses that they are asking; without those where that fails."""
        found: Known = {}
        until = time.monotonic() + WAIT_SECONDS
        while True:
            waiting = [ip for ip in ips if ip not in found]
            # Before the entries: who has released one has written it before.
            is_going_on = bool(waiting) and bool(valkey.volatile().exists(*map(self._flight, waiting)))
            found |= self.read(waiting)
            if not is_going_on or len(found) == len(ips) or time.monotonic() > until:
                return found
            time.sleep(PAUSE_SECONDS)

    def _flight(self, ip: str) -> str:
        return _name("flight", self._secret, ip)

    def _read(self, ips: Sequence[str], secret: bytes) -> Known:
        if not ips:
            return {}
        held = cast("list[bytes | None]", valkey.volatile().mget([_name("of", secret, ip) for ip in ips]))
        found: Known = {}
        for ip, packed in zip(ips, held, strict=True):
            if packed == NOTHING:
                found[ip] = None
            elif packed is not None and (answer := _unpacked(packed)) is not None:
                found[ip] = answer
        return found


def _unpacked(packed: bytes) -> NetworkAnswer | None:
    """Return an entry; None for one that other code has written in another form."""
    try:
        return msgspec.msgpack.decode(packed, type=NetworkAnswer)
    except msgspec.DecodeError:
        return None


def _name(what: str, secret: bytes, ip: str) -> str:
    return f"beacon:enrichment:{what}:{keyed_hash(secret, 'enrichment', ip)[:16].hex()}"


def _week_name(week: str) -> str:
    return f"beacon:enrichment:key:{week}"


def week_secret(week: str) -> bytes:
    """Return the week's key; whoever needs it first makes it."""
    secret = os.urandom(KEY_BYTES)
    if valkey.volatile().set(_week_name(week), secret, nx=True, ex=KEY_SECONDS):
        return secret
    return valkey.get_bytes(_week_name(week)) or secret
