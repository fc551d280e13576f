"""How reliable each reviewer was, told by pairs that are no evidence: gold, repeats and sentinels. Pure.

Who leaves the count is for the registered rule on gold alone (`studio.review.gold`). Repeats and sentinels are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.records import Choice, Pair, PairKind, Vote
from studio.review.agreement import wilson
from studio.review.evidence import Interval
from studio.review.gold import GoldRule, excluded
from studio.wording import between

NEITHER = (Choice.tie, Choice.both_bad)


@dataclass(frozen=True)
class Tally:
    """`right` of `n`, with its 95 % interval (Wilson); (0, 1) when n is 0."""

    right: int
    n: int

    @property
    def interval(self) -> Interval:
        return wilson(self.right, self.n)

    def spoken(self, what: str) -> str:
        """As a part of a sentence: "9 of 10 gold pairs right (95 % interval 60% to 98%)"."""
        return f"{self.right} of {self.n} {what} (95 % interval {between((self.interval.low, self.interval.high))})"


@dataclass(frozen=True)
class Rater:
    """One reviewer. `gold`: pairs with one side made worse on which they took the other. `repeats`: pairs seen twice,
    sides swapped, with the same answer twice. `sentinels`: two answers of one arm between which they saw no difference.
    `excluded`: by the registered rule on gold, never by agreement with others."""

    reviewer: str
    gold: Tally
    repeats: Tally
    sentinels: Tally
    excluded: bool


@dataclass(frozen=True)
class Reliability:
    """All reviewers who met such a pair, by id. A skip is not counted; a tie on gold misses it.

    `untested`: of the `voters` whose votes are evidence, those who met fewer gold pairs than one must get wrong to
    leave the count, so that the registered rule could say nothing of them.
    """

    raters: tuple[Rater, ...]
    voters: int = 0
    untested: int = 0

    def together(self, part: str) -> Tally:
        """The sum over reviewers of "gold", "repeats" or "sentinels"."""
        told = [getattr(rater, part) for rater in self.raters]
        return Tally(sum(each.right for each in told), sum(each.n for each in told))

    @property
    def excluded(self) -> int:
        return sum(rater.excluded for rater in self.raters)

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words; reviewers are counted, not named."""
        gold, repeats, sentinels = (self.together(part) for part in ("gold", "repeats", "sentinels"))
        told = [gold.spoken("gold pairs were judged right")] if gold.n else []
        told += [repeats.spoken("repeated pairs got the same answer again")] if repeats.n else []
        told += [sentinels.spoken("pairs of one arm with itself were called alike")] if sentinels.n else []
        if not told:
            return "No gold pairs, repeats or sentinels were judged, so how reliable reviewers were is unknown."
        who = f"{len(self.raters)} reviewer{'' if len(self.raters) == 1 else 's'}"
        gone = "nobody left" if not self.excluded else f"{self.excluded} left"
        return f"Of {who}: {'; '.join(told)}; {gone} the count by the registered rule{self._untested}."

    @property
    def _untested(self) -> str:
        if not self.untested:
            return ""
        return f", which {self.untested} of {self.voters} whose votes count met too few gold pairs for"


def reliability(
    pairs: Sequence[Pair], votes: Sequence[Vote], rule: GoldRule, counted: Sequence[Vote] | None = None
) -> Reliability:
    """From a round's pairs and all votes on them. `a` is the side of a gold pair that must win. `counted`: those that
    the rule of the round sees; None: all but those of somebody who left."""
    seen: dict[str, dict[PairKind, list[bool]]] = {}
    for pair, vote, passed in weighed(pairs, votes):
        seen.setdefault(vote.reviewer, {}).setdefault(pair.kind, []).append(passed)
    gone = excluded(pairs, votes, rule)
    evidence = {pair.id for pair in pairs if pair.kind is PairKind.real}
    cast = [v for v in (votes if counted is None else counted) if v.pair in evidence and v.choice is not Choice.skip]
    voters = {v.reviewer for v in cast} - gone
    untested = sum(len(seen.get(who, {}).get(PairKind.gold, ())) < rule.to_leave for who in voters)
    raters = tuple(_rater(who, found, who in gone) for who, found in sorted(seen.items()))
    return Reliability(raters, len(voters), untested)


def weighed(pairs: Sequence[Pair], votes: Sequence[Vote]) -> list[tuple[Pair, Vote, bool]]:
    """The votes that tell of their reviewer, and whether each was as it should be. A skip is not among them, nor a
    repeat of a pair that was skipped."""
    kinds = {pair.id: pair for pair in pairs if pair.kind is not PairKind.real}
    first = {(vote.pair, vote.reviewer): vote.choice for vote in votes}
    found = []
    for vote in votes:
        pair = kinds.get(vote.pair)
        if pair is not None and vote.choice is not Choice.skip:
            passed = _passed(pair, vote.choice, first.get((pair.of, vote.reviewer)))
            if passed is not None:
                found.append((pair, vote, passed))
    return found


def _passed(pair: Pair, choice: Choice, before: Choice | None) -> bool | None:
    if pair.kind is PairKind.gold:
        return choice is Choice.a
    if pair.kind is PairKind.sentinel:
        return choice in NEITHER
    return None if before in (None, Choice.skip) else choice is before


def _rater(who: str, found: dict[PairKind, list[bool]], gone: bool) -> Rater:
    gold, repeats, sentinels = (
        Tally(sum(told), len(told))
        for told in (found.get(kind, []) for kind in (PairKind.gold, PairKind.repeat, PairKind.sentinel))
    )
    return Rater(who, gold, repeats, sentinels, gone)
