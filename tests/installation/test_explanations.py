"""Every cause has its words, and all words can be filled with what the rules give."""

import ast
import inspect
import re
from string import Formatter

import pytest

from apps.installation.causes import EXPLANATIONS, Cause, Explanation
from apps.installation.diagnosis import RULES, TROUBLES
from apps.installation.texts import UNKNOWN, answer_of

from . import test_causes, test_fetch_causes, test_judgement
from .test_causes import CASES, IN_THE_SOURCE


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


def asserted(text: str) -> set[str]:
    """Return the names of the causes that tests in a module compare an answer with: `assert ... is Cause.X` or `==`."""
    tests = [one for one in ast.parse(text).body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")]
    statements = [one for test in tests for one in ast.walk(test) if isinstance(one, ast.Assert)]
    compared = [
        side
        for one in statements
        if isinstance(one.test, ast.Compare) and isinstance(one.test.ops[0], ast.Is | ast.Eq)
        for side in one.test.comparators
    ]
    names = [one for side in compared for one in ast.walk(side) if isinstance(one, ast.Attribute)]
    return {one.attr for one in names if isinstance(one.value, ast.Name) and one.value.id == "Cause"}


def test_a_cause_that_only_stands_there_is_not_asserted() -> None:
    text = """
# Cause.NO_TAG
TABLE = [Cause.NO_PAGE]
def helper(): assert cause is Cause.NOT_SENT
def test_it():
    other = Cause.KEY_WRONG
    assert Cause.TAG_TWICE
    assert cause is not Cause.KEY_MISSING
    assert (cause(), 1) == (Cause.WELL, 1)
    assert cause() is Cause.UNREACHABLE
"""
    assert asserted(text) == {"WELL", "UNREACHABLE"}


def test_every_cause_has_a_test() -> None:
    tables = {cause.name for cause in [*(cause for _, cause in CASES), *IN_THE_SOURCE.values()]}
    modules = (test_causes, test_fetch_causes, test_judgement)
    alone = {name for one in modules for name in asserted(inspect.getsource(one))}
    assert {cause.name for cause in Cause} - tables - alone == set()


def test_an_answer_of_another_version_says_so() -> None:
    assert answer_of("once_there_was", {}).says == UNKNOWN
    assert answer_of(Cause.NO_TAG, {"another": "value"}).says == UNKNOWN
