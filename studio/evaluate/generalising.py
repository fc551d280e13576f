"""Does it hold on what it has not seen? The gap between inputs an arm learned from and unseen ones, in words. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studio.evaluate.resampling import Floats
from studio.wording import percent


@dataclass(frozen=True)
class Gap:
    """The mean main score, in [0, 1], on `n_learned` inputs it learned from and on `n_new` unseen ones, and by how much
    the first is higher, less the base's own gap where it answered too, with its 95 % interval. `base`: the same gap of
    an arm that learned from neither, None when it did not answer: what of the gap is there because the inputs are
    easier."""

    learned: float
    new: float
    n_learned: int
    n_new: int
    gap: float
    low: float
    high: float
    base: float | None
    sentence: str


def gap(
    learned: Sequence[float], new: Sequence[float], *, base: tuple[Sequence[float], Sequence[float]] | None, of: str
) -> Gap | None:
    """`learned` and `new`: the main scores of a tuned arm; `base`: the base's on the same inputs. `of`: what the score
    is, in words. None without an answer to either.

    Welch's interval; with the base's answers it is the difference of both gaps, so that easier inputs do not count as
    learned by heart. Does not say whether what it knows is the examples or the task they show.
    """
    if len(learned) < 2 or len(new) < 2:
        return None
    one, two = np.asarray(learned, float), np.asarray(new, float)
    raw = float(one.mean() - two.mean())
    noise = _noise(one) + _noise(two)
    easier, fewest = None, min(len(one), len(two))
    if base is not None and min(len(base[0]), len(base[1])) >= 2:
        fewest = min(fewest, len(base[0]), len(base[1]))
        before, after = np.asarray(base[0], float), np.asarray(base[1], float)
        easier = float(before.mean() - after.mean())
        noise += _noise(before) + _noise(after)
    value, half = raw - (easier or 0.0), _half(noise, fewest)
    low, high = value - half, value + half
    said = (
        f"On inputs it learned from {percent(one.mean())} {of}, on unseen ones {percent(two.mean())} "
        f"(n = {len(one):,} and {len(two):,})."
    )
    if easier is not None:
        said += f" The base, which learned neither, is {abs(100 * easier):.0f} points {_way(easier)} on the first."
    return Gap(float(one.mean()), float(two.mean()), len(one), len(two), value, low, high, easier,
               f"{said} {_told(value, low, high, easier is not None)}")  # fmt: skip


def apart(one: Sequence[float], two: Sequence[float]) -> tuple[float, float, float]:
    """By how much the mean of `one` is above that of `two`, other prompts, with its 95 % interval (Welch's, with the
    degrees of freedom of the smaller). Both have at least two scores."""
    first, second = np.asarray(one, float), np.asarray(two, float)
    value = float(first.mean() - second.mean())
    half = _half(_noise(first) + _noise(second), min(len(first), len(second)))
    return value, value - half, value + half


def _told(value: float, low: float, high: float, beyond: bool) -> str:
    """`beyond`: the base's own gap was taken off."""
    interval = f"95 % interval {100 * low:+.0f} to {100 * high:+.0f} points"
    if low > 0:
        return (
            f"{'Beyond that it' if beyond else 'It'} does {100 * value:.0f} points better on what it has seen "
            f"({interval}): part of it is learned by heart. More or more varied examples, or fewer "
            "passes over them, help."
        )
    if high < 0.10:
        return f"What it learned carries over to inputs it has not seen ({interval})."
    return f"Whether it carries over cannot be told from so few ({interval}); let it answer more of both."


def _way(gap: float) -> str:
    return "better" if gap >= 0 else "worse"


def _noise(values: Floats) -> float:
    return float(values.var(ddof=1)) / len(values)


def _half(noise: float, n: int) -> float:
    """Half a 95 % interval; where all are alike, as far as n such prompts can be trusted."""
    from scipy.special import stdtrit  # half a second that the server does not need to start

    return max(float(stdtrit(n - 1, 0.975)) * math.sqrt(noise), 3.0 / n if noise < 1e-12 else 0.0)
