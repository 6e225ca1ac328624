"""Every cause has its words, and all words can be filled with what the rules give."""

import re
from pathlib import Path
from string import Formatter

import pytest

from apps.installation.causes import EXPLANATIONS, Cause, Explanation
from apps.installation.diagnosis import RULES, TROUBLES
from apps.installation.texts import UNKNOWN, answer_of

from . import test_causes, test_fetch_causes


def fields(told: Explanation) -> set[str]:
    texts = (told.says, told.fix, told.copy)
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


@pytest.mark.parametrize("cause", Cause)
def test_a_cause_is_one_sentence_with_a_fix(cause: Cause) -> None:
    told = EXPLANATIONS[cause]
    assert told.fix
    assert len(re.findall(r"[.!?](?:\s|$)", told.says)) <= 1
    answer = answer_of(cause, {name: f"<{name}>" for name in fields(told)})
    assert "{" not in answer.says + answer.fix + answer.copy


def test_every_cause_can_be_reached() -> None:
    apart = {Cause.BLOCK_LIST, Cause.SOURCE_ONLY, Cause.WELL}
    assert set(RULES) | set(TROUBLES.values()) | apart == set(Cause)


def test_every_cause_has_a_test() -> None:
    paths = [test_causes.__file__, test_fetch_causes.__file__, test_causes.__file__.replace("causes", "judgement")]
    text = "".join(Path(path).read_text(encoding="utf-8") for path in paths)
    assert [cause for cause in Cause if f"Cause.{cause.name}" not in text] == []


def test_an_answer_of_another_version_says_so() -> None:
    assert answer_of("once_there_was", {}).says == UNKNOWN
    assert answer_of(Cause.NO_TAG, {"another": "value"}).says == UNKNOWN
