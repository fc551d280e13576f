"""Would more examples help? What runs on a quarter, half and all of the rows say, in words. Pure.

Compared are the losses of the same prompts kept aside, each run at its closest: two runs differ by less noise prompt by
prompt than their means do. The interval is a bootstrap over groups of prompts that belong together, widened for
few of them ("expanded percentile", Hesterberg, The American Statistician 69, 2015). It holds for other prompts of the
same kind; it does not cover what another random start would change, nor whether people would prefer the answers.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studio.wording import percent

NOTICEABLE = 0.03
"""A share of the loss below which a gain is not worth the writing."""
LEAST_GROUPS = 10
_LEAST_OF_A_SLICE = 5
_RESAMPLES = 4000
_MOST_TIMES = 20
_SHOWN = 0.005


@dataclass(frozen=True)
class Part:
    """A run on a share (0 to 1] of the rows: how many `rows` and `steps`, and each prompt's loss (nats a token)."""

    share: float
    rows: int
    steps: int
    losses: Mapping[str, float]


@dataclass(frozen=True)
class Gain:
    """How much nearer to the answers, in nats a token, with its 95 % interval; over `n` prompts in `groups` groups."""

    value: float
    low: float
    high: float
    n: int
    groups: int


@dataclass(frozen=True)
class Point:
    """A part in the chart: the mean loss over prompts, and the interval of its distance to the whole set around it."""

    share: float
    rows: int
    loss: float
    low: float
    high: float


@dataclass(frozen=True)
class Answer:
    """`word`: yes, hardly, worse or unclear; `sentence` says it, `evidence` why, with its figures. `gain`: of the last
    doubling; `slices`: the same, slice by slice."""

    word: str
    sentence: str
    evidence: str
    gain: Gain
    points: tuple[Point, ...]
    slices: tuple[tuple[str, Gain], ...]


def answer(parts: Sequence[Part], groups: Mapping[str, str], slices: Mapping[str, str]) -> Answer:
    """From at least two parts, the last the whole set. `groups` and `slices`: prompt -> its group ("": alone), slice.

    Only prompts that every part was measured on count. Raises ValueError when there is none.
    """
    parts = sorted(parts, key=lambda part: part.share)
    shared = [name for name in parts[-1].losses if all(name in part.losses for part in parts)]
    if not shared or len(parts) < 2:
        raise ValueError("a learning curve needs two parts that were measured on the same prompts")
    before, whole = parts[-2], parts[-1]
    gain = _gain(before, whole, shared, groups)
    levels = [_mean(part, shared) for part in parts]
    word = _word(gain, levels[-2])
    by_slice = defaultdict(list)
    for name in shared:
        by_slice[slices.get(name, "")].append(name)
    named = [(each, _gain(before, whole, names, groups)) for each, names in sorted(by_slice.items())
             if len(names) >= _LEAST_OF_A_SLICE]  # fmt: skip
    told = tuple(named) if len(by_slice) > 1 else ()
    return Answer(word, *_said(word, before, whole, levels, gain), gain, _points(parts, shared, groups), told)


def _mean(part: Part, names: Sequence[str]) -> float:
    return sum(part.losses[name] for name in names) / len(names)


def _gain(before: Part, after: Part, names: Sequence[str], groups: Mapping[str, str]) -> Gain:
    together: dict[str, list[float]] = defaultdict(list)
    for name in names:
        group = groups.get(name, "")
        together[f"group/{group}" if group else f"row/{name}"].append(before.losses[name] - after.losses[name])
    sums = np.array([sum(values) for values in together.values()])
    counts = np.array([len(values) for values in together.values()])
    low, high = _interval(sums, counts)
    return Gain(float(sums.sum() / counts.sum()), low, high, len(names), len(together))


def _interval(sums: np.ndarray, counts: np.ndarray) -> tuple[float, float]:
    """Of the mean over prompts, by drawing whole groups; the same for the same numbers."""
    n = len(sums)
    if n < 2:
        return -math.inf, math.inf
    from scipy.special import ndtr, stdtrit

    drawn = np.random.default_rng(0).multinomial(n, np.full(n, 1 / n), size=_RESAMPLES)
    means = (drawn @ sums) / (drawn @ counts)
    tail = float(ndtr(-math.sqrt(n / (n - 1)) * stdtrit(n - 1, 0.975)))
    low, high = np.quantile(means, (tail, 1 - tail))
    return float(low), float(high)


def _points(parts: Sequence[Part], names: Sequence[str], groups: Mapping[str, str]) -> tuple[Point, ...]:
    whole = _mean(parts[-1], names)
    points = []
    for part in parts[:-1]:
        far = _gain(part, parts[-1], names, groups)
        points.append(Point(part.share, part.rows, whole + far.value, whole + far.low, whole + far.high))
    return (*points, Point(parts[-1].share, parts[-1].rows, whole, whole, whole))


def _word(gain: Gain, level: float) -> str:
    worth = NOTICEABLE * level
    if gain.groups < LEAST_GROUPS:
        return "unclear"
    if gain.high < 0 and gain.value <= -worth:
        return "worse"
    if gain.high < worth:
        return "hardly"
    return "yes" if gain.low > 0 and gain.value >= worth else "unclear"


def signed(value: float) -> str:
    """A difference of losses with its sign, and nought without one."""
    return f"{value:+.2f}" if abs(value) >= _SHOWN else "0.00"


_SENTENCES = {
    "yes": "Yes: more examples of this kind would most likely help.",
    "hardly": "No: more examples of the same kind would hardly help.",
    "worse": "No: the second half of the examples made it worse.",
    "unclear": "Not enough to tell.",
}


def _said(word: str, before: Part, whole: Part, levels: Sequence[float], gain: Gain) -> tuple[str, str]:
    """The verdict, and its evidence with what to do next."""
    if gain.groups < LEAST_GROUPS:
        why = (
            f"Only {gain.groups} independent prompts are kept aside, and at least {LEAST_GROUPS} are needed to answer."
        )
        return _SENTENCES[word], f"{why} Approve more examples and freeze a larger set."
    figures = (
        f"From {before.rows:,} to {whole.rows:,} examples, the loss on those kept aside went from {levels[-2]:.2f} to "
        f"{levels[-1]:.2f} (lower is closer to your answers; nearer by {signed(gain.value)}, 95 % interval "
        f"{signed(gain.low)} to {signed(gain.high)}, n = {gain.n} prompts)"
    )
    return _SENTENCES[word], f"{figures}{_then(word, whole, levels[-2], gain)}"


def _then(word: str, whole: Part, level: float, gain: Gain) -> str:
    if word == "yes":
        return (
            f", which is {percent(gain.value / level)} closer. The next doubling, to about {2 * whole.rows:,} "
            "examples, may bring as much again; as a rule each brings less than the one before."
        )
    if word == "hardly":
        return f": less than {percent(NOTICEABLE)}. Other kinds of input, or better answers, may still help."
    if word == "worse":
        return ". Look for answers that contradict each other before you write more."
    times = ((gain.high - gain.low) / (NOTICEABLE * level)) ** 2
    if times > _MOST_TIMES:
        return ", so the doubling may have been worth it or not. Telling takes far more prompts kept aside."
    needed = math.ceil(times * gain.n / 10) * 10
    return f", so the doubling may have been worth it or not. About {needed:,} prompts kept aside would tell."
