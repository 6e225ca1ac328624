"""Requests on their way to a provider, several at once: the slowest holds up nobody but itself."""

from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from .providers.base import Answer, Call, Request, Unanswered
from .recording import Try

# For so long at most before somebody looks whether there is more to be sent meanwhile.
LOOK_SECONDS = 0.5
Landed = tuple[Try, Answer | Unanswered]


class Flights:
    """Used by one thread; the requests are made by others, which touch no database."""

    def __init__(self, call: Call, threads: ThreadPoolExecutor) -> None:
        self._call = call
        self._threads = threads
        self._flying: dict[Future[Answer | Unanswered], Try] = {}

    @property
    def messages(self) -> int:
        """How many messages are on their way."""
        return sum(len(one.request.messages) for one in self._flying.values())

    def begin(self, one: Try) -> None:
        self._flying[self._threads.submit(self._ask, one.request)] = one

    def landed(self) -> list[Landed]:
        """Return what has been answered, or failed to be, since the last time; waits a moment for something."""
        done, _ = wait(self._flying, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
        return [(self._flying.pop(one), one.result()) for one in done]

    def _ask(self, request: Request) -> Answer | Unanswered:
        try:
            return self._call(request)
        except Unanswered as error:
            return error


@contextmanager
def flights(call: Call, *, at_once: int) -> Iterator[Flights]:
    """Give a way to have so many requests on their way at once; waits at its end for those that still are."""
    with ThreadPoolExecutor(max_workers=at_once, thread_name_prefix="sending") as threads:
        yield Flights(call, threads)
