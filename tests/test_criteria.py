"""Two arms side by side by the brief's exact checks: shares, paired differences, order, and the sentence."""

from __future__ import annotations

from dataclasses import replace

import pytest
from scipy.stats import ttest_rel

from studio.evaluate.averages import average
from studio.evaluate.checks import RuleScore, interval
from studio.evaluate.criteria import ON_AVERAGE, Scored, sentence, side_by_side


def scored(arm: str, kept: dict[str, str]) -> Scored:
    """Rules with one letter for each prompt: y, n, or - where it does not apply."""
    told = {
        name: {f"p{n}": letter == "y" for n, letter in enumerate(row) if letter != "-"} for name, row in kept.items()
    }
    scores = [
        RuleScore(name, sum(own.values()), len(own), sum(own.values()) / max(1, len(own)),
                  interval(sum(own.values()), len(own)), ())
        for name, own in told.items()
    ]  # fmt: skip
    prompts = sorted({p for own in told.values() for p in own})
    shares = {p: sum(own[p] for own in told.values() if p in own) / sum(p in own for own in told.values())
              for p in prompts}  # fmt: skip
    return Scored(arm, scores, told, shares, average(list(shares.values()), len(scores)))


TUNED = scored("tuned", {"voice": "y" * 18 + "nn", "number": "y" * 10 + "-" * 10, "short": "n" * 6 + "y" * 14})
PROMPT = scored("prompt", {"voice": "y" * 4 + "n" * 16, "number": "y" * 9 + "n" + "-" * 10, "short": "y" * 20})


def test_the_largest_gain_comes_first_and_the_mean_of_all_is_among_them() -> None:
    found = side_by_side(TUNED, PROMPT)
    assert [each.criterion for each in found] == ["voice", ON_AVERAGE, "number", "short"]
    voice = found[0]
    assert (voice.candidate.value, voice.other.value, voice.difference.value) == pytest.approx((0.9, 0.2, 0.7))
    assert (voice.candidate.low, voice.candidate.high) == interval(18, 20) and voice.difference.n == 20
    assert found[2].difference.n == 10  # only where the rule applies


def test_a_difference_is_the_paired_t_interval_of_scipy() -> None:
    voice = side_by_side(TUNED, PROMPT)[0]
    kept = [[float(own[p]) for p in sorted(own)] for own in (TUNED.kept["voice"], PROMPT.kept["voice"])]
    ends = ttest_rel(*kept).confidence_interval(0.95)
    assert (voice.difference.low, voice.difference.high) == pytest.approx((ends.low, ends.high))


def test_the_sentence_names_what_differs_beyond_chance_both_ways() -> None:
    assert sentence(side_by_side(TUNED, PROMPT), "Tuned", "Prompt") == (
        "Beside Prompt, Tuned keeps more often: “voice”; less often: “short”; on 1 of 3 no difference beyond chance."
    )
    voice = side_by_side(TUNED, PROMPT)[0]
    three = [replace(voice, criterion=name) for name in ("voice", "tone", "time")]
    assert sentence(three, "Tuned", "Prompt") == "Beside Prompt, Tuned keeps more often: “voice”, “tone”, “time”."
    same = side_by_side(TUNED, TUNED)
    assert sentence(same, "Tuned", "Twin") == "On none of 3 checked rules do Tuned and Twin differ beyond chance."
    assert sentence((), "Tuned", "Prompt").startswith("The brief has no rule")


def test_a_rule_that_applies_to_no_answer_of_one_is_left_out() -> None:
    none = scored("base", {"voice": "n" * 20, "number": "-" * 20, "short": "y" * 20})
    assert [each.criterion for each in side_by_side(TUNED, none)] == ["voice", ON_AVERAGE, "short"]
