"""How far a tuned model is from examples it learned from and from examples kept aside, by one measure. Pure.

The unit is the example: its mean cross-entropy in nats a token (word piece), so the intervals are over examples. They
say how sure the figure is for other examples like these; not whether the answers are better.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from studio.evaluate.averages import half_width


@dataclass(frozen=True)
class Span:
    """A mean or a difference of means with its 95 % interval; `low` and `high` are None where there is none."""

    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Evidence:
    """`closer`: how much lower the loss is on the `kept_aside` examples than their base's, example by example; `gap`:
    how much higher it is on them than on `learned_from` examples of the training side; both in nats a token."""

    kept_aside: int
    learned_from: int
    loss: float
    closer: Span
    gap: Span


def evidence(before: Sequence[float], after: Sequence[float], known: Sequence[float]) -> Evidence:
    """From each example's loss: those kept aside `before` and `after`, in the same order, and `known` ones after.

    Raises ValueError without examples, or when `before` and `after` are not of the same ones.
    """
    if not after or not known or len(before) != len(after):
        raise ValueError("losses of examples kept aside, before and after, and of known ones are needed")
    return Evidence(
        len(after), len(known), round(_mean(after), 4), nearer(before, after),
        _span(_mean(after) - _mean(known), _welch(after, known)),
    )  # fmt: skip


def nearer(before: Sequence[float], after: Sequence[float]) -> Span:
    """How much lower `after` is than `before`, example by example, in the same order."""
    differences = [was - now for was, now in zip(before, after, strict=True)]
    return _span(_mean(differences), half_width(differences))


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _span(value: float, half: float | None) -> Span:
    if half is None:
        return Span(round(value, 4), None, None)
    return Span(round(value, 4), round(value - half, 4), round(value + half, 4))


def _welch(a: Sequence[float], b: Sequence[float]) -> float | None:
    """Half of the 95 % interval of the difference of two means of separate examples (Welch); None with too few."""
    if len(a) < 2 or len(b) < 2:
        return None
    parts = [sum((v - _mean(values)) ** 2 for v in values) / (len(values) - 1) / len(values) for values in (a, b)]
    if sum(parts) < 1e-12:
        return None
    from scipy.special import stdtrit  # a quarter of a second that only this needs

    freedom = sum(parts) ** 2 / sum(part**2 / (len(v) - 1) for part, v in zip(parts, (a, b), strict=True))
    return float(stdtrit(freedom, 0.975)) * math.sqrt(sum(parts))
