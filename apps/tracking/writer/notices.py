"""What the writer tells those who have a site's installation page open: what became of each event, as it is stored."""

import logging

import redis
from redis.exceptions import RedisError

from .. import newest
from ..ledger import State
from .batch import Stored
from .items import Item

logger = logging.getLogger(__name__)

# Of one batch, for one site: the page shows fewer.
MOST_TOLD = 20


class Notices:
    """Costs one question a second, and nothing else while nobody looks."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._watched: frozenset[tuple[str, int]] = frozenset()

    def look(self) -> None:
        """Find out which sites are being looked at. Raises RedisError."""
        self._watched = frozenset()
        self._watched = newest.watched_sites(self._redis)

    def tell(self, schema: str, stored: Stored) -> None:
        """Tell of what came of one committed transaction. Where the server is away, the pages show what is stored."""
        for watched_schema, site_id in self._watched:
            if watched_schema != schema:
                continue
            lines = {(state, reason): n for (site, _, state, reason), n in stored.tally.items() if site == site_id}
            if not lines:
                continue
            came = [
                *(_came(item, newest.REPEATED) for item in stored.repeated if item.site_id == site_id),
                *(_came(item, item.lasting_session.set_aside) for item in stored.items if item.site_id == site_id),
            ]
            came.sort(key=lambda one: one.received_ms)
            refused = {reason: count for (state, reason), count in lines.items() if state == State.REFUSED}
            try:
                newest.tell(self._redis, newest.watched_name(schema, site_id), came[-MOST_TOLD:], refused)
            except RedisError as error:
                logger.warning("what came to a watched site wasn't told: %s", error)
                return


def _came(item: Item, fate: str) -> newest.Came:
    event, envelope = item.event, item.arrival.envelope
    return newest.Came(
        event.event_id.hex,
        envelope.received_ms,
        event.kind,
        event.name,
        f"{event.host}{event.path}",
        envelope.origin,
        fate,
    )
