"""Resolving addresses: what is known already, what somebody else is asking, what IPinfo says, else the local answer."""

import logging
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from apps.companies.asking.breaker import Breaker, State
from apps.companies.asking.failures import Failure, ProviderError
from apps.companies.asking.quota import Quota
from apps.core.outbound import is_public
from apps.networks import databases
from apps.tracking.sealed import addresses_open

from . import measures, statistics
from .cache import Cache, Known
from .merging import merged
from .providers.base import NetworkAnswer, Provider
from .providers.ipinfo import BATCHES, MOST_ENTRIES, IPinfo
from .providers.local import Local
from .statistics import SERVICE, Outcome

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Resolution:
    """`is_settled`: asking again would say the same; else IPinfo couldn't be asked, and the local answer stands in."""

    answer: NetworkAnswer
    is_settled: bool


class Enrichment:
    """Local answers, and `remote` ones where there is such a provider, within breaker and budget."""

    def __init__(self, *, remote: Provider | None, breaker: Breaker, quota: Quota) -> None:
        self.local: Provider = Local()
        self.remote = remote
        self.breaker = breaker
        self.quota = quota

    def resolve(self, ips: Iterable[str]) -> dict[str, Resolution]:
        """Return what is known of each address. Blocks for as long as a request to the provider takes.

        Raises RedisError where "volatile" is away and there is a remote provider.
        """
        wanted = list(dict.fromkeys(ips))
        local = self.local.ask(wanted)
        if self.remote is None:
            return {ip: Resolution(local[ip], is_settled=True) for ip in wanted}
        public = {ip: None for ip in wanted if is_public(ip)}
        outcomes: Counter[Outcome] = Counter()
        if reserved := len(wanted) - len(public):
            outcomes[Outcome.RESERVED] = reserved
        known = self._known(list(public), outcomes) if public else {}
        statistics.addresses_count(outcomes)
        keeps_place = databases.reader(databases.OPERATOR_PLACE) is not None
        return {
            ip: Resolution(
                merged(local[ip], answer, keeps_place=keeps_place) if (answer := known.get(ip)) else local[ip],
                is_settled=ip in known or ip not in public,
            )
            for ip in wanted
        }

    def _known(self, ips: Sequence[str], outcomes: "Counter[Outcome]") -> Known:
        """Return IPinfo's answers; None: that it has none. Those for which it couldn't be asked are left out."""
        cache = Cache()
        known = cache.read(ips)
        asked = [ip for ip in ips if ip not in known]
        ours = cache.claim(asked)
        try:
            # Whoever asked until a moment ago has written it down before letting go.
            known |= cache.read(ours)
            _count_hits(known, outcomes)
            known |= self._ask([ip for ip in ours if ip not in known], cache, outcomes)
        finally:
            cache.release(ours)
        theirs = [ip for ip in asked if ip not in set(ours)]
        if theirs:
            shared = cache.wait(theirs)
            outcomes[Outcome.SHARED] += len(shared)
            outcomes[Outcome.FAILED] += len(theirs) - len(shared)
            known |= shared
        return known

    def _ask(self, ips: Sequence[str], cache: Cache, outcomes: "Counter[Outcome]") -> Known:
        known: Known = {}
        left = list(ips)
        while left:
            granted = self.quota.take(min(len(left), MOST_ENTRIES))
            if not granted:
                outcomes[Outcome.BUDGET] += len(left)
                break
            state = self.breaker.admit()
            # Half open, one address suffices to see whether it answers again.
            size = {State.CLOSED: granted, State.HALF_OPEN: 1, State.OPEN: 0}[state]
            self.quota.give_back(granted - size)
            if not size:
                outcomes[Outcome.BREAKER] += len(left)
                break
            batch, left = left[:size], left[size:]
            answers = self._request(batch)
            if answers is None:
                outcomes[Outcome.FAILED] += len(batch) + len(left)
                break
            found: Known = {ip: answers.get(ip) for ip in batch}
            cache.write(found)
            known |= found
            outcomes[Outcome.FOUND] += len(answers)
            outcomes[Outcome.MISSED] += len(batch) - len(answers)
        return known

    def _request(self, ips: Sequence[str]) -> Mapping[str, NetworkAnswer] | None:
        """Return the provider's answers; None where it couldn't be asked, which breaker and statistics then know."""
        assert self.remote is not None
        began = time.monotonic()
        try:
            answers = self.remote.ask(ips)
        except ProviderError as error:
            statistics.request_count(entries=len(ips), seconds=time.monotonic() - began, error=error)
            if not error.is_charged:
                self.quota.give_back(len(ips))
            self._stand_back(error)
            return None
        statistics.request_count(entries=len(ips), seconds=time.monotonic() - began)
        self.breaker.succeed()
        return answers

    def _stand_back(self, error: ProviderError) -> None:
        pause = self.breaker.fail(error)
        if pause:
            measures.OPENED.labels(error.failure.value).inc()
            level = logging.ERROR if error.failure is Failure.REFUSED else logging.WARNING
            logger.log(level, "%s It is left alone for %.0f seconds.", error, pause)


def _count_hits(known: Known, outcomes: "Counter[Outcome]") -> None:
    for answer in known.values():
        outcomes[Outcome.HIT_NOTHING if answer is None else Outcome.HIT] += 1


def is_remote() -> bool:
    """Return whether IPinfo is asked at all: whether there is a token."""
    return bool(settings.BEACON_IPINFO_TOKEN)


def enrichment() -> Enrichment:
    """Return the installation's, by its settings."""
    url = settings.BEACON_IPINFO_URL or BATCHES[settings.BEACON_IPINFO_PLAN]
    token = settings.BEACON_IPINFO_TOKEN
    return Enrichment(
        remote=IPinfo(url=url, token=token) if is_remote() else None,
        breaker=Breaker(service=SERVICE, token=token, url=url),
        quota=Quota(settings.BEACON_IPINFO_BUDGET, service=SERVICE),
    )


def addresses_resolve(ip_hashes: Iterable[bytes]) -> dict[bytes, Resolution]:
    """Return what is known of sealed addresses by their hashes; those that can't be opened are left out.

    Raises RedisError.
    """
    opened = addresses_open(ip_hashes)
    resolved = enrichment().resolve(opened.values())
    return {ip_hash: resolved[ip] for ip_hash, ip in opened.items()}
