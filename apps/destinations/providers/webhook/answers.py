"""What a receiver's answer means: the one table of statuses.

Source: Standard Webhooks, "Delivery success and failure": 2xx alone is a success, 3xx isn't followed, 410 switches off,
429, 502 and 504 slow down, Retry-After is kept to. It calls all else a failure; ours are told apart by who can mend
them: the address and the secret, the message, or nobody but time.
"""

from http import HTTPStatus

from apps.companies.asking.exchange import pause_of

from ..base import Answer, Outcome, Verdict

# About the address or who may use it, not about this message: every other would fare alike.
SETTINGS = {
    401: "it doesn’t let Beacon in. Compare the signing secret at the receiver with the one here, or make a new one",
    402: "the account there wants to be paid before it takes anything",
    403: "it doesn’t let Beacon in. Compare the signing secret, and look for a firewall that wants to know Beacon",
    404: "nothing is at this address. Look whether it is copied whole, and whether the workflow there is switched on",
    405: "nothing at this address takes POST. Put in the one that webhooks are sent to",
    407: "a proxy in between wants a password",
    421: "another server answers for this address",
    451: "the law keeps it from being reached",
}
PASSING = frozenset({408, 423, 425, 429})


def verdict_of(answer: Answer) -> Verdict:
    status = answer.status
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Verdict(Outcome.RECEIVED, str(status), f"Answered {status}.")
    if status == HTTPStatus.GONE:
        words = "The address answered 410: it is no more. Put in the new one and switch the destination on."
        return Verdict(Outcome.GONE, "410", words)
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        words = f"The address answered {status}, a redirect, which Beacon doesn’t follow: put in where it leads to."
        return Verdict(Outcome.REFUSED, str(status), words)
    if status in SETTINGS:
        return Verdict(Outcome.REFUSED, str(status), f"The address answered {status}: {SETTINGS[status]}.")
    if status in PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        asked = pause_of(answer.headers.get("retry-after", ""))
        words = f"The receiver answered {status}; it is sent again later."
        return Verdict(Outcome.RETRY, str(status), words, retry_after=asked)
    words = f"The receiver answered {status}: it doesn’t take this one. Look at its log, and send it again from here."
    return Verdict(Outcome.REJECTED, str(status), words)
