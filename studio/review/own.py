"""What a reviewer is told of their own votes in a round that is over: how fast and how consistent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.records import Choice, Pair, PairKind, Vote
from studio.review.pace import seconds_each
from studio.wording import percent


@dataclass(frozen=True)
class Own:
    """`votes` cast, skips included. Of `repeats` pairs judged twice, sides swapped, `same` got the same answer; of
    `shared` judgements that somebody else gave on the same pairs, `agreed` were theirs; of `known` pairs with a known
    answer, `right`. `seconds` from vote to vote, None before three votes."""

    votes: int
    seconds: float | None
    repeats: int
    same: int
    shared: int
    agreed: int
    known: int
    right: int

    @property
    def sentences(self) -> tuple[str, ...]:
        """The figures in words, each with its n; what was not measured is left out."""
        told = [_said(self.same, self.repeats, "On pairs that came twice, sides swapped, you chose the same")]
        told.append(_said(self.agreed, self.shared, "Where somebody else judged the same pair, you agreed"))
        told.append(_said(self.right, self.known, "On pairs with a known answer, you chose the better one"))
        return tuple(each for each in told if each)


def _said(count: int, n: int, start: str) -> str:
    if not n:
        return ""
    few = "; too few to say much" if n < 10 else ""
    return f"{start} in {count} of {n} ({percent(count / n)}{few})."


def own(pairs: Sequence[Pair], cast: Sequence[Vote], reviewer: str) -> Own:
    """The record of one reviewer. `cast`: all votes of the round in order. A skip is neither same nor different."""
    known = {pair.id: pair for pair in pairs}
    mine = [vote for vote in cast if vote.reviewer == reviewer]
    said = {vote.pair: vote.choice for vote in mine if vote.choice is not Choice.skip}
    twice = [(said[known[name].of], choice) for name, choice in said.items()
             if known[name].kind is PairKind.repeat and known[name].of in said]  # fmt: skip
    others = [(said[vote.pair], vote.choice) for vote in cast
              if vote.reviewer != reviewer and vote.choice is not Choice.skip and vote.pair in said
              and known[vote.pair].kind is PairKind.real]  # fmt: skip
    gold = [choice for name, choice in said.items() if known[name].kind is PairKind.gold]
    return Own(
        len(mine), seconds_each(mine), len(twice), sum(a is b for a, b in twice), len(others),
        sum(a is b for a, b in others), len(gold), sum(choice is Choice.a for choice in gold),
    )  # fmt: skip
