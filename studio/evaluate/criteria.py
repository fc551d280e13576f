"""The brief's exact checks for two arms side by side, the largest difference first. Pure.

A check tells whether the words are there, not whether an answer is true or kind; and each difference is told by its own
95 % interval, so of twenty criteria that do not differ about one seems to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.evaluate.averages import Average, difference
from studio.evaluate.checks import RuleScore
from studio.evaluate.citations import Share

ON_AVERAGE = "All rules, on average"


@dataclass(frozen=True)
class SideBySide:
    """One criterion for the `candidate` and another arm. `difference`: candidate minus the other in [-1, 1], with its
    95 % interval, on the prompts of which it can be told for both (paired)."""

    criterion: str
    candidate: Share
    other: Share
    difference: Average

    @property
    def beyond_chance(self) -> bool:
        return self.difference.n > 0 and (self.difference.low > 0 or self.difference.high < 0)


@dataclass(frozen=True)
class Scored:
    """What the checks say of one arm. `kept`: criterion -> prompt -> whether; `average`: of the `shares` of the rules
    that apply to each prompt."""

    arm: str
    scores: Sequence[RuleScore]
    kept: Mapping[str, Mapping[str, bool]]
    shares: Mapping[str, float]
    average: Average


def side_by_side(candidate: Scored, other: Scored) -> tuple[SideBySide, ...]:
    """Each criterion that applies to some answer of both, and all of them on average, the largest gain first."""
    others = {score.criterion: score for score in other.scores}
    found = [
        SideBySide(
            score.criterion, _share(score), _share(others[score.criterion]),
            difference(candidate.kept[score.criterion], other.kept[score.criterion], 1),
        )
        for score in candidate.scores
        if score.n and score.criterion in others and others[score.criterion].n
    ]  # fmt: skip
    if len(found) > 1:
        both = difference(candidate.shares, other.shares, 1)
        found.append(SideBySide(ON_AVERAGE, _of(candidate.average), _of(other.average), both))
    return tuple(sorted(found, key=lambda each: -each.difference.value))


def sentence(found: Sequence[SideBySide], candidate: str, other: str) -> str:
    """Which criteria the candidate keeps more and less often beyond chance; `candidate` and `other` by their names."""
    told = [each for each in found if each.criterion != ON_AVERAGE]
    if not told:
        return "The brief has no rule that a machine can check of both."
    more = [each for each in told if each.beyond_chance and each.difference.value > 0]
    less = [each for each in told if each.beyond_chance and each.difference.value < 0]
    parts = [
        f"{word} often: {', '.join(f'“{each.criterion}”' for each in side)}"
        for word, side in (("more", more), ("less", less)) if side
    ]  # fmt: skip
    if not parts:
        return f"On none of {len(told)} checked rules do {candidate} and {other} differ beyond chance."
    rest = len(told) - len(more) - len(less)
    tail = f"; on {rest} of {len(told)} no difference beyond chance" if rest else ""
    return f"Beside {other}, {candidate} keeps {'; '.join(parts)}{tail}."


def _share(score: RuleScore) -> Share:
    return Share(score.share, *score.interval, score.n)


def _of(average: Average) -> Share:
    rules = max(1, average.rules)
    return Share(average.value / rules, average.low / rules, average.high / rules, average.n)
