"""What a reviewer is told of their own votes once a round is over."""

from __future__ import annotations

from studio.records import Choice, Pair, PairKind, Vote
from studio.review.own import own


def pair(name: str, kind: PairKind = PairKind.real, of: str = "") -> Pair:
    return Pair(name, "r", 0, name, "s", "in", "one", "two", "base", True, kind=kind, of=of)


PAIRS = [pair("a"), pair("b"), pair("a2", PairKind.repeat, "a"), pair("b2", PairKind.repeat, "b"),
         pair("g", PairKind.gold), pair("s", PairKind.sentinel)]  # fmt: skip


def test_repeats_others_and_known_answers_each_with_their_n() -> None:
    cast = [
        Vote("a", "otto", Choice.b), Vote("a", "mia", Choice.a), Vote("g", "otto", Choice.a),
        Vote("a", "rita", Choice.a), Vote("b", "rita", Choice.tie), Vote("a2", "rita", Choice.a),
        Vote("b2", "rita", Choice.b), Vote("g", "rita", Choice.a), Vote("s", "rita", Choice.tie),
    ]  # fmt: skip
    cast = [Vote(v.pair, v.reviewer, v.choice, at=f"2026-11-02T09:{n:02d}:00+00:00") for n, v in enumerate(cast)]
    mine = own(PAIRS, cast, "rita")
    assert (mine.votes, mine.repeats, mine.same) == (6, 2, 1)
    assert (mine.shared, mine.agreed, mine.known, mine.right, mine.seconds) == (2, 1, 1, 1, 60.0)
    assert "in 1 of 2 (50 %; too few to say much)" in mine.sentences[0] and len(mine.sentences) == 3


def test_skips_say_nothing_and_what_was_not_measured_is_left_out() -> None:
    cast = [Vote("a", "rita", Choice.skip, "no idea"), Vote("a2", "rita", Choice.a), Vote("b", "rita", Choice.a),
            Vote("b", "otto", Choice.skip, "no idea")]  # fmt: skip
    cast = [Vote(v.pair, v.reviewer, v.choice, v.reason, at="2026-11-02T09:00:00+00:00") for v in cast]
    mine = own(PAIRS, cast, "rita")
    assert mine.votes == 3 and mine.sentences == ()
