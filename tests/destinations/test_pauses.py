"""When a destination is left alone: by what came of requests that were on their way together."""

from datetime import timedelta

import pytest

from apps.destinations.backoff import FAILURES, LONGEST_PAUSE, PAUSE, breaker_pause
from apps.destinations.health import destination_judge, is_probe
from apps.destinations.models import Destination
from apps.destinations.providers.base import Outcome, Verdict

from .conftest import NOW, later

WORKED = [Verdict(Outcome.RECEIVED, "204", "Answered 204.")]
FAILED = [Verdict(Outcome.RETRY, "503", "Answered 503.")]
ASKED = [Verdict(Outcome.RETRY, "429", "Answered 429.", retry_after=60.0)]


def judged(webhook: Destination, *verdicts: list[Verdict]) -> Destination:
    destination_judge(webhook, verdicts)
    webhook.refresh_from_db()
    return webhook


def test_one_that_gets_through_says_that_the_destination_is_well(webhook: Destination) -> None:
    judged(webhook, *[FAILED] * (FAILURES - 1))
    assert judged(webhook, *[FAILED] * 9, WORKED).failures == 0
    assert webhook.open_until is None


@pytest.mark.usefixtures("no_jitter")
def test_a_bad_moment_counts_once_however_much_was_on_its_way(
    webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(webhook, *[FAILED] * 8)
    judged(webhook, *[FAILED] * 8)
    assert (webhook.failures, webhook.open_until) == (FAILURES, NOW + 1.2 * PAUSE)
    assert is_probe(webhook)
    later(monkeypatch, minutes=1)
    judged(webhook, FAILED)
    assert (webhook.failures, webhook.open_until) == (FAILURES + 1, NOW + timedelta(minutes=1) + 2.4 * PAUSE)
    later(monkeypatch, minutes=2)
    assert judged(webhook, WORKED).open_until is None


def test_what_was_asked_for_is_waited_for_whatever_gets_through_beside_it(
    webhook: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    judged(webhook, ASKED, WORKED)
    assert (webhook.failures, webhook.open_until) == (0, NOW + timedelta(seconds=60))
    assert judged(webhook, WORKED).open_until == NOW + timedelta(seconds=60)
    assert judged(webhook, FAILED, WORKED).open_until == NOW + timedelta(seconds=60)
    assert not is_probe(webhook)
    later(monkeypatch, minutes=2)
    assert judged(webhook, WORKED).open_until is None


@pytest.mark.usefixtures("no_jitter")
def test_pauses_double_up_to_a_bound() -> None:
    pauses = [breaker_pause(failures) for failures in range(FAILURES - 1, FAILURES + 12)]
    assert pauses[:4] == [None, 1.2 * PAUSE, 2.4 * PAUSE, 4.8 * PAUSE]
    assert pauses[-1] == 1.2 * LONGEST_PAUSE
