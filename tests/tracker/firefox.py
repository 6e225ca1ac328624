"""Firefox, driven by WebDriver BiDi over its own socket: no driver program stands between.

Protocol: https://w3c.github.io/webdriver-bidi/. Only what the tests need of it.
"""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from websockets.sync.client import ClientConnection, connect

UNPACKED = Path(__file__).resolve().parents[2] / ".venv" / "beacon-firefox" / "firefox"
HINT = "No Firefox is installed: run `make dev`, or install Debian's (`apt-get install firefox-esr`)."
LISTENING = re.compile(r"WebDriver BiDi listening on (ws://\S+)")
PATIENCE_SECONDS = 30
START_SECONDS = 60
# Nothing is asked of its maker's hosts; a first start shows no page of its own.
PREFERENCES: dict[str, bool | int | str] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.systemAddon.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "services.settings.server": "data:,",
    "toolkit.telemetry.enabled": False,
}


class FirefoxError(RuntimeError):
    """The browser answered a command with an error, or a script of a page threw; the text is its own."""


@dataclass
class Tab:
    """A tab of a running Firefox."""

    firefox: "Firefox"
    context: str

    def goto(self, url: str) -> None:
        self.firefox.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression, or its promise, comes to: null, a boolean, a number or a text."""
        answer = self.firefox.ask(
            "script.evaluate", expression=expression, target={"context": self.context}, awaitPromise=True
        )
        if answer["type"] == "exception":
            raise FirefoxError(answer["exceptionDetails"]["text"])
        return answer["result"].get("value")

    def back(self) -> None:
        self.firefox.ask("browsingContext.traverseHistory", context=self.context, delta=-1)

    def activate(self) -> None:
        """Show this tab; the one that was shown is hidden."""
        self.firefox.ask("browsingContext.activate", context=self.context)

    def click(self, x: int, y: int) -> None:
        """Press and release the pointer's main button there, in the page's pixels."""
        move = {"type": "pointerMove", "x": x, "y": y}
        steps = [move, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]
        pointer = {"type": "pointer", "id": "mouse", "actions": steps}
        self.firefox.ask("input.performActions", context=self.context, actions=[pointer])

    def close(self) -> None:
        self.firefox.ask("browsingContext.close", context=self.context)


@dataclass
class Firefox:
    """A running Firefox, one command after another."""

    socket: ClientConnection
    count: int = 0
    version: str = ""
    tabs: list[Tab] = field(default_factory=list)

    def ask(self, method: str, **params: Any) -> Any:
        """Return the answer to a command. Raises FirefoxError, and TimeoutError where none comes."""
        self.count += 1
        self.socket.send(json.dumps({"id": self.count, "method": method, "params": params}))
        while True:
            answer = json.loads(self.socket.recv(timeout=PATIENCE_SECONDS))
            if answer.get("id") != self.count:
                continue  # an event, or an answer that nobody waits for any more
            if answer["type"] == "error":
                raise FirefoxError(f"{method}: {answer['error']}: {answer['message']}")
            return answer["result"]

    def open(self) -> Tab:
        """Open a tab beside the others and show it."""
        tab = Tab(self, self.ask("browsingContext.create", type="tab")["context"])
        self.tabs.append(tab)
        return tab


def firefox_path() -> str | None:
    """Return the browser's program; None where there is none."""
    return next((found for name in ("firefox-esr", "firefox", str(UNPACKED)) if (found := shutil.which(name))), None)


@contextmanager
def firefox(program: str, **preferences: bool | int | str) -> Iterator[Firefox]:
    """Run a Firefox with a profile of its own. Underscores in the names of `preferences` stand for dots."""
    chosen = PREFERENCES | {name.replace("_", "."): value for name, value in preferences.items()}
    with TemporaryDirectory(prefix="beacon-firefox-", ignore_cleanup_errors=True) as profile:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in chosen.items()]
        (Path(profile) / "user.js").write_text("\n".join(lines), encoding="utf-8")
        command = [program, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        try:
            # A browser that is slow to answer hasn't gone: each command has its own patience.
            address = f"{_address(process)}/session"
            with connect(address, max_size=None, open_timeout=START_SECONDS, ping_interval=None) as socket:
                running = Firefox(socket)
                session = running.ask("session.new", capabilities={})
                running.version = session["capabilities"]["browserVersion"]
                yield running
        finally:
            process.kill()  # its profile goes with it, so that nothing has to be written in peace
            process.communicate()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said: list[str] = []
    for line in process.stderr:
        said.append(line)
        if found := LISTENING.search(line):
            return found.group(1)
    raise FirefoxError(f"Firefox didn't start: {''.join(said)}")
