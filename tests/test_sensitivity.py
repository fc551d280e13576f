"""What is shown beside a verdict: regression, length, who voted, assignment, raters, the exit question."""

from __future__ import annotations

import csv
import math
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.records import Choice, Pair, PairKind, Refusal, Vote
from studio.review.gates import GateState, assignment_gate
from studio.review.gold import GoldRule
from studio.review.preference import (
    Ballot,
    assignment,
    exit_guess,
    leave_one_out,
    length_adjusted,
    sample_ratio,
    standard_error,
    two_way,
)
from studio.review.raters import Tally, reliability
from studio.review.regression import logistic

ORACLES = Path(__file__).parents[2] / "shared" / "data" / "statistics-oracles"
T7 = ["www", "wwt", "llt", "wlw", "www", "ttt", "lll", "wwl"]
WORDS = {"w": "a", "l": "b", "t": "tie"}


def ballot(prompt: int, choice: str, reviewer: str = "r0", **more: object) -> Ballot:
    return Ballot(f"p{prompt}", "base", reviewer, WORDS.get(choice, choice), **more)  # type: ignore[arg-type]


def t7() -> list[Ballot]:
    return [ballot(i, c, f"r{k}") for i, told in enumerate(T7) for k, c in enumerate(told)]


# Regression


def games() -> tuple[np.ndarray, list[float]]:
    path = ORACLES / "baseball.csv"
    if not path.exists():
        pytest.skip("the published tables are not in this checkout")
    rows = list(csv.DictReader(path.open(newline="")))
    teams = sorted({r["home.team"] for r in rows})
    design, won = [], list[float]()
    for row in rows:
        line = [1.0] + [float(t == row["home.team"]) - float(t == row["away.team"]) for t in teams[1:]]
        wins, losses = int(row["home.wins"]), int(row["away.wins"])
        design += [line] * (wins + losses)
        won += [1.0] * wins + [0.0] * losses
    return np.array(design), won


def test_home_advantage_p1() -> None:
    """American League, 1987 (Agresti, Categorical Data Analysis; BradleyTerry2): the side in a Bradley-Terry model."""
    design, won = games()
    fit = logistic(design, won, clusters=list(range(len(won))))
    assert fit is not None
    assert fit.coefficients[0] == pytest.approx(0.3023, abs=5e-5)


def test_the_regression_and_its_clustered_errors() -> None:
    """statsmodels 0.15: GLM(y, x, Binomial()).fit(cov_type="cluster", cov_kwds={"groups": clusters})."""
    x = np.array([[1.0, (i * 7 % 11) / 5 - 1, 0.5 if i % 2 else -0.5] for i in range(18)])
    y = [(1.0, 0.0, 0.5, 1.0, 0.0)[i * i % 5] for i in range(18)]
    fit = logistic(x, y, [i // 3 for i in range(18)])
    assert fit is not None
    assert fit.coefficients == pytest.approx([-1.45635104, -1.45824124, 0.28581646], abs=5e-9)
    assert np.sqrt(np.diag(fit.covariance)) == pytest.approx([0.53466406, 1.08457146, 1.7816125], abs=5e-8)
    assert fit.covariance[0, 1] == pytest.approx(0.3220052743, abs=5e-9)
    weighted = logistic(x, y, [i // 3 for i in range(18)], [1.0 + i % 2 for i in range(18)])
    assert weighted is not None
    assert weighted.coefficients == pytest.approx([-1.4119046, -1.29379774, 0.25111917], abs=5e-9)


def test_what_has_no_finite_fit_says_so() -> None:
    x = np.array([[1.0, float(i)] for i in range(-5, 6)])
    assert logistic(x, [float(i > 0) for i in range(-5, 6)], list(range(11))) is None
    assert logistic(x, [1.0] * 11, list(range(11))) is None
    assert logistic(x[:, [0, 0]], [0.0, 1.0] * 5 + [0.0], list(range(11))) is None
    assert logistic(x, [0.0, 1.0] * 5 + [0.0], [0] * 11) is None


# Length


def lengths(n: int, pull: float, theta: float, seed: int = 1) -> list[Ballot]:
    """Votes in which `pull` is how much the longer answer gains, and the candidate is mostly the longer one."""
    draw = random.Random(seed)
    votes = []
    for i in range(n):
        ours, other = draw.randint(80, 240), draw.randint(60, 160)
        logit = math.log(theta / (1 - theta)) + pull * (ours - other) / (ours + other)
        choice = "w" if draw.random() < 1 / (1 + math.exp(-logit)) else "l"
        votes.append(ballot(i, choice, candidate_left=i % 2 == 0, length_a=ours, length_b=other))
    return votes


def test_a_preference_for_length_is_told_from_one_for_the_answer() -> None:
    by_length, by_answer = length_adjusted(lengths(600, 5.0, 0.5)), length_adjusted(lengths(600, 0.0, 0.7))
    assert by_length.theta is not None and by_length.theta > 0.6
    assert by_length.survives is False and by_length.lost and "may rest on length" in by_length.sentence
    assert by_length.interval is not None and by_length.interval.low < 0.5 < by_length.interval.high
    assert by_answer.survives is True and "does not rest on length" in by_answer.sentence
    assert by_answer.equal == pytest.approx(0.7, abs=0.06)


def test_without_an_effect_of_length_nothing_is_adjusted() -> None:
    """Each answer once longer and once shorter by the same share, on each side, voted on alike."""
    sizes = [(100, 50), (50, 100)]
    votes = [
        ballot(i, "wwl"[i % 3], candidate_left=i % 2 == 0, length_a=sizes[i // 6 % 2][0], length_b=sizes[i // 6 % 2][1])
        for i in range(36)
    ]
    found = length_adjusted(votes)
    assert (found.theta, found.longer) == (pytest.approx(2 / 3), 0.5)
    assert found.equal == pytest.approx(2 / 3, abs=1e-6)


def test_a_preference_that_was_never_beyond_doubt_is_not_said_to_be_lost() -> None:
    found = length_adjusted(lengths(30, 0.0, 0.52))
    assert (found.survives, found.lost) == (False, False) and "rest on length" not in found.sentence


def test_votes_that_length_alone_tells_apart_do_not_survive_it() -> None:
    votes = [
        ballot(i, "w" if i % 4 else "l", candidate_left=i % 3 == 0, length_a=150 if i % 4 else 80, length_b=100 + i)
        for i in range(24)
    ]
    found = length_adjusted(votes)
    assert (found.apart, found.survives, found.equal, found.lost) == (True, False, None, True)
    assert "length alone" in found.sentence


@pytest.mark.parametrize(
    ("votes", "why"),
    [
        ([ballot(i, "w", candidate_left=True) for i in range(9)], "too few"),
        ([ballot(i, "wl"[i % 2], candidate_left=True, length_a=9, length_b=5) for i in range(9)], "same share"),
        ([ballot(i, "w", candidate_left=True, length_a=9 + i, length_b=5) for i in range(9)], "every prompt"),
        ([ballot(i, "t", candidate_left=i % 2 == 0, length_a=9 + i, length_b=5) for i in range(9)], "every prompt"),
        (
            [ballot(i, "wl"[i % 2], candidate_left=i % 2 == 0, length_a=9 + i // 2, length_b=5) for i in range(8)],
            "side",
        ),
        ([], "too few"),
    ],
)
def test_what_cannot_be_told_of_length_is_said(votes: list[Ballot], why: str) -> None:
    found = length_adjusted(votes)
    assert (found.equal, found.survives) == (None, None)
    assert "cannot be told" in found.sentence and why in found.sentence


# Who voted


def test_two_way_errors_t7() -> None:
    """By prompt as published for T7; together as Cameron, Gelbach and Miller add and take away, summed by hand here."""
    found = two_way(t7())
    scores = [sum({"w": 1.0, "t": 0.5, "l": 0.0}[c] for c in told) / 3 for told in T7]
    assert found.by_prompt == pytest.approx(standard_error(scores))
    assert found.by_prompt == pytest.approx(0.129627, abs=5e-7)
    rest = [[({"w": 1.0, "t": 0.5, "l": 0.0}[c] - 29 / 48) / 24 for c in told] for told in T7]
    by_prompt = 8 / 7 * sum(sum(row) ** 2 for row in rest)
    by_reviewer = 3 / 2 * sum(sum(row[k] for row in rest) ** 2 for k in range(3))
    each = 24 / 23 * sum(x * x for row in rest for x in row)
    assert found.two_way == pytest.approx(math.sqrt(by_prompt + by_reviewer - each))
    assert found.larger == max(found.by_prompt or 0, found.two_way or 0)


def test_reviewers_who_differ_widen_the_error() -> None:
    split = [ballot(i, "w" if i < 40 else "l", "ann" if i < 40 else "bo") for i in range(80)]
    found = two_way(split)
    assert found.two_way is not None and found.by_prompt is not None and found.two_way > 3 * found.by_prompt
    assert "made a difference" in found.sentence
    alone = two_way([ballot(i, "wl"[i % 2]) for i in range(10)])
    assert alone.two_way is None and alone.larger == alone.by_prompt and "Only one reviewer" in alone.sentence
    assert "other prompts would typically move the figure by 17 points (standard error 0.167)" in alone.sentence
    assert two_way([ballot(0, "w")]).larger is None


@pytest.mark.parametrize("choice", "wtl")
def test_prompts_that_all_went_the_same_way_have_no_standard_error(choice: str) -> None:
    """Nine wins of nine do not make the tenth certain."""
    found = two_way([ballot(i, choice) for i in range(9)])
    assert (found.n, found.by_prompt, found.larger, found.interval) == (9, None, None, None)
    assert found.sentence.startswith("All 9 prompts went the same way")


def test_leaving_out_the_reviewer_who_carries_the_result() -> None:
    votes = [ballot(i, "w", "ann") for i in range(30)] + [ballot(i + 30, "wll"[i % 3], "bo") for i in range(21)]
    found = leave_one_out(votes)
    assert [(w.reviewer, w.votes, w.n) for w in found.without] == [("ann", 30, 21), ("bo", 21, 30)]
    assert found.without[0].theta == pytest.approx(1 / 3)
    assert [w.reviewer for w in found.turning] == ["ann"] and "hangs on one reviewer" in found.sentence
    steady = leave_one_out(t7())
    assert steady.turning == () and "any one of 3 reviewers" in steady.sentence
    assert "nobody can be left out" in leave_one_out([ballot(0, "w")]).sentence


# The exit question


def test_the_exit_guess_as_worked() -> None:
    found = exit_guess(34, 50)
    assert found.p == pytest.approx(0.0077, abs=5e-5)
    assert found.banner and "could tell" in found.sentence and "34 of 50" in found.sentence
    assert not exit_guess(27, 50).banner and exit_guess(0, 0).p == 1.0
    for wrong in ((3, 2), (-1, 4)):
        with pytest.raises(Refusal):
            exit_guess(*wrong)


# Assignment


def test_the_sample_ratio_e_value_by_its_definition() -> None:
    """Flat over all shares of two cells: a! b! / (a + b + 1)! times 2 to the a + b."""
    for a, b in ((15, 0), (10, 10), (40, 12)):
        exact = math.factorial(a) * math.factorial(b) * 2 ** (a + b) / math.factorial(a + b + 1)
        assert sample_ratio([a, b]) == pytest.approx(exact, rel=1e-9)
    assert sample_ratio([15, 0]) == pytest.approx(2048.0)
    assert sample_ratio([]) == sample_ratio([7]) == 1.0
    assert sample_ratio([60, 30], [2 / 3, 1 / 3]) < 1 < sample_ratio([60, 30])


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 40), st.sampled_from([(0.5, 0.5), (0.2, 0.8), (0.1, 0.3, 0.6)]))
def test_under_the_registered_shares_the_mean_e_value_is_one(n: int, shares: tuple[float, ...]) -> None:
    def every(left: int, cells: int) -> list[list[int]]:
        return [[left]] if cells == 1 else [[k, *rest] for k in range(left + 1) for rest in every(left - k, cells - 1)]

    total = 0.0
    for counts in every(n, len(shares)):
        ways = math.factorial(n) / math.prod(math.factorial(k) for k in counts)
        total += ways * math.prod(s**k for s, k in zip(shares, counts, strict=True)) * sample_ratio(counts, shares)
    assert total == pytest.approx(1.0)


def sided(left: int, right: int, **more: object) -> list[Ballot]:
    return [ballot(i, "w", candidate_left=i < left, **more) for i in range(left + right)]


def test_the_assignment_audit() -> None:
    fair, unfair = assignment(sided(50, 50)), assignment(sided(95, 5))
    assert (fair.pairs, fair.left, fair.alarm) == (100, 50, False) and fair.e_value < 1
    assert unfair.alarm and "the side was not left to chance" in unfair.sentence
    lopsided = assignment([*sided(40, 0), *(replace(v, prompt=f"{v.prompt}x", reviewer="r1") for v in sided(0, 40))])
    assert (lopsided.left, lopsided.alarm) == (40, True) and "some reviewers" in lopsided.sentence
    missing = assignment(sided(30, 30), registered=("base", "prompted"))
    assert missing.baselines == {"base": 60, "prompted": 0} and missing.alarm
    assert "baselines" in missing.sentence
    assert "nothing can be said" in assignment([ballot(0, "w")]).sentence


def test_the_gate_of_the_audit() -> None:
    fair, unfair = assignment(sided(50, 50)), assignment(sided(95, 5))
    passed, failed, nothing = (assignment_gate(audits) for audits in ([fair, fair], [fair, unfair], []))
    assert (passed.state, failed.state, nothing.state) == (GateState.passed, GateState.failed, GateState.open)
    assert assignment_gate([fair], in_order=False).state is GateState.failed
    assert "order" in assignment_gate([fair], in_order=True).evidence[-1]
    assert "200 pairs" in passed.sentence and failed.sentence == unfair.sentence


# Raters


def test_raters_are_told_by_gold_repeats_and_sentinels() -> None:
    pairs = [
        Pair(f"{kind}{n}", "r", n, f"p{n}", "", "in", "l", "r", "base", True, candidate="tuned", kind=PairKind(kind),
             of=f"real{n}" if kind == "repeat" else "")
        for kind in PairKind for n in range(3)
    ]  # fmt: skip
    said = {"ann": "aaa bba ab- tt-", "bo": "abt aaa aa- btb"}
    votes = [
        Vote(f"{kind}{n}", who, {"a": Choice.a, "b": Choice.b, "t": Choice.tie, "-": Choice.skip}[c])
        for who, told in said.items()
        for kind, row in zip(("real", "gold", "repeat", "sentinel"), told.split(), strict=True)
        for n, c in enumerate(row)
    ]
    found = reliability(pairs, votes, GoldRule(3, 2))
    ann, bo = found.raters
    assert (ann.gold, ann.repeats, ann.sentinels, ann.excluded) == (Tally(1, 3), Tally(1, 2), Tally(2, 2), True)
    assert (bo.gold, bo.repeats, bo.sentinels, bo.excluded) == (Tally(3, 3), Tally(1, 2), Tally(1, 3), False)
    assert "4 of 6 gold pairs" in found.sentence and "1 left the count" in found.sentence
    assert "unknown" in reliability(pairs, votes[:3], GoldRule()).sentence


def test_whom_the_rule_on_gold_could_say_nothing_of_is_told() -> None:
    """Nobody leaves a round that ended before they met enough gold: that is no sign that they are reliable."""
    gold, real = ([Pair(f"{kind}{n}", "r", n, "p", "", "in", "l", "r", "base", True, candidate="tuned", kind=kind)
                   for n in range(3)] for kind in (PairKind.gold, PairKind.real))  # fmt: skip
    met = {"ann": 3, "bo": 1, "cy": 0}
    votes = [Vote(pair.id, who, Choice.a) for who, n in met.items() for pair in (*gold[:n], real[0])]
    votes += [Vote(pair.id, "dee", choice) for pair, choice in zip(gold, (Choice.b, Choice.b, Choice.a), strict=True)]
    votes += [Vote("real1", "bo", Choice.skip), Vote("real1", "dee", Choice.a), Vote("real1", "eve", Choice.skip)]
    found = reliability([*gold, *real], votes, GoldRule(3, 2))
    assert (found.voters, found.untested) == (3, 2), "two wrong answers make one leave; who left or skipped is no voter"
    assert found.sentence.endswith(
        "1 left the count by the registered rule, which 2 of 3 whose votes count met too few gold pairs for."
    )
    counted = [vote for vote in votes if vote.reviewer != "cy"]
    assert reliability([*gold, *real], votes, GoldRule(3, 2), counted).untested == 1
    for rule in (GoldRule(3, 0), GoldRule()):
        assert not reliability([*gold, *real], votes, rule).untested


def test_two_votes_on_a_pair_were_dealt_once() -> None:
    once, twice = assignment(sided(18, 2)), assignment([*sided(18, 2), *sided(18, 2, reviewer="r1")])
    assert (twice.pairs, twice.reviewers) == (20, 2)
    assert twice.e_value == pytest.approx(once.e_value)
