"""What answers cost: how long one takes, how many tokens, the price of a thousand, and when a training has paid back.

Pure. The unit is the prompt; every figure has its n and a 95 % interval. Latency is that of one request at a time, with
nothing else running: a share of a batch's time is no latency and never called one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from studio.evaluate import resampling

_TAIL = 0.025


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval over `n` prompts; None for an end that so few cannot bound."""

    value: float
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Timed:
    """What was measured of one arm: for each prompt (in the same order for every arm) the seconds of its own request
    and its tokens in and out; the seconds of all in one batch, 0 where they are not answered together; the peak memory
    of the process in MB (2^20 bytes), 0 where the model is elsewhere or the system does not tell."""

    seconds: tuple[float, ...]
    tokens_in: tuple[int, ...]
    tokens_out: tuple[int, ...]
    together: float = 0.0
    peak_memory_mb: float = 0.0


@dataclass(frozen=True)
class BreakEven:
    """After how many requests a training has paid back what it cost. `saving`: of a thousand requests, in the currency.
    `requests` None: it does not save; `high` None: as far as is known it may never pay back."""

    saving: Estimate
    requests: float | None
    low: float | None
    high: float | None


def quantile(values: Sequence[float], share: float) -> Estimate:
    """The value below which `share` of the requests stay, by order statistics: exact for any distribution.

    With few requests a high quantile has no upper bound (for 95 % fewer than 72), and `high` is then None.
    """
    from scipy.special import bdtr  # half a second that the server does not need to start

    ranked, n = sorted(values), len(values)
    lows = [rank for rank in range(1, n + 1) if bdtr(rank - 1, n, share) <= _TAIL]
    highs = [rank for rank in range(1, n + 1) if 1 - bdtr(rank - 1, n, share) <= _TAIL]
    return Estimate(
        float(np.quantile(ranked, share, method="median_unbiased")),
        ranked[lows[-1] - 1] if lows else None, ranked[highs[0] - 1] if highs else None, n,
    )  # fmt: skip


def mean(values: Sequence[float]) -> Estimate:
    """The mean over prompts, its interval by bootstrap as everywhere (`studio.evaluate.resampling`)."""
    found = np.asarray(values, np.float64)
    (told,) = _draws(len(found)).estimates([resampling.mean(found)])
    assert told is not None, "a mean of at least one value"
    return Estimate(told.value, told.low, told.high, told.n)


@lru_cache(maxsize=4)
def _draws(prompts: int) -> resampling.Draws:
    """The same for every figure over so many prompts, so they are drawn once."""
    return resampling.Draws(prompts)


def by_the_hour(seconds: Sequence[float], an_hour: float) -> list[float]:
    """The price of each request on a machine that is paid by the hour and does nothing else meanwhile."""
    return [an_hour * each / 3600 for each in seconds]


def by_the_token(timed: Timed, million_in: float, million_out: float) -> list[float]:
    """The price of each request where tokens are paid."""
    pairs = zip(timed.tokens_in, timed.tokens_out, strict=True)
    return [(million_in * read + million_out * written) / 1e6 for read, written in pairs]


def thousand(prices: Sequence[float]) -> Estimate:
    """The price of 1,000 such requests."""
    return mean([1000 * each for each in prices])


def break_even(before: Sequence[float], after: Sequence[float], once: float) -> BreakEven:
    """When `once`, paid for the training, has come back: by the price of each request `before` (the prompt) and `after`
    (the tuned model), paired by prompt. It leaves out what people's time costs."""
    return paid_back(mean([1000 * (one - other) for one, other in zip(before, after, strict=True)]), once)


def apart(before: Sequence[float], after: Sequence[float]) -> Estimate:
    """What a thousand requests save where the two were not measured on the same prompts: the intervals of both means
    together (MOVER; Zou and Donner, Statistics in Medicine 27, 2008)."""
    one, other = thousand(before), thousand(after)
    assert one.low is not None and one.high is not None and other.low is not None and other.high is not None
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    return Estimate(value, low, high, min(one.n, other.n))


def paid_back(saved: Estimate, once: float) -> BreakEven:
    """When `once` has come back, by what a thousand requests save; of both ends of its interval, too."""
    assert saved.low is not None and saved.high is not None
    if saved.value <= 0:
        return BreakEven(saved, None, once * 1000 / saved.high if saved.high > 0 else None, None)
    high = once * 1000 / saved.low if saved.low > 0 else None
    return BreakEven(saved, once * 1000 / saved.value, once * 1000 / saved.high, high)
