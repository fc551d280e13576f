"""The votes read in other ways: worked figures of the method, and the rule itself on what is left."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

from studio.records import Choice, Verdict
from studio.review.assessment import assess
from studio.review.evidence import Interval, evidence_above, evidence_below, evidence_by_group
from studio.review.scoring import Ballot, Guardrail, PlannedPrompt, Registration
from studio.review.sensitivity import LengthAdjusted
from studio.review.stability import Reading, Stability, Way, stability

WINS = {"w": Choice.a, "t": Choice.tie, "l": Choice.b}
NAMES = {"ann": "Ann", "ben": "Ben", "cara": "Cara"}


def a_round(told: dict[tuple[str, str], tuple[int, int, int]], **plan: object) -> tuple[Registration, list[Ballot]]:
    """(reviewer, slice) -> wins, ties and losses on prompts of their own, one vote each, against one baseline."""
    prompts, votes = [], []
    for (who, kind), counts in told.items():
        for choice in [Choice.a] * counts[0] + [Choice.tie] * counts[1] + [Choice.b] * counts[2]:
            prompts.append(PlannedPrompt(f"p{len(prompts)}", kind))
            votes.append(Ballot(prompts[-1].id, "base", who, choice))
    rules = {"cap": 1000, "fixed_list": False, "floor": None, **plan}
    return Registration("tuned", ("base",), tuple(prompts), **rules), votes  # type: ignore[arg-type]


def read(plan: Registration, votes: list[Ballot], **more: object) -> Stability:
    rest = {"outside": [], "conflicted": frozenset[str](), **more}
    return stability(assess(votes, plan), plan, votes, **rest)  # type: ignore[arg-type]


def one(found: Stability, way: Way, about: str = "") -> Reading:
    return next(each for each in found.readings if (each.way, each.about) == (way, about))


def test_without_the_reviewer_on_whom_it_hangs_it_is_the_methods_worked_example() -> None:
    # T3 and T4: 60 wins and 40 losses are evidence of 4.4958 (no go), with the interval (.4533, .7379).
    plan, votes = a_round({("ann", ""): (30, 0, 20), ("ben", ""): (30, 0, 0), ("cara", ""): (30, 0, 20)})
    found = read(plan, votes)
    ben = one(found, Way.reviewer, "ben")
    assert (ben.n, ben.votes, ben.theta, ben.verdict, ben.holds) == (100, 100, 0.6, Verdict.inconclusive, False)
    assert (ben.interval.low, ben.interval.high) == pytest.approx((0.4533, 0.7379), abs=5e-5)
    assert found.verdict is Verdict.go and found.turning == (ben,)
    assert found.sentence(NAMES) == (
        "No other way of reading the votes speaks against their verdict, go, but in 1 of 3 it would not be decided: "
        "without Ben. There people still prefer it in 55 of 100 prompts or more: fewer votes are less evidence, and a "
        "round ends as soon as it has just enough."
    )
    mixed = replace(found, readings=(ben, replace(ben, about="ann", theta=0.5)))
    assert mixed.sentence(NAMES).startswith(
        "The verdict of the votes, go, holds in none of 2 other ways of reading them: without Ben or without Ann it "
        "would be inconclusive. In 1 of these 2 people still prefer it in 55"
    )
    weaker = replace(found, theta_min=0.61)
    assert not weaker.thinner and weaker.sentence(NAMES).endswith("without Ben it would be inconclusive.")


def test_many_ways_to_the_same_end_are_told_together() -> None:
    plan, votes = a_round({(who, ""): (4, 0, 0) for who in "abcde"})
    told = read(plan, votes).sentence({who: who.upper() for who in "abcde"})
    assert told.startswith(
        "No other way of reading the votes speaks against their verdict, go, but in 5 of 5 it would "
    )
    assert "not be decided: without A, without B, without C or in 2 more ways. In each people still prefer it" in told


def test_a_critical_slice_that_is_left_out_asks_for_nothing_any_more() -> None:
    # T10: 18 wins, 14 ties, 8 losses clear a slice (E 103.5); half of them do not.
    told = {("ann", "refunds"): (9, 7, 4), ("ben", "refunds"): (9, 7, 4), ("cara", "other"): (50, 0, 10)}
    plan, votes = a_round(told, guardrails=(Guardrail("refunds", 0.1, True), Guardrail("other")))
    found = read(plan, votes)
    assert found.verdict is Verdict.go
    assert one(found, Way.reviewer, "ann").verdict is Verdict.inconclusive
    assert one(found, Way.slice, "refunds").verdict is Verdict.go and one(found, Way.slice, "refunds").n == 60
    assert one(found, Way.slice, "other").verdict is not Verdict.go


@pytest.mark.parametrize("seed", range(6))
def test_without_a_reviewer_it_is_the_rule_on_the_prompts_that_are_left(seed: int) -> None:
    draw = random.Random(seed)
    kinds, baselines = ["x", "y", ""], ("base", "prompt")
    prompts = tuple(PlannedPrompt(f"p{n}", draw.choice(kinds)) for n in range(90))
    guardrails = (Guardrail("x", 0.15, draw.random() < 0.5), Guardrail("y"))
    plan = Registration("tuned", baselines, prompts, 500, 0.5, 0.5, guardrails, fixed_list=False)
    win = draw.choice((0.3, 0.6, 0.8))
    votes = [
        Ballot(p.id, baseline, who, draw.choices(list(Choice)[:4], (win, 0.9 - win, 0.05, 0.05))[0],
               shippable_a=draw.choice((True, True, True, False, None)))
        for p in prompts for who in [draw.choice(("ann", "ben", "cara"))] for baseline in baselines
    ]  # fmt: skip
    found = read(plan, votes)
    for who in NAMES:
        left = [vote for vote in votes if vote.reviewer != who]
        kept = {vote.prompt for vote in left}
        again = assess(left, replace(plan, prompts=tuple(p for p in prompts if p.id in kept)))
        told = one(found, Way.reviewer, who)
        assert (told.baseline, told.n) == (again.hardest.baseline, again.hardest.n)
        assert told.theta == pytest.approx(again.hardest.theta) and told.interval == again.hardest.interval
        alone = again.votes_alone
        assert told.verdict is (Verdict.inconclusive if alone is Verdict.keep_collecting else alone)


def test_a_prompt_keeps_counting_with_the_votes_that_are_left() -> None:
    prompts = (PlannedPrompt("p1", votes=2), PlannedPrompt("p2", votes=2))
    plan = Registration("tuned", ("base",), prompts, floor=None)
    cast = [("p1", "ann", "w"), ("p1", "ben", "l"), ("p2", "ann", "w"), ("p2", "cara", "w"), ("p2", "ben", "l")]
    found = read(plan, [Ballot(prompt, "base", who, WINS[said]) for prompt, who, said in cast])
    # Ben's vote on p2 came after its two, so it never counted; he is left out of p1 alone.
    ben = one(found, Way.reviewer, "ben")
    assert (ben.n, ben.votes, ben.theta) == (2, 3, 1.0)
    assert one(found, Way.reviewer, "ann").theta == 0.5


def test_votes_outside_the_count_and_in_conflict_are_read_once_with_and_once_without() -> None:
    plan, votes = a_round({("ann", ""): (60, 0, 10), ("ben", ""): (10, 0, 10)})
    against = [Ballot(vote.prompt, "base", "maker", Choice.b) for vote in votes]
    wider = one(read(plan, votes, outside=against), Way.outside)
    assert (wider.n, wider.votes, wider.theta) == (90, 180, pytest.approx(70 / 180))
    assert wider.verdict is not Verdict.go and wider.holds is False
    alone = one(read(plan, votes, conflicted=frozenset({"ben"})), Way.conflicted)
    assert (alone.n, alone.theta) == (70, pytest.approx(6 / 7))
    assert not [r for r in read(plan, votes, conflicted=frozenset({"ann", "ben"})).readings if r.way is Way.conflicted]


@pytest.mark.parametrize(("low", "holds"), [(0.52, True), (0.47, False)])
def test_at_equal_length_a_go_must_still_be_sure_and_anything_else_says_nothing(low: float, holds: bool) -> None:
    length = LengthAdjusted(100, 120, 0.62, 0.7, 0.56, Interval(low, 0.6))
    go, votes = a_round({("ann", ""): (70, 0, 20)})
    found = read(go, votes, lengths={"base": length})
    assert (found.readings[0].way, found.readings[0].holds) == (Way.length, holds)
    assert ("nobody could be sure" in found.sentence({})) is not holds
    even, votes = a_round({("ann", ""): (20, 0, 20)})
    assert read(even, votes, lengths={"base": length}).told == ()
    assert "no other way" in read(even, votes, lengths={"base": length}).sentence({})


def test_at_equal_length_the_baseline_where_least_is_left_is_told() -> None:
    go, votes = a_round({("ann", ""): (70, 0, 20)})
    kept, gone = (LengthAdjusted(90, 90, 0.78, 0.7, at, Interval(at - 0.1, at + 0.1)) for at in (0.75, 0.14))
    found = read(go, votes, lengths={"base": kept, "prompted": gone}).readings[0]
    assert (found.baseline, found.theta, found.holds) == ("prompted", 0.14, False)
    apart = LengthAdjusted(90, 90, 0.78, 0.7, None, None, apart=True)
    found = read(go, votes, lengths={"base": kept, "prompted": apart}).readings[0]
    assert (found.baseline, found.theta, found.interval, found.holds) == ("prompted", None, Interval(0.0, 1.0), False)
    assert not read(go, votes, lengths={"base": LengthAdjusted(2, 2, 0.5, 0.5, None, None)}).readings


def test_the_evidence_of_groups_is_that_of_each_of_them() -> None:
    rng = np.random.default_rng(3)
    scores, groups = rng.choice([0.0, 1 / 3, 0.5, 1.0], 200), rng.integers(-1, 5, 200)
    for t, above, single in ((0.4, True, evidence_above), (0.5, False, evidence_below)):
        found = evidence_by_group(scores, groups, 6, t, above)
        assert found == pytest.approx([single(scores[groups == g], t) for g in range(6)])
        assert found[5] == 1.0
