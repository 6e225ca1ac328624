"""What Slack's answer means: the one table of its errors, which are a word in plain text.

Source: docs.slack.dev/messaging/sending-messages-using-incoming-webhooks, "Handling errors", and
api.slack.com/changelog/2016-05-17-changes-to-errors-for-incoming-webhooks; for 429 api.slack.com/docs/rate-limits.
"""

from apps.companies.asking.exchange import pause_of

from ..base import Answer, Outcome, Verdict

ANEW = "Make a new one (step 3), put it in and switch the destination on."
# The address leads nowhere any more, or nobody there takes anything: it is switched off.
GONE = {
    "channel_is_archived": f"The channel is archived and takes nothing more. {ANEW}",
    "channel_not_found": f"The channel isn’t there any more, or the app was taken out of it. {ANEW}",
    "no_service": f"The address was switched off or taken away in Slack. {ANEW}",
    "no_service_id": f"Slack doesn’t know the address: it was copied in part, or taken away. {ANEW}",
    "no_active_hooks": f"Incoming webhooks are switched off in the Slack app. Switch them on there, or: {ANEW}",
    "no_team": f"Slack doesn’t know the workspace in the address: it was copied wrongly, or is no more. {ANEW}",
    "team_disabled": "The Slack workspace is switched off. Once it is back, switch the destination on.",
    "invalid_token": f"Slack doesn’t accept the address: it was copied in part, or taken back. {ANEW}",
    "user_not_found": f"The person that the address was made for isn’t there any more. {ANEW}",
}
# A person at Slack's side may allow it again; until then an attempt an hour shows whether they have.
REFUSED = {
    "action_prohibited": "The workspace forbids it: ask one of its admins to let the app post there.",
    "posting_to_general_channel_denied": (
        "In #general only some may post in this workspace. Choose another channel, or ask an admin."
    ),
}
REJECTED = {
    "invalid_payload": "Slack couldn’t read the message",
    "invalid_blocks": "Slack doesn’t take the message’s blocks",
    "invalid_blocks_format": "Slack doesn’t take the message’s blocks",
    "no_text": "Slack found no text in the message",
    "too_many_attachments": "The message has too many attachments",
}
PASSING = frozenset({408, 425, 429})


def verdict_of(answer: Answer) -> Verdict:
    status, word = answer.status, answer.text.strip()
    if status == 200 and word == "ok":
        return Verdict(Outcome.RECEIVED, "ok", "Slack has posted it.")
    if 200 <= status < 300:
        words = f"Something answered {status} without Slack’s “ok”: look in the channel whether it is there."
        return Verdict(Outcome.UNSURE, "not_ok", words)
    if word in GONE and 400 <= status < 500:
        return Verdict(Outcome.GONE, word, GONE[word])
    if word in REFUSED and 400 <= status < 500:
        return Verdict(Outcome.REFUSED, word, REFUSED[word])
    if status in PASSING or status >= 500:
        return _passing(answer, word)
    if status in (400, 413):
        words = REJECTED.get(word, "Slack didn’t take the message")
        return Verdict(Outcome.REJECTED, word if word in REJECTED else f"http_{status}", f"{words} ({status}).")
    return _address(status)


def _passing(answer: Answer, word: str) -> Verdict:
    asked = pause_of(answer.headers.get("retry-after", ""))
    if answer.status == 429:
        words = "Slack takes about one message a second for an address, and had more; sent again when it says."
        return Verdict(Outcome.RETRY, "rate_limited", words, retry_after=asked)
    reason = word if word == "rollup_error" else f"http_{answer.status}"
    return Verdict(Outcome.RETRY, reason, f"Slack answered {answer.status}; sent again later.", retry_after=asked)


def _address(status: int) -> Verdict:
    """Of an answer without one of Slack's words: perhaps it isn't Slack's at all, so nothing is switched off."""
    if status == 410:
        return Verdict(Outcome.GONE, "http_410", f"The address is no more (410). {ANEW}")
    words = f"Slack answered {status} and gave no reason that is known. Look at the address, or make a new one."
    return Verdict(Outcome.REFUSED, f"http_{status}", words)
