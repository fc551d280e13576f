"""The display ranking of several arms: Bradley-Terry with ties, intervals by bootstrap over prompts.

The model is Davidson's (JASA 65, 1970): with strengths pi and a tie parameter nu,
P(i beats j) = pi_i / D, P(tie) = nu sqrt(pi_i pi_j) / D, D = pi_i + pi_j + nu sqrt(pi_i pi_j).
It is fitted to all comparisons at once, so the order of the votes cannot matter. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.records import Refusal
from studio.review.assessment import Assessment
from studio.review.evidence import Interval

RIDGE = 1e-5
"""Keeps an arm that never lost at a large but finite strength; moves ordinary fits in the sixth decimal."""
_STEPS = 200

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Fit:
    """Strengths with geometric mean 1, and the tie parameter nu (0 when there are no ties)."""

    strengths: dict[str, float]
    nu: float


@dataclass(frozen=True)
class Comparison:
    """What one prompt says about two arms: votes won by `a`, tied, won by `b` (shares or counts)."""

    prompt: str
    a: str
    b: str
    won: float = 0.0
    tied: float = 0.0
    lost: float = 0.0


@dataclass(frozen=True)
class Standing:
    """One arm's strength (geometric mean of all arms is 1) with its 95 % bootstrap interval."""

    arm: str
    strength: float
    interval: Interval

    @property
    def share(self) -> tuple[float, float, float]:
        """How often it would be preferred to an arm of average strength where people prefer one of the two, in [0, 1],
        with the ends of its interval."""
        low, value, high = (each / (1 + each) for each in (self.interval.low, self.strength, self.interval.high))
        return value, low, high


def davidson(wins: Mapping[tuple[str, str], float], ties: Mapping[tuple[str, str], float] | None = None) -> Fit:
    """Fit to counts: `wins[i, j]` times i was preferred to j, `ties[i, j]` times neither.

    Without ties this is plain Bradley-Terry. Raises Refusal without any comparison.
    """
    told = [Comparison("", i, j, won=n) for (i, j), n in wins.items()]
    told += [Comparison("", i, j, tied=n) for (i, j), n in (ties or {}).items()]
    arms, outcomes = _outcomes(told)
    logs, nus = _fit(outcomes.sum(axis=0)[None], arms)
    return Fit(dict(zip(arms, np.exp(logs[0]).tolist(), strict=True)), float(nus[0]))


def ranking(comparisons: Iterable[Comparison], resamples: int = 500) -> tuple[Standing, ...]:
    """The arms, strongest first, resampling whole prompts; the same answer for the same comparisons."""
    told = sorted(comparisons, key=lambda c: (c.prompt, c.a, c.b))
    arms, outcomes = _outcomes(told)
    places = {prompt: n for n, prompt in enumerate(dict.fromkeys(c.prompt for c in told))}
    prompts = np.zeros((len(places), *outcomes.shape[1:]))
    np.add.at(prompts, [places[c.prompt] for c in told], outcomes)
    # Prompts with the same outcome are drawn together: a handful of patterns instead of every prompt.
    patterns, counts = np.unique(prompts, axis=0, return_counts=True)
    drawn = np.random.default_rng(0).multinomial(len(prompts), counts / len(prompts), size=resamples)
    point, _ = _fit(prompts.sum(axis=0)[None], arms)
    spread, _ = _fit(np.einsum("rp,pko->rko", drawn, patterns), arms)
    low, high = np.exp(np.quantile(spread, (0.025, 0.975), axis=0))
    order = sorted(range(len(arms)), key=lambda k: -point[0, k])
    return tuple(Standing(arms[k], float(np.exp(point[0, k])), Interval(float(low[k]), float(high[k]))) for k in order)


def of_assessments(told: Iterable[Assessment], resamples: int = 500) -> tuple[Standing, ...]:
    """The arms of a round. Every prompt weighs the same, however many votes it got."""
    compared = [
        Comparison(p.prompt, a.candidate, b.baseline, *(p.labels.count(x) / len(p.labels) for x in (1.0, 0.5, 0.0)))
        for a in told
        for b in a.against
        for p in b.scored.prompts
    ]
    return ranking(compared, resamples)


def _pairs(arms: list[str]) -> list[tuple[str, str]]:
    return [(a, b) for n, a in enumerate(arms) for b in arms[n + 1 :]]


def _outcomes(told: list[Comparison]) -> tuple[list[str], Array]:
    """The arms, sorted, and counts of shape (comparisons, pairs of arms, [first won, second won, tie])."""
    if not told:
        raise Refusal("There is nothing to rank: no two arms were compared.")
    if any(c.a == c.b for c in told):
        raise Refusal("An arm cannot be compared with itself; nothing was ranked.")
    arms = sorted({c.a for c in told} | {c.b for c in told})
    places = {pair: n for n, pair in enumerate(_pairs(arms))}
    outcomes = np.zeros((len(told), len(places), 3))
    for row, c in zip(outcomes, told, strict=True):
        if c.a < c.b:
            row[places[c.a, c.b]] = (c.won, c.lost, c.tied)
        else:
            row[places[c.b, c.a]] = (c.lost, c.won, c.tied)
    return arms, outcomes


def _fit(outcomes: Array, arms: list[str]) -> tuple[Array, Array]:
    """Newton's method on many data sets at once: counts (sets, pairs, 3) to log strengths (sets, arms) and nu (sets,).

    Davidson's model is a multinomial logit in (log pi, log nu), so the likelihood is concave.
    """
    design = _design(arms)
    tied = bool(outcomes[:, :, 2].any())
    if not tied:
        outcomes, design = outcomes[:, :, :2], design[:, :2, :-1]
    totals = outcomes.sum(axis=2)
    beta = np.zeros((len(outcomes), design.shape[2]))
    for _ in range(_STEPS):
        logits = np.einsum("pod,sd->spo", design, beta)
        chances = np.exp(logits - logits.max(axis=2, keepdims=True))
        chances /= chances.sum(axis=2, keepdims=True)
        slope = np.einsum("spo,pod->sd", outcomes - totals[:, :, None] * chances, design) - RIDGE * beta
        means = np.einsum("spo,pod->spd", chances, design)
        curve = np.einsum("sp,spo,pod,poe->sde", totals, chances, design, design, optimize=True)
        curve -= np.einsum("sp,spd,spe->sde", totals, means, means, optimize=True)
        step = np.linalg.solve(curve + RIDGE * np.eye(design.shape[2]), slope[:, :, None])[:, :, 0]
        beta += np.clip(step, -1.0, 1.0)  # a full step can overshoot where one arm won everything
        if np.abs(step).max() < 1e-10:
            break
    logs = beta[:, : len(arms)]
    logs = logs - logs.mean(axis=1, keepdims=True)
    return logs, np.exp(beta[:, -1]) if tied else np.zeros(len(outcomes))


def _design(arms: list[str]) -> Array:
    """Shape (pairs, [first won, second won, tie], arms + 1): the logits' coefficients of log pi and log nu."""
    pairs = _pairs(arms)
    design = np.zeros((len(pairs), 3, len(arms) + 1))
    for row, (a, b) in zip(design, pairs, strict=True):
        i, j = arms.index(a), arms.index(b)
        row[0, i] = row[1, j] = row[2, -1] = 1.0
        row[2, i] = row[2, j] = 0.5
    return design
