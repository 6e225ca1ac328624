"""What a run consists of: the commands before, the processes, what makes them ready, and the order of the way out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from config.local.chromium import install_at_leisure
from config.local.folders import CHECKOUT
from config.local.options import Options
from config.local.procfile import read_procfile
from config.local.readiness import Check, answers, has_said, takes_events, writes
from config.local.stamps import Stamp, fingerprint
from config.local.steps import Step


@dataclass(frozen=True)
class Stage:
    """Processes that are stopped together, and how long they may take before they are made to."""

    names: frozenset[str]
    grace_seconds: float


# No new events first, then the stream is drained, then the work behind it.
STOP_ORDER = (
    Stage(frozenset({"demo"}), 2.0),  # it has nothing to lose
    Stage(frozenset({"web", "ingest"}), 12.0),
    Stage(frozenset({"writer"}), 15.0),
    Stage(frozenset({"worker", "sender", "beat"}), 5.0),  # what is cut off is still due in its row
)


@dataclass(frozen=True)
class Plan:
    """See the module. Steps of one tuple run side by side."""

    before: tuple[Step, ...] = ()
    commands: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, Check] = field(default_factory=dict)  # by default: it lives
    beside: tuple[Step, ...] = ()  # while the processes start
    then: Mapping[str, str] = field(
        default_factory=dict
    )  # processes that start when all that is done; nobody waits for them
    # When all is ready: work that nobody waits for; answers with a line to say, or an empty one.
    at_leisure: Callable[[], str] = str
    stop_order: tuple[Stage, ...] = STOP_ORDER


def beacon(options: Options) -> Plan:
    """Return the plan of `make run`."""
    return Plan(
        before=(
            Step("prepare", ["prepare"]),
            Step(
                "collectstatic",
                ["collectstatic", "--noinput", "--clear", "--verbosity", "0"],
                stamp=_collected(options),
            ),
            Step("networks", ["networks_refresh", "--if-missing"], is_required=False, is_audible=True),
        ),
        commands=read_procfile(CHECKOUT / "Procfile"),
        checks={
            "web": answers(options.port, "/health"),
            "ingest": takes_events(options.track_port),
            "writer": writes(options.folder),
            "worker": has_said(r"\bworker ready\b"),
            "sender": has_said(r"\bworker ready\b"),
            "beat": has_said(r"\bbeat ready\b"),
        },
        beside=(Step("create_demo", ["create_demo"], is_required=False, is_audible=True),) if options.has_demo else (),
        then={"demo": "python manage.py simulate --trickle"} if options.has_demo else {},
        # Where there is no demo, somebody runs it in earnest: on that machine nothing is installed unasked.
        at_leisure=(lambda: install_at_leisure(options.folder)) if options.has_demo else str,
    )


def _collected(options: Options) -> Stamp:
    """Return the stamp of the collected files: ours, and through the lock those of the packages."""
    sources = (CHECKOUT / "static", CHECKOUT / "config" / "requirements" / "base.txt", CHECKOUT / "config" / "settings")
    return Stamp(options.folder.run / "collected", fingerprint(sources))
