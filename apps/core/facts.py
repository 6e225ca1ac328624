"""Facts: what has happened, told from left to right through the apps.

A fact is a frozen dataclass in the past tense that holds a schema name and ids. It leaves when the transaction has
committed and may get lost or come twice: whatever must happen can be derived from rows, and a sweep does it.
`config/pipeline.py` says who listens.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from django.db import transaction
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

logger = logging.getLogger(__name__)
Fact = TypeVar("Fact")
_listeners: dict[type, list[Callable[[Any], None]]] = defaultdict(list)


def listen(kind: type[Fact], listener: Callable[[Fact], None]) -> None:
    """Have `listener` called with every fact of `kind` that this process publishes."""
    if listener not in _listeners[kind]:
        _listeners[kind].append(listener)


def publish(fact: object) -> None:
    """Tell `fact` to its listeners once the present transaction has committed (at once where there is none)."""
    transaction.on_commit(partial(_tell, fact))


def _tell(fact: object) -> None:
    for listener in _listeners[type(fact)]:
        try:
            listener(fact)
        except (OperationalError, RedisError, OSError) as error:
            # The broker is away. The fact's row is there, and the sweep will find it.
            logger.warning("%s wasn't told: %s", type(fact).__name__, error)
