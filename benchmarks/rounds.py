"""What a blind round can and cannot show: how often the rule says go, and after how many prompts.

Simulated with the studio's own constants, looking after every prompt (25 % ties, cap 200, one vote a prompt):

    python -m benchmarks.rounds

At a true theta of .50 every go is a false one; at .60 the share of gos is the power.
"""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr

from studio.review.evidence import CAP_P, GO_EVIDENCE, LAMBDAS, evidence_above, evidence_path

CAP, TIES, ROUNDS, BATCH = 200, 0.25, 2000, 250
ALPHA = 0.025

Array = npt.NDArray[np.float64]


def draw_rounds(theta: float, rounds: int, seed: int = 0) -> Array:
    """Prompt scores of simulated rounds, shape (rounds, CAP), with mean `theta` and the given share of ties."""
    win = theta - TIES / 2
    return np.random.default_rng(seed).choice([1.0, 0.5, 0.0], p=[win, TIES, 1 - win - TIES], size=(rounds, CAP))


def log_evidence(scores: Array) -> Array:
    """`evidence_path` for many rounds at once, as logs, shape like `scores`."""
    weights = np.exp(-(((LAMBDAS - 0.2) / 0.15) ** 2) / 2)
    wealth = np.cumsum(np.log1p(2 * (scores[:, :, None] - 0.5) * LAMBDAS), axis=1) + np.log(weights / weights.sum())
    top = wealth.max(axis=2, keepdims=True)
    return np.asarray(top[:, :, 0] + np.log(np.exp(wealth - top).sum(axis=2)))


def z_statistics(scores: Array) -> Array:
    """The naive z statistic against 1/2 after each vote, with the spread of no difference, shape like `scores`."""
    n = np.arange(1, scores.shape[1] + 1)
    return np.asarray((np.cumsum(scores, axis=1) / n - 0.5) / np.sqrt((1 - TIES) / 4 / n))


def outcomes(scores: Array) -> dict[str, tuple[float, float, float]]:
    """Rule -> share of rounds that say go, prompts used on average, theta-hat where it stopped with a go."""
    evidence = np.concatenate([log_evidence(scores[i : i + BATCH]) for i in range(0, len(scores), BATCH)])
    t = (scores.mean(axis=1) - 0.5) / (scores.std(axis=1, ddof=1) / np.sqrt(CAP))
    p_cap = stdtr(CAP - 1, -t)
    never = np.zeros(len(scores), dtype=bool)
    by_evidence = evidence >= np.log(GO_EVIDENCE)
    peeked = z_statistics(scores) >= -ndtri(ALPHA)
    return {
        "the registered rule": _summary(scores, by_evidence, p_cap <= CAP_P),
        "e-process alone, at 40": _summary(scores, evidence >= np.log(1 / ALPHA), never),
        "one test at the cap": _summary(scores, np.zeros_like(by_evidence), p_cap <= ALPHA),
        "z test after every vote": _summary(scores, peeked, never),
    }


def _summary(scores: Array, early: npt.NDArray[np.bool_], late: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    stopped = early.any(axis=1)
    used = np.where(stopped, early.argmax(axis=1) + 1, CAP)
    go = stopped | late
    means = np.cumsum(scores, axis=1)[np.arange(len(scores)), used - 1] / used
    return float(go.mean()), float(used.mean()), float(means[go].mean()) if go.any() else float("nan")


def main() -> None:
    """Print the table, after a check that the fast evidence here is the studio's."""
    started = time.perf_counter()
    one = draw_rounds(0.6, 1)[0]
    assert np.allclose(np.exp(log_evidence(one[None])[0]), evidence_path(one, 0.5), rtol=1e-9)
    assert np.isclose(evidence_path(one, 0.5)[-1], evidence_above(one), rtol=1e-9)
    print(f"{ROUNDS} rounds each, {TIES:.0%} ties, cap {CAP}, looking after every prompt\n")
    print(f"{'theta':>5}  {'rule':<24} {'says go':>8} {'+-':>6} {'prompts':>8} {'theta-hat at go':>16}")
    for theta in (0.50, 0.60):
        for rule, (go, prompts, seen) in outcomes(draw_rounds(theta, ROUNDS)).items():
            error = 1.96 * np.sqrt(go * (1 - go) / ROUNDS)
            print(f"{theta:>5.2f}  {rule:<24} {go:>8.3f} {error:>6.3f} {prompts:>8.0f} {seen:>16.3f}")
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
