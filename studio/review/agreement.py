"""Do reviewers agree, and does the side matter? Shown beside a verdict, never a reason for one.

Agreement is over prompts that several people voted on. Three figures are shown together because each
misleads alone: raw agreement ignores luck, Krippendorff's alpha collapses when one answer dominates,
and Gwet's AC1 does not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import krippendorff
import numpy as np
import numpy.typing as npt

from studio.review.evidence import Interval
from studio.wording import between, percent

Label = float | int | str


@dataclass(frozen=True)
class Agreement:
    """Agreement over `prompts` that have at least two of the `votes`. None where it is undefined.

    `raw`: share of pairs of votes on one prompt that agree. `alpha_nominal`, `alpha_ordinal`:
    Krippendorff's alpha, undefined when every vote is the same. `ac1`: Gwet's AC1 over the answers seen.
    """

    prompts: int
    votes: int
    raw: float | None
    alpha_nominal: float | None
    alpha_ordinal: float | None
    ac1: float | None

    @property
    def interval(self) -> Interval:
        """Of `raw`, 95 %: Wilson's, each prompt counting once; (0, 1) without prompts."""
        return wilson((self.raw or 0.0) * self.prompts, self.prompts)

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words."""
        if self.raw is None:
            return "No prompt has votes from two people yet, so agreement is unknown."
        told = f"On {self.prompts} prompts with two or more votes, two reviewers agreed {percent(self.raw)} of the time"
        told += f" (95 % interval {between((self.interval.low, self.interval.high))})"
        if self.alpha_nominal is None:
            return f"{told}; every vote was the same, so agreement beyond luck cannot be told."
        told += f": alpha {self.alpha_nominal:.2f}, ordinal {_short(self.alpha_ordinal)}, AC1 {_short(self.ac1)}."
        if self.ac1 is not None and self.ac1 - self.alpha_nominal > 0.3:
            return f"{told} One answer dominates, which makes alpha look worse than it is: read AC1."
        return told


@dataclass(frozen=True)
class Position:
    """How often the left answer won among decisive votes. `p`: exact two-sided binomial against one half."""

    left: int
    decisive: int
    p: float
    interval: Interval

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words."""
        if not self.decisive:
            return "No decisive vote yet, so nothing can be said about the side."
        told = (
            f"The left answer won {self.left} of {self.decisive} decisive votes "
            f"({percent(self.left / self.decisive)}, 95 % interval {between((self.interval.low, self.interval.high))})"
        )
        if self.p < 0.01:
            lean = "Sides are drawn by chance, so on average neither system gains by it."
            return f"{told}: reviewers lean to one side. {lean}"
        return f"{told}: no sign that the side matters."


def agreement(units: Iterable[Sequence[Label]]) -> Agreement:
    """Agreement over units, each the labels one prompt got, in any order; units may differ in length.

    Labels are compared as they are; their ascending order is the ordinal order (loss 0 < tie 1/2 < win 1).
    Units with a single label count toward how common each answer is in AC1, and nowhere else.
    Sources: Krippendorff, Content Analysis (2004), chapter 11; Gwet (2008), British J. Math. Stat. Psych. 61.
    """
    rows = [list(unit) for unit in units if len(unit)]
    labels = sorted({label for row in rows for label in row})
    counts = np.array([[row.count(label) for label in labels] for row in rows], dtype=float)
    several = counts[counts.sum(axis=1) >= 2] if rows else counts
    if not len(several):
        return Agreement(0, 0, None, None, None, None)
    raw = _raw(several)
    return Agreement(
        prompts=len(several),
        votes=int(several.sum()),
        raw=raw,
        alpha_nominal=_alpha(several, "nominal"),
        alpha_ordinal=_alpha(several, "ordinal"),
        ac1=_ac1(counts, raw),
    )


def position(sides: Iterable[bool]) -> Position:
    """From one flag per decisive vote: did the left answer win?"""
    flags = list(sides)
    left, n = sum(flags), len(flags)
    return Position(left, n, even_chance(left, n), wilson(left, n))


def even_chance(successes: int, n: int) -> float:
    """The exact two-sided p value of a share of one half, in whole numbers; 1 when n is 0."""
    ways = tail = 1
    for k in range(min(successes, n - successes)):
        ways = ways * (n - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / 2**n)


def wilson(successes: float, n: int, z: float = 1.959963984540054) -> Interval:
    """Wilson's score interval for a share, 95 % by default; (0, 1) when n is 0."""
    if not n:
        return Interval(0.0, 1.0)
    share = successes / n
    middle = share + z * z / (2 * n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    width = 1 + z * z / n
    return Interval(max(0.0, (middle - half) / width), min(1.0, (middle + half) / width))


def _raw(counts: npt.NDArray[np.float64]) -> float:
    n = counts.sum(axis=1)
    return float(((counts * (counts - 1)).sum(axis=1) / (n * (n - 1))).mean())


def _alpha(counts: npt.NDArray[np.float64], level: Literal["nominal", "ordinal"]) -> float | None:
    """Alpha is undefined when every label is the same."""
    if counts.any(axis=0).sum() < 2:
        return None
    return float(krippendorff.alpha(value_counts=counts, level_of_measurement=level))


def _ac1(counts: npt.NDArray[np.float64], raw: float) -> float:
    shares = (counts / counts.sum(axis=1, keepdims=True)).mean(axis=0)
    by_luck = float((shares * (1 - shares)).sum()) / max(len(shares) - 1, 1)
    return (raw - by_luck) / (1 - by_luck)


def _short(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.2f}"
