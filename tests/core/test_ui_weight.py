"""What a page makes a browser fetch: scripts at most 60 KB, everything but the page itself at most 140 KB, gzipped."""

import gzip
from pathlib import Path

DIST = Path(__file__).parents[2] / "static" / "dist"
SCRIPTS_MOST = 60_000
ALL_MOST = 140_000


def packed(path: Path) -> int:
    return path.stat().st_size if path.suffix == ".woff2" else len(gzip.compress(path.read_bytes(), 9))


def test_scripts_and_all_that_the_overview_loads_stay_light() -> None:
    scripts = [DIST / "app.js", *(DIST / "chunks").glob("*.js")]
    assert DIST.joinpath("app.js").exists(), "The assets aren't built: run `npm run build`."
    weight = sum(packed(path) for path in scripts)
    assert weight <= SCRIPTS_MOST
    others = ("app.css", "icons.svg", "world.svg", "favicon.svg", "fonts/inter-latin-wght-normal.woff2")
    # Fetched by pages with a note's field, or with rows that can be chosen, alone.
    chunks = (path for name in ("mention", "rows") for path in (DIST / "chunks").glob(f"{name}-*.js"))
    elsewhere = sum(map(packed, chunks))
    assert weight - elsewhere + sum(packed(DIST / name) for name in others) <= ALL_MOST
