"""docs/running.md names every variable that the code reads."""

from __future__ import annotations

import re

from config.local.folders import CHECKOUT

READ_BY_SETTINGS = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
READ_BY_PROCFILE = re.compile(r"\$\{([A-Z_]+)")


def test_every_variable_is_in_the_table() -> None:
    sources = [*(CHECKOUT / "config").rglob("*.py"), *(CHECKOUT / "apps").rglob("*.py")]
    names = {name for path in sources for name in READ_BY_SETTINGS.findall(path.read_text(encoding="utf-8"))}
    names |= set(READ_BY_PROCFILE.findall((CHECKOUT / "Procfile").read_text(encoding="utf-8")))
    text = (CHECKOUT / "docs" / "running.md").read_text(encoding="utf-8")
    assert len(names) > 20
    assert not sorted(name for name in names if f"`{name}`" not in text)
