"""`make screenshots`: every page of the running demo, both colour schemes, 1440 and 390 pixels, into screenshots/.

Uses the demo of BEACON_DATA_DIR (default .data): start it with `make run` first.
"""

import json
import sys
from pathlib import Path

from playwright.sync_api import Browser

from config.env import data_dir
from tests.browser import chromium
from tests.demo_pages import PAGES, Demo, Shot, log_in, settle

WIDTHS = {"wide": (1440, 900), "narrow": (390, 844)}
SCHEMES = ("light", "dark")
TARGET = Path(__file__).resolve().parent.parent / "screenshots"


def demo() -> Demo:
    try:
        facts = json.loads((data_dir() / "demo.json").read_text())
    except OSError:
        sys.exit("There is no demo yet: start it with `make run` and try again while it runs.")
    return Demo(**{field: facts[field] for field in Demo.__dataclass_fields__})


def shoot(browser: Browser, facts: Demo, shots: list[Shot], *, scheme: str, width: str) -> None:
    wide, high = WIDTHS[width]
    context = browser.new_context(
        viewport={"width": wide, "height": high},
        color_scheme=scheme,  # type: ignore[arg-type]
        device_scale_factor=1,
        reduced_motion="reduce",
    )
    page = context.new_page()
    is_logged_in = False
    for shot in shots:
        if shot.needs_login and not is_logged_in:
            log_in(page, facts)
            is_logged_in = True
        shot.go(page, facts)
        settle(page)
        page.screenshot(path=str(TARGET / f"{shot.name}-{width}-{scheme}.png"), full_page=True)
    context.close()


def main() -> None:
    facts = demo()
    wanted = [shot for shot in PAGES if not sys.argv[1:] or shot.name in sys.argv[1:]]
    TARGET.mkdir(exist_ok=True)
    with chromium() as browser:
        for scheme in SCHEMES:
            for width in WIDTHS:
                shoot(browser, facts, wanted, scheme=scheme, width=width)
                print(f"{len(wanted)} pages, {scheme}, {width}", flush=True)
    print(f"Look at them in {TARGET.name}/")


if __name__ == "__main__":
    main()
