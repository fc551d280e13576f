"""Votes to evidence: every worked figure of the statistics, and what must hold for any votes.

Figures are named as in the project's statistics document: T1 to T10 worked examples, P published ones.
"""

from __future__ import annotations

import csv
import math
import random
from pathlib import Path

import krippendorff
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.records import Refusal
from studio.review.preference import (
    Comparison,
    Guardrail,
    SliceState,
    agreement,
    cap_test,
    confidence_sequence,
    davidson,
    e_holm,
    e_holm_thresholds,
    evidence_above,
    evidence_below,
    evidence_path,
    holm,
    position,
    project,
    ranking,
    slice_finding,
    standard_error,
)

ORACLES = Path(__file__).parents[2] / "shared" / "data" / "statistics-oracles"
T7 = [(1, 1, 1), (1, 1, 0.5), (0, 0, 0.5), (1, 0, 1), (1, 1, 1), (0.5, 0.5, 0.5), (0, 0, 0), (1, 1, 0)]
SCORES = st.lists(st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]), max_size=60)


def scores(wins: int, ties: int, losses: int) -> list[float]:
    return [1.0] * wins + [0.5] * ties + [0.0] * losses


def oracle(name: str) -> list[dict[str, str]]:
    if not (ORACLES / name).exists():
        pytest.skip("the published tables are not in this checkout")
    with (ORACLES / name).open(newline="") as file:
        return list(csv.DictReader(file))


# Evidence


@pytest.mark.parametrize(
    ("wins", "ties", "losses", "expected"),
    [(60, 0, 30, 77.6894), (60, 25, 30, 77.6894), (60, 0, 40, 4.4958), (65, 0, 35, 49.6806), (120, 0, 80, 26.1036)],
)
def test_go_evidence_t3(wins: int, ties: int, losses: int, expected: float) -> None:
    assert evidence_above(scores(wins, ties, losses)) == pytest.approx(expected, abs=5e-5)


@pytest.mark.parametrize(("wtl", "expected"), [((50, 50, 50), 1.5998), ((40, 40, 70), 3467.5)])
def test_no_go_evidence_t3(wtl: tuple[int, int, int], expected: float) -> None:
    assert evidence_below(scores(*wtl), 0.55) == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(
    ("wtl", "low", "high"),
    [((60, 30, 30), 0.5098, 0.7317), ((120, 0, 80), 0.4947, 0.7030), ((60, 0, 40), 0.4533, 0.7379)],
)
def test_confidence_sequence_t4(wtl: tuple[int, int, int], low: float, high: float) -> None:
    found = confidence_sequence(scores(*wtl))
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_prompts_not_votes_are_the_unit_t7() -> None:
    means = [sum(row) / 3 for row in T7]
    assert np.mean(means) == pytest.approx(0.604167, abs=5e-7)
    assert standard_error(means) == pytest.approx(0.129627, abs=5e-7)
    assert evidence_above(means) == pytest.approx(1.2786, abs=5e-5)
    assert evidence_above([vote for row in T7 for vote in row]) == pytest.approx(1.6658, abs=5e-5)


def test_slices_t10() -> None:
    cleared = slice_finding(scores(18, 14, 8), Guardrail("refunds"), slices=1, shrunk=None)
    assert (cleared.state, cleared.e_cleared) == (SliceState.cleared, pytest.approx(103.5, abs=0.05))
    unsure = slice_finding(scores(8, 10, 22), Guardrail("refunds"), slices=6, shrunk=None)
    assert (unsure.state, unsure.e_regressed) == (SliceState.not_enough_votes, pytest.approx(12.75, abs=0.005))
    worse = slice_finding(scores(5, 8, 27), Guardrail("refunds"), slices=6, shrunk=None)
    assert (worse.state, worse.e_regressed) == (SliceState.regressed, pytest.approx(250.6, abs=0.05))


def test_holm_t10() -> None:
    assert holm((0.001, 0.012, 0.03, 0.2, 0.6)) == pytest.approx((0.005, 0.048, 0.09, 0.4, 0.6))
    assert holm((0.6, 0.001, 0.2, 0.012, 0.03)) == pytest.approx((0.6, 0.005, 0.4, 0.048, 0.09))


def test_several_baselines_raise_the_bar_for_a_no_go() -> None:
    assert e_holm_thresholds([3.0, 70.0, 45.0]) == (20.0, 60.0, 40.0)
    assert e_holm([3.0, 70.0, 45.0]) == (False, True, True)
    assert e_holm([59.0, 45.0, 30.0]) == (False, False, False)
    assert e_holm([25.0]) == (True,)


def test_the_test_at_the_cap() -> None:
    assert cap_test(scores(120, 0, 80)) == pytest.approx(0.0022, abs=1e-4)  # scipy.stats.ttest_1samp: .002186
    assert cap_test([1.0] * 40) is None
    assert cap_test([1.0]) is None
    assert cap_test([]) is None


def test_no_votes_say_nothing() -> None:
    assert evidence_above([]) == evidence_below([], 0.55) == 1.0
    assert evidence_path([], 0.5) == ()
    empty = confidence_sequence([])
    assert (empty.low, empty.high) == (0.0, 1.0)
    assert standard_error([1.0]) is None and standard_error([1.0] * 9) is None


def test_long_one_sided_rounds_stay_finite() -> None:
    assert evidence_above([1.0] * 5000) == 1e300
    found = confidence_sequence([1.0] * 5000)
    assert 0.99 < found.low < found.high == 1.0
    assert evidence_below([1.0] * 5000, 0.55) >= 0.0


@pytest.mark.parametrize("wrong", [[1.2], [-0.1], [math.nan], [[0.5]]])
def test_scores_outside_the_unit_interval_are_refused(wrong: list[float]) -> None:
    with pytest.raises(Refusal):
        evidence_above(wrong)


@settings(deadline=None)
@given(SCORES)
def test_evidence_does_not_depend_on_the_order(x: list[float]) -> None:
    mixed = random.Random(1).sample(x, len(x))
    assert evidence_above(mixed) == evidence_above(x)
    if x:
        assert evidence_path(x, 0.5)[-1] == pytest.approx(evidence_above(x), rel=1e-9)
        assert evidence_path(x, 0.55, above=False)[-1] == pytest.approx(evidence_below(x, 0.55), rel=1e-9)


@settings(deadline=None)
@given(SCORES)
def test_intervals_nest_and_hold_the_mean(x: list[float]) -> None:
    wide, usual, single = (
        confidence_sequence(x, alpha=0.01),
        confidence_sequence(x),
        confidence_sequence(x, sides=1),
    )
    assert wide.low <= usual.low <= single.low <= single.high <= usual.high <= wide.high
    assert not x or usual.low <= np.mean(x) <= usual.high


def test_the_projection_repeats_and_shrinks_with_evidence() -> None:
    assert project(scores(30, 10, 20)) == project(scores(30, 10, 20))
    near, far = project(scores(60, 0, 31)), project(scores(30, 10, 25))
    assert near.more is not None and far.more is not None and near.more < far.more
    assert near.decided > 0.9


def test_the_projection_goes_by_the_bound_of_a_no_go_over_all_baselines() -> None:
    """The first of three no-gos needs an e-value of 60: one that is nearly at 20 is not nearly decided."""
    losing = scores(20, 10, 33)
    assert 10 < evidence_below(losing, 0.55) < 20
    one, three = project(losing), project(losing, baselines=3)
    assert one.more is not None and three.more is not None and 3 * one.more < three.more


# Agreement and position


def test_agreement_t7() -> None:
    found = agreement(T7)
    assert (found.prompts, found.votes) == (8, 24)
    assert found.alpha_nominal == pytest.approx(0.4860, abs=5e-5)
    assert found.alpha_ordinal == pytest.approx(0.4771, abs=5e-5)
    assert found.ac1 == pytest.approx(0.51637, abs=5e-6)


def test_alpha_collapses_when_one_answer_dominates_t8() -> None:
    found = agreement([("A", "A")] * 118 + [("A", "B")] * 5 + [("B", "A")] * 2)
    assert found.alpha_nominal == pytest.approx(-0.0247, abs=5e-5)
    assert found.ac1 == pytest.approx(0.9408, abs=5e-5)
    assert found.raw == pytest.approx(118 / 125)
    assert "read AC1" in found.sentence
    ends = (0.8889, 0.9726)  # scipy: binomtest(118, 125), Wilson
    assert (found.interval.low, found.interval.high) == pytest.approx(ends, abs=5e-5)
    assert "(95 % interval 89 to 97 %)" in found.sentence


def test_agreement_without_double_votes_or_without_doubt() -> None:
    assert agreement([(1.0,), (0.0,)]).raw is None
    alike = agreement([(1.0, 1.0)] * 5)
    assert (alike.raw, alike.alpha_nominal, alike.alpha_ordinal, alike.ac1) == (1.0, None, None, 1.0)
    assert "cannot be told" in alike.sentence


def test_krippendorffs_own_example_p3() -> None:
    """Four observers, twelve units, values missing (Krippendorff, Computing Krippendorff's alpha-reliability, 2011)."""
    agreed = [(1,) * 3, (3,) * 4, (3,) * 4, (2,) * 4, (4,) * 4, (2,) * 4, (5,) * 3, (1,) * 2, (3,)]
    found = agreement([*agreed, (2, 2, 3, 2), (1, 2, 3, 4), (1, 1, 2, 1)])
    assert found.alpha_nominal == pytest.approx(0.743, abs=5e-4)
    assert found.alpha_ordinal == pytest.approx(0.815, abs=5e-4)
    every = [*agreed, (2, 2, 3, 2), (1, 2, 3, 4), (1, 1, 2, 1)]
    counts = [[unit.count(value) for value in range(1, 6)] for unit in every]
    scaled = krippendorff.alpha(value_counts=counts, level_of_measurement="interval", value_domain=range(1, 6))
    assert scaled == pytest.approx(0.849, abs=5e-4)  # not shown by the studio: answers have an order, no distance


def test_agreement_of_four_raters_as_published_with_irrcac() -> None:
    rows = oracle("irrcac_raw_4raters.csv")
    found = agreement([[float(r[f"Rater{i}"]) for i in range(1, 5) if r[f"Rater{i}"]] for r in rows])
    assert found.ac1 == pytest.approx(0.77544, abs=5e-6)  # irrCAC: gwet.ac1.raw(cac.raw4raters)
    assert found.alpha_nominal == pytest.approx(0.74342, abs=5e-6)  # irrCAC: krippen.alpha.raw(cac.raw4raters)


def test_position_t9() -> None:
    found = position([True] * 70 + [False] * 40)
    assert found.p == pytest.approx(0.005447, abs=5e-7)
    assert (found.interval.low, found.interval.high) == pytest.approx((0.5433, 0.7202), abs=5e-5)
    assert "lean" in found.sentence
    assert position([]).p == 1.0
    assert position([True] * 5 + [False] * 5).p == 1.0


# Ranking


def test_bradley_terry_t1() -> None:
    wins = {("A", "B"): 2, ("B", "A"): 3, ("A", "D"): 1, ("D", "A"): 4, ("B", "C"): 5, ("C", "B"): 3}
    found = davidson({**wins, ("C", "D"): 1, ("D", "C"): 3}).strengths
    assert [found[a] for a in "ABCD"] == pytest.approx([0.640, 1.043, 0.660, 2.270], abs=5e-4)
    assert math.prod(found.values()) == pytest.approx(1.0)


def test_davidson_t2() -> None:
    found = davidson({("x", "y"): 60, ("y", "x"): 40}, {("x", "y"): 20})
    assert math.log(found.strengths["x"] / found.strengths["y"]) == pytest.approx(0.405465, abs=1e-6)
    assert found.nu == pytest.approx(0.408248, abs=1e-6)
    assert np.mean(scores(60, 20, 40)) == pytest.approx(0.583333, abs=5e-7)


PUDDINGS = """
1 2 19 22 16   1 3 16 19 12   2 3 19 19 10   1 4 18 23 13   2 4 23 19 9    3 4 19 20 15   1 5 13 19 18   2 5 16 20 12
3 5 16 15 17   4 5 17 14 16   1 6 18 21 12   2 6 22 20 12   3 6 13 18 10   4 6 14 19 18   5 6 11 21 12
"""
"""Chocolate puddings i and j: times i was preferred, times j, times neither (Davidson, 1970, example 2)."""


def test_puddings_with_ties_as_published_p2() -> None:
    cells = [int(cell) for cell in PUDDINGS.split()]
    wins, ties = dict[tuple[str, str], int](), dict[tuple[str, str], int]()
    for i, j, won, lost, tied in zip(*(cells[k::5] for k in range(5)), strict=True):
        wins[str(i), str(j)], wins[str(j), str(i)], ties[str(i), str(j)] = won, lost, tied
    found = davidson(wins, ties)
    shares = [found.strengths[str(k)] / sum(found.strengths.values()) for k in range(1, 7)]
    assert shares == pytest.approx([0.1388, 0.1730, 0.1617, 0.1654, 0.1587, 0.2024], abs=6e-5)
    assert found.nu == pytest.approx(0.7468, abs=6e-5)


def test_journal_citations_as_published() -> None:
    """Agresti, Categorical Data Analysis; BradleyTerry2's own output for these four journals."""
    wins = {
        (row["cited"], other): int(n)
        for row in oracle("citations.csv")
        for other, n in row.items()
        if other not in ("cited", row["cited"])
    }
    found = davidson(wins).strengths
    gaps = [math.log(found[journal] / found["Biometrika"]) for journal in ("CommStat", "JASA", "JRSS-B")]
    assert gaps == pytest.approx([-2.9491, -0.4796, 0.2690], abs=6e-5)


OUTCOMES = st.tuples(st.sampled_from("pqrst"), st.sampled_from(["ab", "bc", "ca"]), st.integers(0, 2))


@settings(max_examples=25, deadline=None)
@given(st.lists(OUTCOMES, min_size=3, max_size=40))
def test_the_ranking_does_not_depend_on_the_order(told: list[tuple[str, str, int]]) -> None:
    compared = [Comparison(p, ab[0], ab[1], *(float(k == n) for k in range(3))) for p, ab, n in told]
    mixed = random.Random(2).sample(compared, len(compared))
    first, second = ranking(compared, resamples=20), ranking(mixed, resamples=20)
    by_arm = {s.arm: s.strength for s in second}
    assert {s.arm for s in first} == set(by_arm)
    assert all(s.strength == pytest.approx(by_arm[s.arm], rel=1e-6) for s in first)
    assert all(math.isfinite(v) for s in first for v in (s.strength, s.interval.low, s.interval.high))


def test_an_arm_that_always_wins_has_a_finite_strength() -> None:
    found = ranking([Comparison(str(n), "x", "y", won=1.0) for n in range(30)], resamples=50)
    assert [s.arm for s in found] == ["x", "y"]
    assert math.isfinite(found[0].strength)


@pytest.mark.parametrize("told", [[], [Comparison("p", "x", "x", won=1.0)]])
def test_nothing_to_rank_is_refused(told: list[Comparison]) -> None:
    with pytest.raises(Refusal):
        ranking(told)
