"""A language model as judge: both orders, what it is worth beside people, and nothing said by one that is a coin."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.brief_records import Criterion
from studio.evaluate import judge
from studio.evaluate.judge import Couple
from studio.records import Brief, Prompt

COUPLES = [Couple(f"p{n}", Prompt(f"Where is order {n}?"), f"good {n}", f"bad {n}") for n in range(20)]
BRIEF = Brief(criteria=(Criterion("Kind", how_to_tell="It greets."), Criterion("Short")))


def replies(prefers: str, *, always_a: int = 0) -> dict[str, str]:
    """A judge that prefers "good" or "bad" answers, but says A whatever it sees on the first `always_a` couples."""
    said = {}
    for name, text in judge.questions(BRIEF, COUPLES).items():
        number = int(name[1:].split("/")[0])
        first = text.split("Answer A:\n")[1].startswith(prefers)
        said[name] = "A" if number < always_a or first else "Answer B."
    return said


def test_each_couple_is_asked_in_both_orders_with_the_rules() -> None:
    asked = judge.questions(BRIEF, COUPLES[:1])
    assert list(asked) == ["p0/1", "p0/2"]
    assert "- Kind: It greets.\n- Short\n" in asked["p0/1"]
    assert asked["p0/1"].index("good 0") < asked["p0/1"].index("bad 0")
    assert asked["p0/2"].index("bad 0") < asked["p0/2"].index("good 0")


@pytest.mark.parametrize(
    ("said", "read"),
    [
        ("A", "a"),
        ("b.", "b"),
        ("Answer A is better", "a"),
        ("T", "t"),
        ("Both are fine", ""),
        ("", ""),
        ("**B**", "b"),
        ("The better answer is B.", "b"),
        ("A - it greets", "a"),
        ("T\nneither", "t"),
        ("A better one is B", ""),
        ("As a whole, B", ""),
        ("a tie", ""),
        ("Both are a tie", ""),
    ],
)
def test_a_reply_is_one_letter_or_nothing(said: str, read: str) -> None:
    assert judge.read(said) == read


def test_a_judge_that_looks_at_the_side_decides_nothing() -> None:
    found = judge.verdicts(COUPLES, replies("good", always_a=20))
    assert not found.decided and found.turned == 20
    told = judge.calibrated(found, {couple.id: "first" for couple in COUPLES}, None)
    assert (
        not told.usable
        and told.sentence == "It decided none of the 20 pairs that people decided, so it cannot be used here."
    )


def test_agreement_with_people_has_its_interval_and_decides_whether_it_is_used() -> None:
    people = {couple.id: "first" if n < 18 else "second" for n, couple in enumerate(COUPLES)}
    found = judge.verdicts(COUPLES, replies("good", always_a=4))
    told = judge.calibrated(found, people, 0.9)
    assert (told.n, told.decided, told.agreed, told.turned) == (20, 16, 14, 4) and told.usable
    assert told.low == pytest.approx(0.6165, abs=1e-4) and "Two people agree on 90 %" in told.sentence
    wrong = judge.calibrated(judge.verdicts(COUPLES, replies("bad")), people, None)
    assert wrong.share == pytest.approx(0.1) and not wrong.usable and "no better than a coin" in wrong.sentence
    lean = judge.leaning(found, "Tuned 1", "Base", told)
    assert (lean.decided, lean.value) == (16, 1.0) and "a model's opinion, not a vote" in lean.sentence


def test_pairs_of_one_prompt_are_not_so_many_witnesses() -> None:
    people = dict.fromkeys((couple.id for couple in COUPLES), "first")
    twice = [replace(couple, prompt=COUPLES[n // 2].prompt) for n, couple in enumerate(COUPLES)]
    said = replies("good")
    alone, told = (judge.calibrated(judge.verdicts(asked, said), people, None) for asked in (COUPLES, twice))
    assert (alone.decided, alone.prompts, told.decided, told.prompts) == (20, 20, 20, 10)
    # Clopper and Pearson: 20 of 20, and 10 of 10.
    assert alone.low == pytest.approx(0.025 ** (1 / 20)) and told.low == pytest.approx(0.025 ** (1 / 10))
    assert "n = 10 prompts" in told.sentence


def test_a_reply_that_cannot_be_read_is_counted() -> None:
    found = judge.verdicts(COUPLES[:2], {"p0/1": "A", "p0/2": "hm"})
    assert found.unread == 2 and found.of == {"p0": "", "p1": ""}
