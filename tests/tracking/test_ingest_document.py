"""docs/ingest.md says what the code does."""

import re

from apps.tracking import payload
from apps.tracking.body import MAX_BROWSER_BYTES, MAX_SERVER_BYTES
from apps.tracking.door import BODY_SECONDS
from apps.tracking.steps import scrub
from apps.tracking.steps.page_url import ALLOWED_PARAMETERS
from apps.tracking.steps.scrub_names import ENDS, WHOLE
from apps.tracking.steps.signals import ENOUGH, POINTS, STRONG, Signal
from apps.tracking.throttles import MOST_UNSETTLED_RATIO
from config.env import ROOT
from config.http_protocol import HEAD_SECONDS, MOST_HEAD_BYTES

TEXT = (ROOT / "docs" / "ingest.md").read_text(encoding="utf-8")


def test_it_lists_the_parameters_that_are_kept() -> None:
    section = TEXT.partition("these parameters stay")[2].partition("Of a referrer")[0]
    assert set(re.findall(r"`(\w+)`", section)) == ALLOWED_PARAMETERS


def test_it_names_what_scrubbing_leaves() -> None:
    by_name = {hidden.mark for hidden in (*ENDS.values(), *WHOLE.values())}
    for left in {scrub.EMAIL, scrub.CARD, scrub.IBAN, scrub.PHONE, scrub.SOCIAL, scrub.SECRET} | by_name:
        assert f"`{left}`" in TEXT


def test_it_gives_the_bounds() -> None:
    assert f"{MAX_BROWSER_BYTES // 1024} KiB, with an API key {MAX_SERVER_BYTES // 2**20} MiB" in TEXT
    assert f"| body, in time | {BODY_SECONDS:.0f} s |" in TEXT
    assert f"| head | {MOST_HEAD_BYTES // 1024} KiB, {HEAD_SECONDS:.0f} s |" in TEXT
    assert f"| events in a batch | {payload.MAX_EVENTS} |" in TEXT
    assert f"| props, items of an event | {payload.MAX_PROPS}, {payload.MAX_ITEMS} |" in TEXT
    assert f"rate x {MOST_UNSETTLED_RATIO}`" in TEXT


def test_it_weighs_each_signal_as_the_code_does() -> None:
    section = TEXT.partition("## Who is a bot")[2].partition("What must not hit")[0]
    rows = [line.split("|")[1:3] for line in section.splitlines() if line.startswith("| `")]
    written = {
        name: weight.strip().partition(",")[0] for names, weight in rows for name in re.findall(r"`(\w+)`", names)
    }
    weights = {signal.value: str(points) for family, points in POINTS for signal in family}
    strong = {signal.value: "strong" for signal in (*STRONG, Signal.SPAM_REFERRER)}
    no_ground = dict.fromkeys((Signal.VPN.value, Signal.PROXY.value, Signal.TOR.value), "0")
    assert written == weights | strong | no_ground
    assert f"weigh {ENOUGH} points together" in section
