"""User agents for tests, and the full examples where the reference data stands beside the checkout."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAYLOADS = ROOT / "tests" / "payloads"
CRAWLERS = ROOT.parent / "shared" / "data" / "bots" / "crawler-user-agents-1.60.0.json"


def rows(name: str) -> list[list[str]]:
    """Return a payload file's lines, taken apart at tabs, without its head."""
    lines = (PAYLOADS / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if not line.startswith("#")]


def bot_examples() -> tuple[str, list[str]]:
    """Return where the examples are from, and all examples of declared bots."""
    if CRAWLERS.exists():
        entries = json.loads(CRAWLERS.read_text(encoding="utf-8"))
        return "the full list", [example for entry in entries for example in entry.get("instances", [])]
    return "the shipped excerpt", [row[0] for row in rows("bot_user_agents.txt")]


def unseen(name: str) -> list[str]:
    """Return the agents of a list that no pattern of the shipped table comes from."""
    return [row[0] for row in rows(f"unseen_{name}_user_agents.txt")]


def browsers() -> list[tuple[str, str]]:
    """Return device class and user agent of real browsers."""
    return [(row[0], row[-1]) for row in rows("browser_user_agents.tsv") + rows("tricky_browsers.tsv")]
