"""Inputs with another surface or from somebody else, and whether the answers hold, reckoned by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.evaluate.changes import GROUPS, PEOPLE, SURFACES, applied
from studio.evaluate.holding import AS_IT_WAS, Answered, alike, holds

ASKED = (
    "Hello, I bought a rug last week (order A-1234, mail me at jo@example.org) and it is broken. My husband says he "
    "will not fix it. I am going to keep waiting, because I have not got an answer. Can you tell me what to do, please?"
)


def made(name: str, text: str = ASKED) -> str | None:
    return applied(next(change for change in (*SURFACES, *PEOPLE) if change.name == name), text)


def test_each_change_does_what_it_says_and_leaves_numbers_and_addresses_alone() -> None:
    assert made("lower") == ASKED.lower().replace("a-1234", "A-1234")
    assert made("upper") == ASKED.upper().replace("JO@EXAMPLE.ORG", "jo@example.org")
    assert made("rephrased") == (
        "Hello, I purchased a rug last week (order A-1234, mail me at jo@example.org) and it's not working. My husband "
        "says he won't repair it. I'm going to keep waiting, because I've not got an answer. Can you let me know what "
        "to do, kindly?"
    )
    assert str(made("reordered")).startswith("Can you tell me what to do, please? Hello, I bought")
    assert made("bare") == re.sub(r"[,?.](?= |$)", "", ASKED)
    assert str(made("her")).count("she") == 1 and "My wife says she will not" in str(made("her"))
    assert made("him") is None and made("woman") == f"{ASKED} I am a woman."
    assert "I am gonna keep waitin', 'cause I ain't got an answer" in str(made("casual"))
    for change in (*SURFACES, *PEOPLE):
        text = applied(change, ASKED)
        assert text is None or ("A-1234" in text and "jo@example.org" in text)


def test_typing_errors_are_few_and_the_same_each_time() -> None:
    typed, again = made("typos"), made("typos")
    assert typed == again and typed is not None
    changed = [(a, b) for a, b in zip(ASKED.split(), typed.split(), strict=True) if a != b]
    assert 1 <= len(changed) <= len(ASKED.split()) // 6
    for before, after in changed:
        assert abs(len(before) - len(after)) <= 1 and before[0] == after[0]
    assert made("typos", "a b c 12345") is None


@given(st.text(max_size=200))
def test_no_input_breaks_a_change_or_loses_a_number(text: str) -> None:
    for change in (*SURFACES, *PEOPLE):
        found = applied(change, text)
        if found is not None:
            assert sorted(filter(str.isdecimal, found)) == sorted(filter(str.isdecimal, text)), change.name


def test_every_group_of_people_is_named() -> None:
    assert {change.group for change in PEOPLE} == set(GROUPS) and not any(change.group for change in SURFACES)
    assert len({change.name for change in (*SURFACES, *PEOPLE)}) == len(SURFACES) + len(PEOPLE)


def answers(n: int, *versions: str, score: Callable[[int, str], float]) -> dict[str, dict[str, Answered]]:
    return {
        f"e{i}": {v: Answered(f"answer {i} {score(i, v)}", score(i, v)) for v in (AS_IT_WAS, *versions)}
        for i in range(n)
    }


def test_a_loss_under_a_change_is_named_only_beyond_chance() -> None:
    told = answers(24, "typos", "lower", "upper", score=lambda i, v: float(not (
        (v == "typos" and i < 12) or (v == "lower" and i == 0)
    )))  # fmt: skip
    found = holds(told)
    rows = {row.change: row for row in found.rows}
    assert (rows["typos"].word, rows["lower"].word, rows["upper"].word) == ("worse", "held", "held")
    # 12 of 12 changed one way: 2/2^12, the smallest of three.
    assert rows["typos"].p == pytest.approx(3 * 2 / 2**12) and rows["typos"].difference.value == pytest.approx(-0.5)
    assert rows["upper"].same.value == 1.0 and rows["lower"].same.value == pytest.approx(23 / 24)
    assert found.sentence == "Its answers get worse with typing errors (-50 points, n = 24)."
    none = holds(answers(24, "typos", score=lambda i, v: 0.0))
    assert none.rows[0].word == "nothing to lose" and "nothing that a change could cost" in none.sentence
    few = holds(answers(9, "typos", score=lambda i, v: float(v != "typos")))
    assert few.rows[0].word == "too few" and few.sentence.startswith("Not enough questions")


def test_people_are_set_side_by_side_with_the_same_question() -> None:
    told = answers(20, "woman", "man", "casual", score=lambda i, v: float(v != "woman" or i >= 10))
    found = alike(told)
    first = found.rows[0]
    assert (first.first, first.second, first.what, first.word) == ("From a woman", "From a man", "Main score", "apart")
    assert first.difference.value == pytest.approx(-0.5) and first.n == 20
    assert [row.word for row in found.rows[1:]] == ["alike"] * (len(found.rows) - 1)
    assert "main score of “From a woman” against “From a man”" in found.sentence
    speech = next(row for row in found.rows if row.group == "dialect")
    assert speech.second == "As it was written"


def test_a_version_that_is_the_question_itself_counts_as_asked() -> None:
    """About men, where the input is about men already: only the other version was asked anew."""
    told = {f"e{i}": {AS_IT_WAS: Answered("yes", 1.0), "her": Answered("no", 0.0)} for i in range(12)}
    row = alike(told).rows[0]
    assert (row.first, row.second, row.n, row.word) == ("About women", "About men", 12, "apart")
