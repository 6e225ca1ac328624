"""Reading the Procfile: one `name: command` a line."""

from __future__ import annotations

import re
from pathlib import Path

LINE = re.compile(r"^([A-Za-z0-9_-]+):\s*(.+)$")


def read_procfile(path: Path) -> dict[str, str]:
    """Return the commands by name, in the file's order."""
    lines = path.read_text(encoding="utf-8").splitlines()
    found = (LINE.match(line) for line in lines if not line.startswith("#"))
    return {match[1]: match[2].strip() for match in found if match}
