"""Intervals by the bootstrap over prompts, for any figure that is a function of sums over prompts. Pure.

A prompt is drawn with all that was written to it, so outputs that hang together stay together, and two arms are
compared on the same draws. A figure of a whole set (macro-F1, chrF) is worked out anew from each draw's sums, which
is exact and takes one product of matrices where scoring each draw again would take hours.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from studio.evaluate.averages import half_of_equal
from studio.evaluate.checks import interval

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

TIMES = 1000
_AT_ONCE = 4_000_000


@dataclass(frozen=True)
class Measure:
    """One figure of one arm. `rows`: (prompts, k), what each prompt adds to the k sums; zeros where it says nothing.
    `told`: (prompts,), which say something. `value`: (..., k) sums -> (...) figures, NaN where there is none.

    `share`: the figure is a mean of values in [0, 1]. `bounded`: it lies in [0, 1]. Of both an exact interval can stand
    in where draws say too little.
    """

    rows: Floats
    told: Bools
    value: Callable[[Floats], Floats]
    share: bool = False
    bounded: bool = False

    @property
    def n(self) -> int:
        return int(self.told.sum())

    def within(self, told: Bools) -> Measure:
        """The same figure over these prompts only."""
        both = self.told & told
        return replace(self, rows=np.where(both[:, None], self.rows, 0.0), told=both)


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval [`low`, `high`] over `n` prompts."""

    value: float
    low: float
    high: float
    n: int


def mean(values: Floats, *, share: bool = False) -> Measure:
    """The mean over prompts; NaN: this prompt says nothing. `share`: the values are in [0, 1]."""
    told = ~np.isnan(values)
    rows = np.stack([np.where(told, values, 0.0), told.astype(float)], axis=1)
    return Measure(rows, told, lambda sums: ratio(sums[..., 0], sums[..., 1]), share)


def ratio(part: Floats, whole: Floats) -> Floats:
    """`part` / `whole`, NaN where there is nothing to divide by."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(whole != 0, part / whole, np.nan)
    return found


class Draws:
    """`times` draws of `prompts` prompts with replacement, the same for every figure and arm of a comparison."""

    def __init__(self, prompts: int, *, seed: int = 0, times: int = TIMES) -> None:
        self.prompts = prompts
        rng = np.random.default_rng(seed)
        # How often each prompt was drawn; more than 255 times does not happen among that many.
        self._drawn = np.empty((times, prompts), np.uint8)
        for draw in range(times):
            counted = np.bincount(rng.integers(0, prompts, prompts), minlength=prompts)
            self._drawn[draw] = np.minimum(counted, 255)

    def estimates(self, measures: Sequence[Measure]) -> list[Estimate | None]:
        """Each figure with its interval; None where no prompt says anything."""
        return [_estimate(m, drawn) for m, drawn in zip(measures, self._drawn_values(measures), strict=True)]

    def differences(self, pairs: Sequence[tuple[Measure, Measure]]) -> list[Estimate | None]:
        """The first minus the second of each pair, on the prompts that both say something about, drawn together."""
        both = [(one.within(other.told), other.within(one.told)) for one, other in pairs]
        first = self._drawn_values([one for one, _ in both])
        second = self._drawn_values([other for _, other in both])
        return [_difference(*pair, a - b) for pair, a, b in zip(both, first, second, strict=True)]

    def _drawn_values(self, measures: Sequence[Measure]) -> list[Floats]:
        """Each figure in every draw, by one product of matrices for all of them."""
        if not measures:
            return []
        rows = np.concatenate([m.rows for m in measures], axis=1).astype(np.float32)
        step = max(1, _AT_ONCE // max(1, self.prompts))
        parts = [self._drawn[at : at + step].astype(np.float32) @ rows for at in range(0, len(self._drawn), step)]
        sums = np.concatenate(parts).astype(float)
        edges = np.cumsum([m.rows.shape[1] for m in measures])[:-1]
        return [m.value(own) for m, own in zip(measures, np.split(sums, edges, axis=1), strict=True)]


def _estimate(measure: Measure, drawn: Floats) -> Estimate | None:
    value = _value(measure)
    if measure.n == 0 or math.isnan(value):
        return None
    if measure.share and _is_yes_or_no(measure.rows[:, 0]):
        # As for the rules. Near 0 and 1 draws vary too little, and where all prompts are alike not at all.
        return Estimate(value, *interval(value * measure.n, measure.n), measure.n)
    low, high = _between(drawn, measure.n)
    if (measure.bounded or measure.share) and not low < high:
        # All alike, or a single prompt: no more certain than a share would be.
        low, high = interval(value * measure.n, measure.n)
    return Estimate(value, min(low, value), max(high, value), measure.n)


def _difference(one: Measure, other: Measure, drawn: Floats) -> Estimate | None:
    value = _value(one) - _value(other)
    if one.n == 0 or math.isnan(value):
        return None
    low, high = _between(drawn, one.n)
    if one.share and not low < high:
        half = half_of_equal(value, one.n)
        low, high = value - half, value + half
    return Estimate(value, min(low, value), max(high, value), one.n)


def _value(measure: Measure) -> float:
    return float(measure.value(measure.rows.sum(axis=0)))


def _is_yes_or_no(values: Floats) -> bool:
    return bool(np.isin(values, (0.0, 1.0)).all())


def _between(drawn: Floats, n: int) -> tuple[float, float]:
    """The 95 % percentile interval, widened as a t interval of n is against a normal one: with few prompts the plain
    one is too narrow (T. Hesterberg, The American Statistician 69, 2015, section 4)."""
    from scipy.special import ndtr, stdtrit  # half a second that the server does not need to start

    known = drawn[~np.isnan(drawn)]
    if n < 2 or not len(known):
        return (math.nan, math.nan) if not len(known) else (float(known.min()), float(known.max()))
    tail = float(ndtr(-math.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.975)))
    low, high = np.quantile(known, [tail, 1 - tail])
    return float(low), float(high)
