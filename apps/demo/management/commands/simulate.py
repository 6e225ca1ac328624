"""`manage.py simulate`: simulated visits through the real ingest door."""

import asyncio
import contextlib
import random
import signal
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from apps.demo.agency import facts_read
from apps.demo.forwarding import destinations_connect, stand_ins
from apps.demo.history import fill_gaps, gaps
from apps.demo.load import load
from apps.demo.sender import DoorClosed, Sender
from apps.demo.trickle import trickle
from apps.demo.world import BRINDLEWICK, KESTREL, World

LIVE = (KESTREL, BRINDLEWICK)


class Command(BaseCommand):
    help = (
        "Send simulated visits to the demo's sites: --visits N at once (or --rate a second), or --trickle for ever. "
        "They go through the ingest door like any others."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--trickle", action="store_true", help="people come and go in real time, until stopped")
        parser.add_argument("--visits", type=int, default=100, help="how many visits to send (default 100)")
        parser.add_argument("--rate", type=float, default=0, help="visits a second at the most (default: no limit)")
        parser.add_argument("--tasks", type=int, default=16, help="how many send side by side (default 16)")

    def handle(self, *args: Any, **options: Any) -> None:
        facts = demo_facts()
        try:
            if options["trickle"]:
                asyncio.run(self._trickle(facts))
            else:
                asyncio.run(self._load(facts, options))
        except DoorClosed as problem:
            raise CommandError(f"{problem}\nIs Beacon running? Start it with `make run`.") from problem
        except LookupError as problem:
            raise CommandError(str(problem)) from problem

    async def _trickle(self, facts: dict[str, Any]) -> None:
        """Fill what has passed since the last visit, then go on in real time until told to stop.

        What the demo's conversions are sent to runs here too.
        """
        with stand_ins() as urls:
            await asyncio.to_thread(destinations_connect, urls)
            await self._visits(facts)

    async def _visits(self, facts: dict[str, Any]) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        senders = {world: sender(facts, world) for world in LIVE}
        tasks = [asyncio.create_task(self._live(world, senders[world], stop)) for world in LIVE]
        self.stdout.write("simulated visits are on their way")
        self.stdout.flush()
        waiting = asyncio.create_task(_set(stop))
        done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for open_sender in senders.values():
            await open_sender.close()
        for task in done - {waiting}:
            task.result()

    async def _live(self, world: World, to: Sender, stop: asyncio.Event) -> None:
        # What is missing is looked up before the first visit of now would hide it.
        missing = await asyncio.to_thread(gaps, world)
        async with asyncio.TaskGroup() as group:
            group.create_task(trickle(world, to))
            group.create_task(asyncio.to_thread(fill_gaps, world, missing, stop.is_set))

    async def _load(self, facts: dict[str, Any], options: dict[str, Any]) -> None:
        to = sender(facts, KESTREL, connections=options["tasks"])
        try:
            with tqdm(total=options["visits"], unit=" visits", disable=None) as bar:
                seconds = await load(
                    KESTREL,
                    to,
                    visits=options["visits"],
                    rate=options["rate"],
                    tasks=options["tasks"],
                    draw=random.Random(),
                    on_visit=partial(_tick, bar),
                )
        except* DoorClosed as group:
            raise group.exceptions[0] from group
        finally:
            with contextlib.suppress(RuntimeError):
                await to.close()
        sent = to.sent
        self.stdout.write(
            f"{options['visits']} visits, {sent.accepted} events accepted, {sent.refused} refused, "
            f"{sent.requests} requests in {seconds:.1f} s ({sent.accepted / max(seconds, 0.001):.0f} events a second)"
        )
        for reason, count in sorted(sent.reasons.items()):
            self.stdout.write(f"  refused {count}: {reason}")


async def _set(event: asyncio.Event) -> None:
    await event.wait()


def _tick(bar: "tqdm[Any]") -> None:
    bar.update(1)


def demo_facts() -> dict[str, Any]:
    """Return the facts of the demo. Raises CommandError where there is none."""
    facts = facts_read()
    if not facts:
        raise CommandError("There is no demo yet: `make run` makes one, or `manage.py create_demo`.")
    return facts


def sender(facts: dict[str, Any], world: World, *, connections: int = 8) -> Sender:
    """Return a sender to the demo's site of this world. Talks to 127.0.0.1: `localhost` may mean another family."""
    return Sender(
        track_url=f"http://{facts['connect_host']}:{settings.TRACK_PORT}",
        site_key=facts["site_keys"][world.host],
        api_key=facts["ingest_key"],
        connections=connections,
    )
