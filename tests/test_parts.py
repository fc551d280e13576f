"""Slices and hard kinds: what got worse is named only when a test says so, and too few examples is an answer."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from scipy.stats import binomtest, permutation_test

from studio.evaluate import generalising, parts, turns
from studio.evaluate.parts import Group, Told
from studio.records import Example, Speaker, Turn


def groups(sizes: dict[str, int]) -> list[Group]:
    return [Group("slice", name, tuple(f"{name}{at}" for at in range(n))) for name, n in sizes.items()]


def scores(found: list[Group], right: dict[str, float], seed: int) -> dict[str, float]:
    draw = random.Random(seed)
    return {p: float(draw.random() < right[group.name]) for group in found for p in group.prompts}


def test_sign_flips_are_mcnemars_exact_test_on_right_and_wrong() -> None:
    differences = np.array([1.0] * 3 + [-1.0] * 12 + [0.0] * 40)
    assert parts.sign_flip(differences) == pytest.approx(binomtest(3, 15).pvalue)
    assert parts.sign_flip(np.zeros(9)) == 1.0


@pytest.mark.parametrize(("n", "within"), [(8, 1e-9), (60, 0.01), (300, 0.01)])
def test_sign_flips_are_scipys(n: int, within: float) -> None:
    differences = np.random.default_rng(n).normal(2.0 / n**0.5, 1, n)
    oracle = permutation_test(
        (differences,), np.mean, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(0)
    )  # fmt: skip
    assert parts.sign_flip(differences) == pytest.approx(oracle.pvalue, abs=within)


def test_a_regression_is_named_and_a_small_part_is_not_judged() -> None:
    found = groups({"refunds": 150, "orders": 400, "praise": 8, "access": 400})
    base = scores(found, dict.fromkeys(["refunds", "orders", "praise", "access"], 0.9), 1)
    tuned = dict(base)
    for name in found[0].prompts[:60]:
        tuned[name] = 0.0
    told = {part.group.name: part for part in parts.compare(found, tuned, base)}
    assert told["refunds"].told is Told.worse and told["refunds"].p < 0.001
    assert told["praise"].told is Told.too_few and told["orders"].told is Told.alike
    assert told["praise"].sentence.startswith("praise: not enough examples: 8; about")
    assert told["praise"].enough > 8
    said = parts.verdict(tuple(told.values()), "Tuned 1", "Base")
    assert said.startswith("Tuned 1 is worse than Base in refunds.") and "In 1 of 4 there are not enough" in said


def test_named_regressions_are_rarely_wrong_however_many_parts() -> None:
    found, wrong = groups({f"s{at}": 40 for at in range(12)}), 0
    for seed in range(60):
        rate = {group.name: 0.7 for group in found}
        parted = parts.compare(found, scores(found, rate, 2 * seed), scores(found, rate, 2 * seed + 1))
        wrong += any(part.told in (Told.worse, Told.better) for part in parted)
    assert wrong / 60 <= 0.10


def test_as_many_as_said_are_enough() -> None:
    """With `enough` prompts a true change of 10 points is found about 8 times in 10, at the strictest level."""
    seen, draw = 0, random.Random(7)
    for _ in range(150):
        size = 260
        found = groups({"a": size, "b": size})
        differs = {p: draw.choices([-1.0, 0.0, 1.0], [0.25, 0.6, 0.15])[0] for g in found for p in g.prompts}
        told = parts.compare(found, differs, dict.fromkeys(differs, 0.0))
        enough = told[0].enough
        seen += any(part.told is Told.worse and part.group.name == "a" for part in told)
    assert 330 < enough < 420  # more than there are: so fewer than 8 in 10 are found
    assert 0.5 < seen / 150 < 0.85


def test_small_parts_are_drawn_to_the_others() -> None:
    found = groups({"few": 5, "many": 200, "some": 60, "more": 100})
    base = dict.fromkeys(itertools.chain.from_iterable(g.prompts for g in found), 0.0)
    draw = np.random.default_rng(8)
    means = {"few": 0.9, "many": 0.10, "some": 0.25, "more": 0.0}
    one = {p: means[g.name] + draw.normal(0, 0.4) for g in found for p in g.prompts}
    told = {part.group.name: part for part in parts.compare(found, one, base)}
    assert told["few"].drawn < told["few"].difference - 0.1
    assert abs(told["many"].drawn - told["many"].difference) < 0.05
    assert told["few"].high - told["few"].low > told["many"].high - told["many"].low


def test_drawn_estimates_are_nearer_the_truth_than_the_raw_ones() -> None:
    rng, raw, drawn = np.random.default_rng(9), 0.0, 0.0
    inside = total = 0
    for _ in range(40):
        truth = rng.normal(0.05, 0.08, 10)
        sizes = rng.integers(5, 40, 10)
        found = groups({f"s{at}": int(n) for at, n in enumerate(sizes)})
        one = {p: truth[at] + rng.normal(0, 0.4) for at, g in enumerate(found) for p in g.prompts}
        for part in parts.compare(found, one, dict.fromkeys(one, 0.0)):
            true = truth[int(part.group.name[1:])]
            raw, drawn = raw + (part.difference - true) ** 2, drawn + (part.drawn - true) ** 2
            inside, total = inside + (part.low <= true <= part.high), total + 1
    assert drawn < 0.7 * raw
    assert inside / total > 0.85


def test_all_prompts_together_are_tested_by_themselves() -> None:
    base = {f"p{at}": 0.0 for at in range(40)}
    tuned = {name: float(at % 2) for at, name in enumerate(base)}
    said = parts.overall(tuned, base, ("Tuned 1", "Base"), "right labels")
    assert said.startswith("Over all prompts Tuned 1 is better than Base by 50 points (right labels: 95 % interval ")
    # 0.5 ± t(39) sqrt(0.25 / 39).
    assert said.endswith("+34 to +66 points, p < 0.001; n = 40).")
    few = parts.overall({"p1": 1.0}, base, ("Tuned 1", "Base"), "right labels")
    assert "differ by no more than chance can explain (right labels: 95 % interval -95 to +100 points" in few
    assert "p = 1.000; n = 1)" in few
    assert parts.overall({"x": 1.0}, base, ("Tuned 1", "Base"), "right labels") == ""


def test_nothing_in_common_is_said() -> None:
    assert parts.compare(groups({"a": 3}), {"a0": 1.0}, {"a1": 1.0}) == ()
    assert "have not answered the same prompts" in parts.verdict((), "Tuned 1", "Base")


# -- learned by heart -------------------------------------------------------------------------------


def test_a_gap_is_told_when_it_is_more_than_chance_and_more_than_the_bases() -> None:
    draw = np.random.default_rng(10)
    high, low = draw.normal(0.95, 0.05, 60), draw.normal(0.6, 0.2, 60)
    found = generalising.gap(high, low, base=None, of="house rules kept")
    assert found and found.low > 0.25 and "learned by heart" in found.sentence
    # The base finds the first just as much easier: nothing of it was learned by heart.
    same = generalising.gap(high, low, base=(high - 0.1, low - 0.1), of="house rules kept")
    assert same and same.gap == pytest.approx(0) and "carries over" in same.sentence
    assert same.base == pytest.approx(float(high.mean() - low.mean()))
    # Of 35 points 10 are the base's too: what is told of the rest says that it is the rest.
    part = generalising.gap(high, low, base=(low + 0.1, low), of="house rules kept")
    assert part and part.gap == pytest.approx(float(high.mean() - low.mean()) - 0.1)
    assert "Beyond that it does" in part.sentence and "Beyond" not in found.sentence
    few = generalising.gap([1.0, 0.0, 1.0], [0.0, 1.0, 0.0], base=None, of="right labels")
    assert few and "cannot be told from so few" in few.sentence
    assert generalising.gap([1.0], [0.5, 0.5], base=None, of="") is None


# -- through a conversation -------------------------------------------------------------------------


def test_the_turn_is_that_of_the_person_who_asks() -> None:
    talk = (Turn(Speaker.user, "Hi"), Turn(Speaker.assistant, "Hello"), Turn(Speaker.user, "Well"))
    assert turns.turn_of(Example("a", "in", "out")) == 1 and turns.turn_of(Example("a", "in", "out", earlier=talk)) == 3
    assert [turns.name_of(turn) for turn in (1, 2, 3, 4, 7, 8, 30)] == [
        "turn 1", "turns 2 and 3", "turns 2 and 3", "turns 4 to 7", "turns 4 to 7", "turn 8 and later",
        "turn 8 and later",
    ]  # fmt: skip


def test_a_style_that_fades_is_told_from_one_that_holds_and_from_too_few() -> None:
    draw = np.random.default_rng(11)
    turn = {f"p{at}": 1 if at < 60 else 9 for at in range(120)}
    held = {name: float(draw.random() < 0.97) for name in turn}
    found = turns.hold(held, turn, "house rules kept")
    assert found and [at.n for at in found.at] == [60, 60] and "It holds" in found.sentence
    faded = {name: score if turn[name] == 1 else score * float(draw.random() < 0.5) for name, score in held.items()}
    told = turns.hold(faded, turn, "house rules kept")
    assert told and "It fades by" in told.sentence and "at turn 8 and later" in told.sentence
    assert told.at[-1].low <= told.at[-1].value <= told.at[-1].high
    few = turns.hold({"p0": 1.0, "p1": 0.0, "p60": 0.0, "p61": 1.0}, turn, "house rules kept")
    assert few and "cannot be told from so few" in few.sentence
    one = turns.hold({"p0": 1.0, "p60": 0.0}, turn, "house rules kept")
    assert one and "cannot be told from so few." in one.sentence
    assert turns.hold({"p0": 1.0, "p1": 0.0}, turn, "house rules kept") is None
