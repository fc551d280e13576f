"""What a training by votes says of itself: how often it leans rightly, with n and interval, and what may be luck."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from studio.evaluate.checks import interval
from studio.records import JobState, Run
from studio.train import leaning
from studio.train.diary import diary
from studio.wording import between


def run(right: list[float], losses: list[float], *, taken: int, n: int = 20, margin: float = 0.8, **more: Any) -> Run:
    """Measured after 10, 20, ... steps: the share leant rightly and the loss."""
    leanings = [{"step": 0, "accuracy": 0.5, "margin": 0.0}]
    leanings += [{"step": 10 * (i + 1), "accuracy": share, "margin": margin} for i, share in enumerate(right)]
    curve = [{"step": 10 * i, "train": None, "validation": loss} for i, loss in enumerate([0.6931, *losses])]
    evidence = {"kept_aside": n, "learned_from": n, "loss": losses[taken // 10 - 1],
                "closer": {"value": 0, "low": None, "high": None},
                "gap": {"value": 0, "low": None, "high": None}}  # fmt: skip
    settings = {"beta": 0.1, "label_smoothing": 0.2, "start": "", "learning_rate": 3e-4, **more}
    result = {"leanings": leanings, "losses": curve, "taken": taken, "evidence": evidence}
    return Run("r", "p", "d", "m", "from_votes", "r", JobState.done, settings, result=result)


def test_it_says_on_how_many_pairs_and_how_sure_that_is() -> None:
    found = leaning.lesson(run([0.8, 0.9], [0.6, 0.55], taken=20))
    assert found.word == "learned" and "on 18 of 20 pairs kept aside (95 % interval" in found.sentence
    assert "costs 0.69" in found.evidence[0] and "the base that it started as" in found.evidence[0]
    assert "by a factor of 2.98e+03" in found.evidence[1]  # e to the (0.8 / 0.1)
    assert "80 % sure and no surer: its margin is 0.80, and above 1.39" in found.evidence[2]
    assert "the tuned model that it started as" in leaning.lesson(run([0.9], [0.5], taken=10, start="q")).evidence[0]


def test_pairs_of_one_prompt_are_not_so_many_witnesses() -> None:
    alone = run([0.7], [0.6], taken=10, n=40)
    rows = [[f"e{n // 4}~{n % 4}", 0.6, 5] for n in range(40)]
    four = replace(alone, result=alone.result | {"kept_aside": {"step": 10, "rows": rows}})
    assert leaning.lesson(alone).word == "learned" and "n = 40 prompts" in leaning.lesson(alone).sentence
    found = leaning.lesson(four)
    assert found.word == "unclear" and "on 28 of 40 pairs kept aside" in found.sentence
    low, high = interval(7, 10)
    assert f"(95 % interval {between((low, high))}; n = 10 prompts)" in found.sentence


def test_what_may_be_luck_is_not_called_learned() -> None:
    found = leaning.lesson(run([0.6], [0.69], taken=10))
    assert found.word == "unclear" and "may be luck" in found.sentence and "More votes" in found.sentence


def test_the_wrong_way_asks_for_smaller_steps() -> None:
    found = leaning.lesson(run([0.1], [0.8], taken=10))
    assert found.word == "worse" and found.change == {"learning_rate": 1e-4}


def test_a_loss_that_rises_again_is_told_and_what_was_taken_stands() -> None:
    found = leaning.lesson(run([0.9, 1.0], [0.5, 0.6], taken=10))
    assert (
        found.word == "by_heart" and "from 0.50 at its best to 0.60" in found.sentence and "step 10" in found.sentence
    )


def test_one_that_was_not_measured_says_so() -> None:
    assert leaning.lesson(run([], [0.6], taken=10)).word == "unmeasured"


@pytest.mark.parametrize(("step", "said"), [
    (0, "Before the first step: loss 0.693 on pairs kept aside. It leans neither way."),
    (10, "After step 10: loss 0.600 on pairs kept aside. The closest so far. It leans to the preferred answer on 75 % "
         "of them."),
])  # fmt: skip
def test_its_diary_speaks_of_pairs(step: int, said: str) -> None:
    event = {"at": "", "kind": "loss", "step": step, "train": None, "validation": 0.6 if step else 0.6931,
             "accuracy": 0.75 if step else 0.5, "margin": 0.0}  # fmt: skip
    assert [entry.text for entry in diary([event])] == [said]
