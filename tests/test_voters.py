"""Who voted, one by one: counts, pace, agreement, sides, and who stays outside the count."""

from __future__ import annotations

import pytest

from studio.records import Choice, Pair, PairKind, Round, Vote
from studio.review.agreement import agreement, wilson
from studio.review.voters import Voters, voters

T7 = ["www", "wwt", "llt", "wlw", "www", "ttt", "lll", "wwl"]
CHOICES = {"w": Choice.a, "l": Choice.b, "t": Choice.tie, "b": Choice.both_bad, "s": Choice.skip}
WORTH = {"w": 1.0, "l": 0.0, "t": 0.5, "b": 0.5}


def a_round(practice: bool = False, gold: int = 0, right: int = 0) -> Round:
    told = {"practice": practice, "gold": {"pairs": [{}] * gold, "right": right}}
    return Round("r", "p", told, "", "closed", "")


def pair(name: str, kind: PairKind = PairKind.real, of: str = "", left: bool = True) -> Pair:
    return Pair(name, "r", 0, name, "", "", "", "", "base", left, kind=kind, of=of)


def told(rows: list[str], **more: object) -> Voters:
    """Rows of letters, one for each pair, a reviewer in each column; "." for no vote."""
    pairs = [pair(f"p{n}") for n in range(len(rows))]
    votes = [Vote(f"p{n}", f"r{k}", CHOICES[said], **more) for n, row in enumerate(rows)  # type: ignore[arg-type]
             for k, said in enumerate(row) if said != "."]  # fmt: skip
    return voters(a_round(), pairs, votes)


def test_with_as_many_votes_on_each_pair_the_voters_mean_is_the_raw_agreement() -> None:
    found = told(T7)
    raw = agreement([[WORTH[said] for said in row] for row in T7]).raw
    assert sum(v.agreed.share or 0 for v in found.each) / 3 == pytest.approx(raw)
    assert [v.agreed.n for v in found.each] == [8, 8, 8]
    # r1 beside the two others: 1, .5, .5, 0, 1, 1, 1, .5 of them said the same.
    assert next(v for v in found.each if v.reviewer == "r1").agreed.share == pytest.approx(5.5 / 8)


def test_a_tie_is_both_bad_and_a_skip_is_no_answer() -> None:
    found = told(["tb", "ws", "w."])
    assert [(v.reviewer, v.votes, v.skips, v.agreed.share, v.agreed.n) for v in found.each] == [
        ("r0", 3, 0, 1.0, 1), ("r1", 2, 1, 1.0, 1),
    ]  # fmt: skip


def test_the_left_is_counted_from_where_the_candidate_stood() -> None:
    # T9: left chosen 70 of 110, p .005447.
    pairs = [pair(f"p{n}", left=n % 2 == 0) for n in range(110)]
    votes = [Vote(f"p{n}", "ann", Choice.a if (n < 70) == (n % 2 == 0) else Choice.b) for n in range(110)]
    (ann,) = voters(a_round(), pairs, votes).each
    assert (ann.left.right, ann.left.n, ann.leans) == (70, 110, True)
    assert (ann.left.interval.low, ann.left.interval.high) == pytest.approx((0.5433, 0.7202), abs=5e-5)
    assert ("ann", "chose the left answer in 70 of 110 choices, more than chance") in voters(
        a_round(), pairs, votes
    ).remarks()


def test_somebody_in_conflict_is_outside_and_held_against_those_who_count() -> None:
    pairs = [pair(f"p{n}", left=n % 2 == 0) for n in range(12)]
    votes = [Vote(p.id, who, Choice.a, seconds=20.0) for p in pairs for who in ("ann", "ben")]
    votes += [Vote(p.id, "maker", Choice.b, conflict="wrote examples", seconds=4.0) for p in pairs]
    found = voters(a_round(), pairs, votes)
    ann, _, maker = found.each
    assert (maker.outside, maker.agreed.share, maker.agreed.n) == ("wrote examples", 0.0, 12)
    assert (ann.outside, ann.agreed.share) == ("", 1.0)
    assert found.sentence == "3 people cast 36 votes; the 24 of 2 people count."
    assert voters(a_round(practice=True), pairs, votes).each[2].outside == ""
    remarks = dict.fromkeys(found.remarks())
    assert ("maker", "took 4 s a pair, the others 20 s") in remarks
    assert any(who == "maker" and "agrees with the others on 0 %" in text for who, text in remarks)
    assert not [who for who, _ in remarks if who != "maker"]


def test_who_misses_gold_leaves_the_count_and_checks_are_no_votes() -> None:
    pairs = [pair("p0"), pair("g1", PairKind.gold), pair("g2", PairKind.gold), pair("again", PairKind.repeat, "p0")]
    votes = [Vote("p0", who, Choice.a) for who in ("ann", "ben")]
    votes += [Vote("again", who, Choice.a if who == "ann" else Choice.b) for who in ("ann", "ben")]
    votes += [Vote(g, who, Choice.a if who == "ann" else Choice.b) for g in ("g1", "g2") for who in ("ann", "ben")]
    ann, ben = voters(a_round(gold=2, right=1), pairs, votes).each
    assert (ann.votes, ann.outside, ann.checks.gold.right, ann.checks.repeats.right) == (1, "", 2, 1)
    assert (ben.votes, ben.outside, ben.checks.gold.right, ben.checks.repeats.right) == (
        1, "by the rule on gold pairs", 0, 0,
    )  # fmt: skip
    assert ann.agreed.n == 0 and ann.agreed.interval == wilson(0, 0)


def test_nobody_and_everybody() -> None:
    assert voters(a_round(), [], []).sentence == "Nobody voted."
    assert told(T7).sentence == "3 people cast 24 votes, and all of them count."
    assert told(["ww"]).remarks() == ()
