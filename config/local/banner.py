"""The one block that says: it runs, here it is, this is how to stop it."""

from __future__ import annotations

import json

from config.local.options import Options

WIDTH = 76


def banner(options: Options, *, database_home: str | None, seconds: float) -> str:
    """Return the block. `database_home` is named where the database lies outside the data folder."""
    demo = read_demo(options)
    rows = [
        ("Dashboard", demo.get("dashboard_url")),
        ("Sign in", f"{demo['email']}   password: {demo['password']}" if "password" in demo else None),
        ("Public", demo.get("public_url") or f"http://localhost:{options.port}/"),
        ("Mails", f"http://localhost:{options.port}/outbox/"),
        ("Tracking", demo.get("track_url") or f"http://localhost:{options.track_port}"),
        ("Data", f"{options.folder.root}"),
        ("Database", database_home),
        ("Stop", "Ctrl-C"),
    ]
    title = f"Beacon is ready ({seconds:.1f} s)"
    lines = [f"  {name:<11}{value}" for name, value in rows if value]
    return "\n".join(["", "=" * WIDTH, f"  {title}", "", *lines, "=" * WIDTH, ""])


def read_demo(options: Options) -> dict[str, str]:
    """Return the facts of the demo, none where there is no demo."""
    path = options.folder.root / "demo.json"
    if not options.has_demo or not path.exists():
        return {}
    facts: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    return facts
