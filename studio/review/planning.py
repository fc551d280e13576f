"""What a planned round can and cannot show: the whole rule, simulated. Pure; the same plan gives the same answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.review.evidence import BASE_EVIDENCE, CAP_P, GO_EVIDENCE, LAMBDAS

TIES, SHIPPABLE = 0.25, 0.80
"""Assumed in the simulation: the share of ties, and of the candidate's answers that could be sent as they are."""
_LOG_WEIGHTS = -(((LAMBDAS - 0.2) / 0.15) ** 2) / 2
_LOG_WEIGHTS -= np.log(np.exp(_LOG_WEIGHTS).sum())

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outlook:
    """How often a round of `prompts` would say go if people truly preferred the candidate in `theta` of the prompts.

    `preferred`: the share of simulated rounds that find the preference; `go`: those in which the floor and every
    critical slice pass as well. `typical`: prompts used in the middle one of the rounds that said go, None if few.
    `thin`: critical slices that would be cleared in fewer than half the rounds, with their number of prompts.
    """

    theta: float
    prompts: int
    preferred: float
    go: float
    typical: int | None
    thin: tuple[tuple[str, int], ...]


def outlook(
    prompts: int, baselines: int, critical: Mapping[str, int], *, floor: float | None, delta: float = 0.10,
    theta: float = 0.60, rounds: int = 200,
) -> Outlook:  # fmt: skip
    """Simulate rounds of `prompts` prompts against `baselines` arms, each look after every prompt.

    `critical`: slice -> how many of the prompts are in it. The baselines' votes are drawn independently.
    """
    rng = np.random.default_rng(0)
    beaten, cleared = np.ones((rounds, prompts), dtype=bool), np.ones((rounds, prompts), dtype=bool)
    counts = dict.fromkeys(critical, 1.0)
    members = _members(rng, prompts, critical)
    for _ in range(baselines):
        scores = _votes(rng, theta, (rounds, prompts))
        wins = _log_evidence(scores, 0.5) >= np.log(GO_EVIDENCE)
        wins[:, -1] |= _cap_test(scores)
        beaten &= wins
        for name, inside in members.items():
            safe = _log_evidence(scores, 0.5 - delta, inside) >= np.log(BASE_EVIDENCE)
            counts[name] = min(counts[name], float(safe[:, -1].mean()))
            cleared &= safe
    if floor is not None:
        ships = (rng.random((rounds, prompts)) < SHIPPABLE).astype(float)
        cleared &= _log_evidence(ships, floor) >= np.log(BASE_EVIDENCE)
    both = beaten & cleared
    found = both.any(axis=1)
    return Outlook(
        theta, prompts, float(beaten.any(axis=1).mean()), float(found.mean()),
        int(np.median(both[found].argmax(axis=1))) + 1 if found.sum() >= 10 else None,
        tuple((name, critical[name]) for name, share in counts.items() if share < 0.5),
    )  # fmt: skip


def _members(rng: np.random.Generator, prompts: int, critical: Mapping[str, int]) -> dict[str, npt.NDArray[np.bool_]]:
    """Which of the prompts, in their random order, belong to which critical slice."""
    order, start, found = rng.permutation(prompts), 0, {}
    for name, count in critical.items():
        found[name] = np.isin(np.arange(prompts), order[start : start + count])
        start += count
    return found


def _votes(rng: np.random.Generator, theta: float, shape: tuple[int, int]) -> Array:
    win = theta - TIES / 2
    return rng.choice([1.0, 0.5, 0.0], p=[win, TIES, 1 - win - TIES], size=shape)


def _log_evidence(scores: Array, t: float, inside: npt.NDArray[np.bool_] | None = None) -> Array:
    """`evidence_path` against theta <= t for many rounds at once, as logs; prompts not `inside` bet nothing."""
    bets = np.log1p(((scores - t) / t)[:, :, None] * LAMBDAS)
    if inside is not None:
        bets = bets * inside[None, :, None]
    wealth = np.cumsum(bets, axis=1) + _LOG_WEIGHTS
    top = wealth.max(axis=2, keepdims=True)
    return np.asarray(top[:, :, 0] + np.log(np.exp(wealth - top).sum(axis=2)))


def _cap_test(scores: Array) -> npt.NDArray[np.bool_]:
    from scipy.special import stdtr

    n, spread = scores.shape[1], scores.std(axis=1, ddof=1)
    if n < 2:
        return np.zeros(len(scores), dtype=bool)
    t = (scores.mean(axis=1) - 0.5) / np.where(spread > 0, spread / np.sqrt(n), np.inf)
    return np.asarray(stdtr(n - 1, -t) <= CAP_P)
