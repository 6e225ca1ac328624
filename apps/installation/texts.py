"""A check's answer in words: the sentence, the fix, what to copy. Made on reading, so that old rows say it anew."""

from dataclasses import dataclass

from .causes import EXPLANATIONS, Cause, Severity
from .models import CheckState, SiteCheck

STATES = {
    CheckState.QUEUED: "Waiting for a free worker …",
    CheckState.FETCHING: "Fetching the page …",
    CheckState.RENDERING: "Opening it in a browser …",
}
UNKNOWN = "This answer was given by another version of Beacon: check again."


@dataclass(frozen=True, slots=True)
class Answer:
    """One cause in words. `state`, `icon`: as of components/_state.html."""

    cause: str
    severity: Severity
    says: str
    fix: str
    copy: str

    @property
    def state(self) -> str:
        return {Severity.BLOCKED: "bad", Severity.PARTLY: "warn", Severity.UNSURE: "none", Severity.WELL: "good"}[
            self.severity
        ]

    @property
    def icon(self) -> str:
        return {
            Severity.BLOCKED: "octagon-x",
            Severity.PARTLY: "triangle-alert",
            Severity.UNSURE: "circle-question-mark",
            Severity.WELL: "circle-check",
        }[self.severity]


def answers_of(check: SiteCheck) -> list[Answer]:
    """Return a finished check's answers, what must be mended first in front; for a failed one why it failed."""
    if check.state == CheckState.FAILED:
        return [Answer("", Severity.UNSURE, str(check.result.get("why", "")), "", "")]
    return [answer_of(cause, values) for cause, values in check.result.get("causes", [])]


def answer_of(cause: str, values: dict[str, str]) -> Answer:
    if cause not in Cause.__members__.values():
        return Answer(cause, Severity.UNSURE, UNKNOWN, "", "")
    told = EXPLANATIONS[Cause(cause)]
    try:
        says, fix, copy = (text.format(**values) for text in (told.says, told.fix, told.copy))
    except KeyError:
        return Answer(cause, Severity.UNSURE, UNKNOWN, "", "")
    return Answer(cause, told.severity, says, fix, copy)


def state_text(check: SiteCheck) -> str:
    return STATES.get(CheckState(check.state), "")
