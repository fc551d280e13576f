"""The evidence of a blind round: e-processes, confidence sequences, the test at the cap, a projection.

Everything here works on prompt scores: one number in [0, 1] per completed prompt, where 1 means the
candidate was preferred, 0 the baseline, and 1/2 a tie or both bad. An e-value says how many times its
money a bettor against a null hypothesis would have by now; it may be looked at after every vote.
Source: Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting (JRSS B, 2024).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from studio.records import Refusal

GO_EVIDENCE = 100.0
"""Evidence at which a round is a go: a false go in at most 1 of 100 rounds, however often one looks."""
CAP_P = 0.015
"""The one-sided t test at the cap passes at or below this."""
BASE_EVIDENCE = 20.0
"""Evidence for a no-go, a slice or a bound at the 5 % level; multiplied where several are asked at once."""
LAMBDAS: npt.NDArray[np.float64] = np.arange(1, 50, dtype=np.float64) * 0.02
_LOG_WEIGHTS = -(((LAMBDAS - 0.2) / 0.15) ** 2) / 2
_LOG_WEIGHTS -= np.log(np.exp(_LOG_WEIGHTS).sum())
_LARGEST = 1e300
_BISECTIONS = 45

Scores = Sequence[float] | npt.NDArray[np.float64]


@dataclass(frozen=True)
class Interval:
    """A range for a share in [0, 1], both ends included."""

    low: float
    high: float


@dataclass(frozen=True)
class Projection:
    """How many prompts more would decide, in simulations that redraw the scores seen so far.

    `more` is the median and `low`..`high` the middle half, each None when the simulations that far did
    not decide within `horizon` more prompts. `decided` is the share of simulations that did.
    """

    more: int | None
    low: int | None
    high: int | None
    decided: float
    horizon: int


def evidence_above(scores: Scores, t: float = 0.5) -> float:
    """Evidence against `theta <= t`, for scores in [0, 1] and 0 < t < 1. 1.0 without scores."""
    values, counts = _tally(scores)
    return bounded(_log_above(values, counts, t))


def evidence_below(scores: Scores, t: float) -> float:
    """Evidence against `theta >= t`, for scores in [0, 1] and 0 < t < 1. 1.0 without scores."""
    values, counts = _tally(scores)
    return bounded(_log_below(values, counts, t))


def evidence_by_group(
    scores: Scores, groups: npt.NDArray[np.int_], count: int, t: float, above: bool = True
) -> npt.NDArray[np.float64]:
    """What `evidence_above` or `evidence_below` gives for the scores of each group, shape (count,). `groups`: the
    number of each score's group, below 0 for none."""
    x = _checked(scores)
    told = np.asarray(groups) >= 0
    values, place = np.unique(x[told], return_inverse=True)
    counts = np.zeros((count, len(values)))
    np.add.at(counts, (np.asarray(groups)[told], place), 1.0)
    return np.array([bounded(log) for log in _mixed(counts @ np.log1p(_bets(values, t, above)))])


def evidence_path(scores: Scores, t: float, above: bool = True) -> tuple[float, ...]:
    """The evidence after each score, in order: what a curve shows once a round is closed."""
    x = _checked(scores)
    logs = np.log1p(_bets(x, t, above))
    return tuple(bounded(row) for row in _mixed(np.cumsum(logs, axis=0)))


def confidence_sequence(scores: Scores, alpha: float = 0.05, sides: int = 2) -> Interval:
    """An interval for theta that stays valid while peeking: every t that the evidence does not rule out.

    With `sides=2` both ends hold together with probability 1 - alpha; with `sides=1` each end holds by
    itself at that level. Found by bisection on t, to 1e-13; (0, 1) without scores.
    """
    values, counts = _tally(scores)
    return _sequence(tuple(values), tuple(counts), sides / alpha)


@lru_cache(maxsize=4096)  # while votes come in, most slices are as they were at the vote before
def _sequence(found: tuple[float, ...], times: tuple[float, ...], bound: float) -> Interval:
    values, counts, limit = np.array(found), np.array(times), math.log(bound)
    if not found:
        return Interval(0.0, 1.0)
    return Interval(
        low=_edge(0.0, 1.0, lambda t: _log_above(values, counts, t) >= limit),
        high=_edge(1.0, 0.0, lambda t: _log_below(values, counts, t) >= limit),
    )


def cap_test(scores: Scores) -> float | None:
    """One-sided t test of theta > 1/2, once, at the cap. None when undefined: fewer than 2 scores or all equal."""
    from scipy.special import stdtr  # a quarter of a second that only this needs

    x = _checked(scores)
    if len(x) < 2 or float(np.ptp(x)) == 0.0:
        return None
    t = (x.mean() - 0.5) / (x.std(ddof=1) / math.sqrt(len(x)))
    return float(stdtr(len(x) - 1, -t))


def standard_error(scores: Scores) -> float | None:
    """Standard error of the mean over prompts (votes on one prompt are not independent). None below 2 scores, and where
    all are equal: they say nothing of how far the next may lie."""
    x = _checked(scores)
    return float(x.std(ddof=1) / math.sqrt(len(x))) if len(x) > 1 and float(np.ptp(x)) > 0 else None


def e_holm_thresholds(evidence: Sequence[float], base: float = BASE_EVIDENCE) -> tuple[float, ...]:
    """The threshold each of K e-values must reach: base * K for the largest, base * (K - 1) for the next, ..."""
    order = sorted(range(len(evidence)), key=lambda i: -evidence[i])
    thresholds = [0.0] * len(evidence)
    for rank, i in enumerate(order):
        thresholds[i] = base * (len(evidence) - rank)
    return tuple(thresholds)


def e_holm(evidence: Sequence[float], base: float = BASE_EVIDENCE) -> tuple[bool, ...]:
    """Which of K hypotheses fall, in the order given: step down, stop at the first that does not reach."""
    thresholds = e_holm_thresholds(evidence, base)
    fallen = [False] * len(evidence)
    for i in sorted(range(len(evidence)), key=lambda i: -evidence[i]):
        if evidence[i] < thresholds[i]:
            break
        fallen[i] = True
    return tuple(fallen)


def holm(p_values: Sequence[float]) -> tuple[float, ...]:
    """Holm's adjusted p values, in the order given (Holm, 1979)."""
    adjusted, worst = [0.0] * len(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        worst = max(worst, min(1.0, (len(p_values) - rank) * p_values[i]))
        adjusted[i] = worst
    return tuple(adjusted)


def benjamini_hochberg(p_values: Sequence[float]) -> tuple[float, ...]:
    """Adjusted p values that hold the false discovery rate, in the order given (Benjamini and Hochberg, 1995): to look
    for something worth a closer look, never to claim it."""
    adjusted, least = [0.0] * len(p_values), 1.0
    falling = sorted(range(len(p_values)), key=lambda i: -p_values[i])
    for place, i in enumerate(falling):
        least = min(least, p_values[i] * len(p_values) / (len(p_values) - place))
        adjusted[i] = least
    return tuple(adjusted)


def project(
    scores: Scores, theta_min: float = 0.55, horizon: int = 1000, rounds: int = 200, *, baselines: int = 1
) -> Projection:
    """How many more prompts until go or no-go against the hardest of so many `baselines`; the same answer for the same
    scores.

    Each simulated round draws its own distribution (a Bayesian bootstrap of the scores seen, with one
    pseudo-prompt spread over loss, tie and win), so few prompts give a wide answer. It knows nothing of
    the slices, the floor or other gates, which can need more.
    """
    values, counts = _tally(scores)
    rng = np.random.default_rng(0)
    support = np.concatenate([values, [0.0, 0.5, 1.0]])
    weights = rng.dirichlet(np.concatenate([counts, np.full(3, 1 / 3)]), size=rounds)
    edges = np.cumsum(weights, axis=1)
    steps = (_bets(support, 0.5, True), _bets(support, theta_min, False))
    starts = [counts @ np.log1p(bets[: len(values)]) for bets in steps]
    needed = np.full(rounds, np.inf)
    for i in range(rounds):
        drawn = np.minimum(np.searchsorted(edges[i], rng.random(horizon)), len(support) - 1)
        for bets, start, threshold in zip(steps, starts, (GO_EVIDENCE, BASE_EVIDENCE * baselines), strict=True):
            wealth = _mixed(start + np.cumsum(np.log1p(bets)[drawn], axis=0))
            reached = np.flatnonzero(wealth >= math.log(threshold))
            needed[i] = min(needed[i], reached[0] + 1) if len(reached) else needed[i]
    low, middle, high = (_whole(np.quantile(needed, q, method="higher")) for q in (0.25, 0.5, 0.75))
    return Projection(middle, low, high, float(np.isfinite(needed).mean()), horizon)


def _whole(value: float) -> int | None:
    return int(value) if math.isfinite(value) else None


def _edge(ruled_out: float, kept: float, excludes: Callable[[float], bool]) -> float:
    """Where ruling out ends, from the ruled-out side, so that rounding never narrows the interval."""
    for _ in range(_BISECTIONS):
        middle = (ruled_out + kept) / 2
        if excludes(middle):
            ruled_out = middle
        else:
            kept = middle
    return ruled_out


def _checked(scores: Scores) -> npt.NDArray[np.float64]:
    x = np.asarray(scores, dtype=float)
    if x.ndim != 1 or not bool(np.all((x >= 0) & (x <= 1))):
        raise Refusal("Prompt scores must be one number from 0 to 1 for each prompt; nothing was computed.")
    return x


def _tally(scores: Scores) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The distinct scores and how often each occurs: a handful, so evidence costs microseconds at any n."""
    values, counts = np.unique(_checked(scores), return_counts=True)
    return values, counts.astype(float)


def _bets(values: npt.NDArray[np.float64], t: float, above: bool) -> npt.NDArray[np.float64]:
    """What each lambda gains on each value, shape (values, lambdas), when theta <= t (or >= t) is bet against."""
    gain = (values - t) / t if above else (t - values) / (1 - t)
    return np.outer(gain, LAMBDAS)


def _mixed(logs: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Log of the weighted mean over the lambdas (last axis), computed without overflow."""
    weighted = logs + _LOG_WEIGHTS
    top = weighted.max(axis=-1, keepdims=True)
    return np.asarray(top[..., 0] + np.log(np.exp(weighted - top).sum(axis=-1)))


def _log_above(values: npt.NDArray[np.float64], counts: npt.NDArray[np.float64], t: float) -> float:
    return float(_mixed(counts @ np.log1p(_bets(values, t, True))))


def _log_below(values: npt.NDArray[np.float64], counts: npt.NDArray[np.float64], t: float) -> float:
    return float(_mixed(counts @ np.log1p(_bets(values, t, False))))


def bounded(log_evidence: float) -> float:
    """An e-value from its logarithm, cut at 1e300: it is shown and stored as JSON, which knows no infinity."""
    return math.exp(log_evidence) if log_evidence < math.log(_LARGEST) else _LARGEST
