"""Would the registered automatic scores make blind rounds shorter? Bets on votes from which a forecast is taken away.

    python -m benchmarks.rounds_adjusted [--rounds 2000]

Before a prompt is voted on, its automatic score a in [0, 1] is known for both arms (here: one number, how much better
the candidate looks to the checks). The adjusted score is y = x - b (a - p), where p is the mean automatic score of m
further prompts of the registered random order that nobody votes on and that are used once, and b in [-1/2, 1/2] is
the slope of x on a in the prompts before. Given all before, E[y] = E[x], whatever a has to do with x: so the e-process
on y is one against theta <= 1/2, at any stopping time. The price is m times as many prompts with answers.

Each null has theta at 1/2 exactly: with no, a positive and a negative relation, one that turns round half-way, and one
in which a says everything about a third of the prompts. Beside it, two tempting rules that are no e-processes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, ndtri, stdtr

from studio.review.evidence import CAP_P, GO_EVIDENCE, LAMBDAS

CAP, TIES, ROUNDS, RIDGE = 200, 0.25, 2000, 2.0

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Drawn:
    """Votes (rounds, CAP), automatic scores of the same prompts, and of prompts nobody votes on (rounds, CAP, m)."""

    votes: Array
    scores: Array
    pool: Array


def draw(theta: float, relation: Callable[[Array], Array], rounds: int, m: int, seed: int = 0) -> Drawn:
    """`relation`: step (1, CAP) -> how far vote and score hang together, a correlation of their normal causes."""
    rng = np.random.default_rng(seed)
    cause, own = rng.normal(size=(2, rounds, CAP))
    rho = relation(np.arange(CAP)[None])
    mixed = rho * cause + np.sqrt(1 - rho**2) * own
    win = theta - TIES / 2
    votes = np.where(mixed > ndtri(1 - win), 1.0, np.where(mixed > ndtri(1 - win - TIES), 0.5, 0.0))
    return Drawn(votes, ndtr(cause), rng.random((rounds, CAP, m)))


def mixture(gains: Array, most: float) -> Array:
    """Log evidence after each prompt: bets 1 + lambda * gain over the studio's mixture, up to `most`."""
    lambdas = LAMBDAS[most >= LAMBDAS]
    weights = -(((lambdas - 0.2) / 0.15) ** 2) / 2
    weights -= np.log(np.exp(weights).sum())
    wealth = np.zeros((len(gains), len(lambdas))) + weights
    path = np.empty_like(gains)
    for step in range(gains.shape[1]):
        wealth += np.log1p(gains[:, step, None] * lambdas)
        top = wealth.max(axis=1)
        path[:, step] = top + np.log(np.exp(wealth - top[:, None]).sum(axis=1))
    return path


def slopes(drawn: Drawn) -> Array:
    """b before each prompt, from the prompts before it: shrunk, cut at 1/2, and for a pool of m made smaller."""
    m = drawn.pool.shape[2]
    n = np.arange(CAP)
    x, a = (np.cumsum(part, axis=1) - part for part in (drawn.votes, drawn.scores))
    xa, aa = (np.cumsum(part, axis=1) - part for part in (drawn.votes * drawn.scores, drawn.scores**2))
    counted = np.maximum(n, 1)
    covariance, variance = xa - x * a / counted, aa - a**2 / counted
    return np.clip(covariance / (variance + RIDGE) * m / (m + 1), -0.5, 0.5)


def adjusted(drawn: Drawn) -> Array:
    return drawn.votes - slopes(drawn) * (drawn.scores - drawn.pool.mean(axis=2))


def go(scores: Array, most: float) -> tuple[float, float]:
    """Share of rounds that say go by the registered hybrid, and prompts used on average."""
    early = mixture(2 * (scores - 0.5), most) >= np.log(GO_EVIDENCE)
    t = (scores.mean(axis=1) - 0.5) / (scores.std(axis=1, ddof=1) / np.sqrt(CAP))
    stopped = early.any(axis=1)
    used = np.where(stopped, early.argmax(axis=1) + 1, CAP)
    return float((stopped | (stdtr(CAP - 1, -t) <= CAP_P)).mean()), float(used.mean())


def plain(drawn: Drawn) -> tuple[float, float]:
    return go(drawn.votes, 1.0)


def by_pool(drawn: Drawn) -> tuple[float, float]:
    return go(adjusted(drawn), 0.49)  # y - 1/2 lies in [-1, 1], so a bet may not be larger


def bet_by_score(drawn: Drawn) -> tuple[float, float]:
    """No e-process: it bets more where the score is high, so it finds a relation even where theta is 1/2."""
    return go(0.5 + (drawn.votes - 0.5) * 2 * drawn.scores, 0.49)


def other_pool(drawn: Drawn) -> tuple[float, float]:
    """No e-process: the further prompts come from elsewhere, where the candidate looks better by .1."""
    shifted = Drawn(drawn.votes, drawn.scores, np.minimum(drawn.pool + 0.1, 1.0))
    return go(adjusted(shifted), 0.49)


def always(rho: float) -> Callable[[Array], Array]:
    return lambda step: np.full(step.shape, rho)


NULLS = {
    "no relation": always(0.0), "r = .6": always(0.6), "r = -.6": always(-0.6),
    "turns half-way": lambda step: np.where(step < CAP // 2, 0.7, -0.7),
    "all of every third": lambda step: np.where(step % 3 == 0, 0.99, 0.0),
}  # fmt: skip
RULES = {"registered rule": plain, "adjusted": by_pool, "bets by score (wrong)": bet_by_score,
         "pool of others (wrong)": other_pool}  # fmt: skip


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    rounds, started = parser.parse_args().rounds, time.perf_counter()
    print(
        f"False gos at theta .50, {rounds} rounds each, m = 4\n\n{'relation':<20}" + "".join(f"{n:>24}" for n in RULES)
    )
    for name, relation in NULLS.items():
        drawn = draw(0.5, relation, rounds, 4, seed=1)
        print(f"{name:<20}" + "".join(f"{rule(drawn)[0]:>24.3f}" for rule in RULES.values()))
    print("\nPower and prompts at theta .60\n")
    print(f"{'r':>4} {'r of vote and score':>20} {'m':>3} {'says go':>8} {'prompts':>8}")
    for rho in (0.0, 0.3, 0.5, 0.7):
        drawn = draw(0.6, always(rho), rounds, 8, seed=2)
        seen = float(np.corrcoef(drawn.votes.ravel(), drawn.scores.ravel())[0, 1])
        for m in (0, 1, 4, 8):
            power, used = by_pool(Drawn(drawn.votes, drawn.scores, drawn.pool[:, :, :m])) if m else plain(drawn)
            print(f"{rho:>4.1f} {seen:>20.2f} {m or '-':>3} {power:>8.3f} {used:>8.0f}")
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
