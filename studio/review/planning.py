"""What a planned round can and cannot show: the whole rule, simulated. Pure; the same plan gives the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.review.evidence import BASE_EVIDENCE, CAP_P, GO_EVIDENCE, LAMBDAS

TIES, SHIPPABLE = 0.25, 0.80
"""Assumed in the simulation: the share of ties, and of the candidate's answers that could be sent as they are."""
_VALUES = (1.0, 0.5, 0.0)  # what one vote can make of a prompt: a win, a tie, a loss
_WEIGHTS = np.exp(-(((LAMBDAS - 0.2) / 0.15) ** 2) / 2)
_WEIGHTS /= _WEIGHTS.sum()

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PlannedSlice:
    """A guardrail slice with `prompts` of the round's prompts in it; a critical one must be cleared for a go."""

    name: str
    prompts: int
    critical: bool = False


@dataclass(frozen=True)
class Outlook:
    """How often a round of `prompts` would say go if people truly preferred the candidate in `theta` of the prompts.

    `preferred`: the share of simulated rounds that end with the preference found; `go`: those in which the floor
    and every critical slice pass as well. `typical`: prompts used in the middle one of the rounds that said go,
    None if few; `used`: in all rounds, on average. `no_go`: rounds that end against the candidate. `thin`: critical
    slices that would be cleared in fewer than half the rounds, with their prompts.
    """

    theta: float
    prompts: int
    preferred: float
    go: float
    typical: int | None
    used: float
    no_go: float
    thin: tuple[tuple[str, int], ...]


def outlook(
    prompts: int, baselines: int, slices: Sequence[PlannedSlice] = (), *, floor: float | None, theta_min: float = 0.55,
    delta: float = 0.10, theta: float = 0.60, rounds: int = 200,
) -> Outlook:  # fmt: skip
    """Simulate rounds of `prompts` prompts against `baselines` arms, each look after every prompt.

    A simulated round ends as a real one does: with a go, with a no-go (against any baseline, by a slice that got
    worse, by the floor), or at its cap. The baselines' votes are drawn independently, every slice with `theta`.
    """
    rng = np.random.default_rng(0)
    shape = (rounds, prompts)
    beaten, cleared, against = np.ones(shape, bool), np.ones(shape, bool), np.zeros(shape, bool)
    members = _members(rng, prompts, slices)
    shares = {each.name: 1.0 for each in slices if each.critical}
    for _ in range(baselines):
        scores = _votes(rng, theta, shape)
        beaten &= _preferred(scores, theta_min)
        against |= _reached(scores, theta_min, BASE_EVIDENCE * baselines, above=False)
        for each, inside in zip(slices, members, strict=True):
            against |= _reached_in(inside, scores, 0.5, BASE_EVIDENCE * len(slices), above=False)
            if each.critical:
                safe = _reached_in(inside, scores, 0.5 - delta, BASE_EVIDENCE)
                shares[each.name] = min(shares[each.name], float(safe[:, -1].mean()))
                cleared &= safe
    if floor is not None:
        ships = (rng.random(shape) < SHIPPABLE).astype(float)
        cleared &= _reached(ships, floor, BASE_EVIDENCE)
        against |= _reached(ships, floor, BASE_EVIDENCE, above=False)
    thin = tuple((each.name, each.prompts) for each in slices if shares.get(each.name, 1.0) < 0.5)
    return _ended(theta, beaten & ~against, cleared, against, thin)


def _ended(theta: float, beaten: Flags, cleared: Flags, against: Flags, thin: tuple[tuple[str, int], ...]) -> Outlook:
    """Each round as it stands at its own end: the first look that decides it, else the last one."""
    rounds, prompts = beaten.shape
    decided = against | (beaten & cleared)
    last = np.where(decided.any(axis=1), decided.argmax(axis=1), prompts - 1)
    row = np.arange(rounds)
    found, preferred = (beaten & cleared)[row, last], beaten[row, last]
    typical = int(np.median(last[found])) + 1 if found.sum() >= 10 else None
    used, lost = float(last.mean()) + 1, float(against[row, last].mean())
    return Outlook(theta, prompts, float(preferred.mean()), float(found.mean()), typical, used, lost, thin)


def _members(rng: np.random.Generator, prompts: int, slices: Sequence[PlannedSlice]) -> list[Flags]:
    """Which of the prompts, in their random order, belong to which slice."""
    order, start, found = rng.permutation(prompts), 0, []
    for each in slices:
        found.append(np.isin(np.arange(prompts), order[start : start + each.prompts]))
        start += each.prompts
    return found


def _votes(rng: np.random.Generator, theta: float, shape: tuple[int, int]) -> Array:
    win = theta - TIES / 2
    return rng.choice(_VALUES, p=[win, TIES, 1 - win - TIES], size=shape)


def _preferred(scores: Array, theta_min: float) -> Flags:
    """After each prompt: the evidence for a go is there (at the cap the test may stand in), and so is the margin."""
    wins = _reached(scores, 0.5, GO_EVIDENCE)
    wins[:, -1] |= _cap_test(scores)
    means = np.cumsum(scores, axis=1) / np.arange(1, scores.shape[1] + 1)
    return wins & (means >= theta_min)


def _reached(scores: Array, t: float, bound: float, above: bool = True) -> Flags:
    """Whether the evidence against theta <= t (or >= t) stands at `bound` or more after each prompt of each round.

    As `evidence_path`, but from counts and in single precision: a page waits for it.
    """
    values = np.array(_VALUES)
    gain = (values - t) / t if above else (t - values) / (1 - t)
    bets = np.log1p(np.outer(gain, LAMBDAS)).astype(np.float32)
    counts = np.stack([np.cumsum(scores == v, axis=1, dtype=np.float32) for v in _VALUES], axis=-1)
    with np.errstate(over="ignore"):  # an infinite wealth has reached any bound
        return np.asarray(np.exp(counts @ bets) @ _WEIGHTS.astype(np.float32) >= bound)


def _reached_in(inside: Flags, scores: Array, t: float, bound: float, above: bool = True) -> Flags:
    """`_reached` over the prompts `inside` a slice, told after each prompt of the round."""
    before = np.zeros((len(scores), 1), dtype=bool)  # no prompt, no evidence
    told = np.concatenate([before, _reached(scores[:, inside], t, bound, above)], axis=1)
    return np.asarray(told[:, np.cumsum(inside)])


def _cap_test(scores: Array) -> Flags:
    from scipy.special import stdtr

    n = scores.shape[1]
    if n < 2:
        return np.zeros(len(scores), dtype=bool)
    spread = scores.std(axis=1, ddof=1)
    t = (scores.mean(axis=1) - 0.5) / np.where(spread > 0, spread / np.sqrt(n), np.inf)
    return np.asarray(stdtr(n - 1, -t) <= CAP_P)
