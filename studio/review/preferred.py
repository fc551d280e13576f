"""Which answer people preferred, and how often a second reviewer chose otherwise: what a model is taught from. Pure.

A vote counts here whether or not its round reached a verdict: what is asked is not which arm is better, but which of
two texts was preferred to the other.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from studio.records import Choice, Pair, Vote
from studio.review.agreement import Interval, agreement, wilson
from studio.wording import between, percent

UNKNOWN_DISAGREEMENT = 0.1
"""The chance that a fresh reviewer chooses otherwise, where no pair was judged by two people: a guess, and said so."""

MOST_SMOOTHING = 0.45
"""Beyond this a vote would hardly say anything."""

# The guess counts as much as so many pairs that two people judged, so that three pairs do not decide it.
_GUESS_WEIGHS = 10

LEFT_OUT = {
    "same": "both answers were the same text",
    "tied": "as many people preferred one answer as the other",
    "neither": "people saw no difference, or found both bad",
    "skipped": "everybody who saw it skipped it",
}
"""Reason a pair teaches nothing -> in words."""

NOT_COUNTED = {
    "script": "a script cast it",
    "conflict": "whoever cast it worked on the answers, or on the examples",
}
"""Reason a vote is not counted -> in words."""


@dataclass(frozen=True)
class Preferred:
    """Two answers to the prompt of `example`, of which people preferred `chosen`: `votes_for` it and `against` it,
    `undecided` for neither. `reviewers`: their ids, sorted. `rounds`: the ids of the rounds, sorted. `scripted`: a
    script cast one of the votes."""

    example: str
    chosen: str
    rejected: str
    votes_for: int
    against: int
    undecided: int
    reviewers: tuple[str, ...]
    rounds: tuple[str, ...]
    scripted: bool = False


@dataclass(frozen=True)
class Disagreement:
    """Over the `pairs` that two or more people decided: the chance that two of them chose differently, `rate` in
    [0, 1], None without such pairs. `otherwise`: of those pairs, how many had a vote each way.

    It says how reviewers like these differ on pairs like these; not who is right.
    """

    pairs: int
    otherwise: int
    rate: float | None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval (Wilson) of the share of pairs with a vote each way."""
        return wilson(self.otherwise, self.pairs) if self.pairs else None

    @property
    def smoothing(self) -> float:
        """How far a vote is distrusted in training, in [0, MOST_SMOOTHING]: the rate, with the guess counted as ten
        more pairs."""
        measured = (self.rate or 0.0) * self.pairs
        rate = (measured + UNKNOWN_DISAGREEMENT * _GUESS_WEIGHS) / (self.pairs + _GUESS_WEIGHS)
        return round(min(MOST_SMOOTHING, rate), 3)

    @property
    def sentence(self) -> str:
        """What was measured and what follows, for anybody."""
        trusts = f"each vote is trusted to {percent(1 - self.smoothing)}"
        if self.interval is None:
            return (
                "No pair was judged by two people, so how often reviewers differ is not known: a guess of "
                f"{percent(UNKNOWN_DISAGREEMENT)} is used, and {trusts}. Let two people vote on some pairs to "
                "measure it."
            )
        low, high = self.interval.low, self.interval.high
        pairs = "1 pair" if self.pairs == 1 else f"{self.pairs:,} pairs"
        return (
            f"On {self.otherwise:,} of {pairs} that two or more people judged, somebody chose otherwise "
            f"(95 % interval {between((low, high))}); so in training {trusts} (label smoothing {self.smoothing:g}; a "
            f"first guess of {percent(UNKNOWN_DISAGREEMENT)} weighs as much as {_GUESS_WEIGHS} pairs)."
        )


@dataclass(frozen=True)
class Judged:
    """The `preferred` pairs in a fixed order, the `disagreement`, and what is not among them: `left_out` (reason in
    `LEFT_OUT` -> pairs) and `not_counted` (reason in `NOT_COUNTED` -> votes)."""

    preferred: tuple[Preferred, ...]
    disagreement: Disagreement
    left_out: Mapping[str, int] = field(default_factory=dict)
    not_counted: Mapping[str, int] = field(default_factory=dict)


Side = tuple[str, str]
_Key = tuple[str, Side]
_Cast = dict[str, tuple[str, Pair, Vote]]
"""Reviewer -> the text preferred, "" for neither, of which pair and by which vote."""


def judged(votes: Iterable[tuple[Pair, Vote]], *, practice: bool = False) -> Judged:
    """The pairs that people decided, over all of `votes` in the order they were cast. Two answers to one prompt are one
    pair, in whichever rounds they met; of two votes of a reviewer on it, the later one counts.

    A pair is decided when more people prefer one answer than prefer the other, and than choose neither. Votes of
    scripts and of people in conflict are counted only with `practice`.
    """
    kept, refused = _collected(votes, practice)
    preferred, reasons = list[Preferred](), Counter[str]()
    each_way: list[tuple[int, int]] = []
    for (example, sides), cast in kept.items():
        chose = [text for text, _, _ in cast.values()]
        first, second = (chose.count(side) for side in sides)
        if sides[0] == sides[1]:
            reasons["same"] += 1
            continue
        each_way.append((first, second))
        neither = len(chose) - first - second
        if why := _undecided(first, second, neither):
            reasons[why] += 1
            continue
        better, worse = sides if first > second else sides[::-1]
        met = tuple(sorted({pair.round for _, pair, _ in cast.values()}))
        scripted = any(vote.scripted for _, _, vote in cast.values())
        told = (max(first, second), min(first, second), neither, tuple(sorted(cast)), met, scripted)
        preferred.append(Preferred(example, better, worse, *told))
    preferred.sort(key=lambda pair: (pair.example, pair.chosen, pair.rejected))
    return Judged(tuple(preferred), disagreement(each_way), dict(reasons), dict(refused))


def disagreement(each_way: Sequence[tuple[int, int]]) -> Disagreement:
    """From how many people preferred each answer of a pair; pairs with fewer than two such votes tell nothing.

    The rate is the mean over pairs of the share of couples of votes that differ, which is unbiased for the chance that
    two reviewers drawn at random do.
    """
    told = [(a, b) for a, b in each_way if a + b >= 2]
    found = agreement([["first"] * a + ["second"] * b for a, b in told])
    rate = None if found.raw is None else 1 - found.raw
    return Disagreement(len(told), sum(bool(a and b) for a, b in told), rate)


def _collected(votes: Iterable[tuple[Pair, Vote]], practice: bool) -> tuple[dict[_Key, _Cast], Counter[str]]:
    """Pair of texts -> who chose what of it, skips left out; and the votes not counted, by reason."""
    kept: dict[_Key, _Cast] = defaultdict(dict)
    refused = Counter[str]()
    for pair, vote in votes:
        if not practice and (why := "script" if vote.scripted else "conflict" if vote.conflict else ""):
            refused[why] += 1
            continue
        ours, other = (pair.left, pair.right) if pair.candidate_left else (pair.right, pair.left)
        low, high = sorted((ours.strip(), other.strip()))
        cast = kept[pair.example, (low, high)]
        if vote.choice is Choice.skip:
            continue
        cast[vote.reviewer] = ({Choice.a: ours.strip(), Choice.b: other.strip()}.get(vote.choice, ""), pair, vote)
    return kept, refused


def _undecided(first: int, second: int, neither: int) -> str:
    if not first + second + neither:
        return "skipped"
    if neither >= max(first, second):
        return "neither"
    return "tied" if first == second else ""
