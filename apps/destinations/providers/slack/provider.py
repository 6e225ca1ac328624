"""Slack: what is posted, where, and when not."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from ...occurrences import Message
from ..base import Answer, Problem, Provider, Request, Target, Verdict
from .answers import verdict_of
from .blocks import blocks_of, body_make, lengths_kept
from .forms import SlackForm
from .quiet import quiet_until


class Slack(Provider):
    key = "slack"
    label = "Slack"
    api = "incoming webhook"
    icon = "message-square"
    summary = "A message in a channel for each conversion: which company, what it did, and the way to its visit."
    form_class = SlackForm
    test_words = "It is posted to the channel, and says that it is a test."
    # People read it: what happened before the weekend is of use, what happened last month is noise.
    max_age = timedelta(days=4)
    give_up_after = timedelta(days=3)
    # "No more than one message per second"; more "for short periods", which isn't relied upon.
    pace_seconds = 1.0
    # Long, as a message whose answer is late can't be sent again: see `repeats_safely`.
    timeout_seconds = 20.0

    def default_name(self, *, goal_name: str, event_name: str) -> str:
        """Return the goal's name, which people have given; a message is read, not counted."""
        return goal_name or event_name

    def describe(self, settings: Mapping[str, str]) -> str:
        return settings.get("channel", "") or "a channel"

    def repeats_safely(self, message: Message) -> bool:
        # Slack posts whatever comes, as often as it comes: an incoming webhook has no key to know it again by.
        return False

    def problems(self, target: Target, message: Message) -> list[Problem]:
        if lengths_kept(blocks_of(target.site, message, is_test=_is_test(target, message))):
            return []
        return [Problem("blocks", "Slack takes 50 blocks with texts of 150 to 3,000 characters at most (Block Kit)")]

    def request(self, target: Target, messages: Sequence[Message]) -> Request:
        (message,) = messages
        body = body_make(target.site, message, is_test=_is_test(target, message))
        headers = {"Content-Type": "application/json; charset=utf-8"}
        return Request("POST", _url(target), headers, body, messages)

    def verdicts(self, request: Request, answer: Answer) -> list[Verdict]:
        return [verdict_of(answer)]

    def not_before(self, target: Target, now: datetime) -> datetime | None:
        since, until = target.settings.get("quiet_from", ""), target.settings.get("quiet_until", "")
        if not since or not until:
            return None
        zone = ZoneInfo(target.site.time_zone)
        return quiet_until(now, since=time.fromisoformat(since), until=time.fromisoformat(until), zone=zone)


def _url(target: Target) -> str:
    """Return where to post; a stand-in is asked by the same path, which is the whole of the credential."""
    url = target.secrets["webhook_url"]
    return f"{target.base_url.rstrip('/')}{urlsplit(url).path}" if target.base_url else url


def _is_test(target: Target, message: Message) -> bool:
    return message.is_test or target.is_test_mode
