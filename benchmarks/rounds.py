"""What a blind round can and cannot show: how often the rule says go, and after how many prompts.

Simulated with the studio's own constants, looking after every prompt (25 % ties, cap 200, one vote a prompt):

    python -m benchmarks.rounds [--rounds 2000] [--check 200]

At a true theta of .50 every go is a false one; at .60 the share of gos is the power. Then the whole rule, slices and
floor included, by the planner's own simulation; and how often the 95 % intervals hold the truth when prompts have
three votes of eight reviewers who differ.
"""

from __future__ import annotations

import argparse
import math
import time

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtr

from studio.records import Choice, Verdict
from studio.review.assessment import assess, stop_reason
from studio.review.evidence import (
    CAP_P,
    GO_EVIDENCE,
    LAMBDAS,
    confidence_sequence,
    evidence_above,
    evidence_path,
)
from studio.review.planning import SHIPPABLE, PlannedSlice, outlook
from studio.review.scoring import Ballot, Guardrail, PlannedPrompt, Registration
from studio.review.sensitivity import two_way

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


# -- the whole rule --------------------------------------------------------------------------------


def whole_rule(rounds: int) -> None:
    """The planner's simulation of section 4 of the method: preference, six slices, some of them critical, the floor."""
    print(f"\nThe whole rule, {rounds} rounds each, cap {CAP}, six slices of 33 prompts, 80 % of answers could ship\n")
    print(f"{'theta':>5}  {'critical':>8} {'floor':>6} {'preferred':>10} {'says go':>8} {'+-':>6} {'no go':>6} prompts")
    for theta in (0.50, 0.60, 0.65, 0.70):
        for critical, floor in ((None, None), (0, 0.60), (1, 0.60), (2, 0.60), (6, 0.60)):
            slices = () if critical is None else [PlannedSlice(f"s{i}", CAP // 6, i < critical) for i in range(6)]
            found = outlook(CAP, 1, slices, floor=floor, theta=theta, rounds=rounds)
            error = 1.96 * math.sqrt(found.go * (1 - found.go) / rounds)
            plan = f"{'none' if critical is None else f'{critical} of 6':>8} {floor or 'none':>6}"
            shares = f"{found.preferred:>10.3f} {found.go:>8.3f} {error:>6.3f} {found.no_go:>6.3f}"
            print(f"{theta:>5.2f}  {plan} {shares} {found.used:>7.0f}")


def by_the_rule_itself(rounds: int, theta: float = 0.65, critical: int = 2) -> tuple[float, float]:
    """Share of gos and mean prompts when `assess` is asked after every prompt, as the server does: what the planner's
    simulation must come near to. Slow: some milliseconds a look."""
    rng, slices = np.random.default_rng(5), CAP // 33
    gos, used = 0, 0
    for _ in range(rounds):
        kinds = rng.permutation([f"s{i % slices}" if i < slices * 33 else "" for i in range(CAP)])
        plan = Registration(
            "tuned", ("base",), tuple(PlannedPrompt(f"p{i}", kind) for i, kind in enumerate(kinds)), CAP,
            guardrails=tuple(Guardrail(f"s{i}", critical=i < critical) for i in range(slices)),
        )  # fmt: skip
        win = theta - TIES / 2
        choices = rng.choice(["a", "tie", "b"], p=[win, TIES, 1 - win - TIES], size=CAP)
        cast = [
            Ballot(f"p{i}", "base", "r", Choice(choice), shippable_a=bool(rng.random() < SHIPPABLE))
            for i, choice in enumerate(choices)
        ]
        looks = (assess(cast[:n], plan) for n in range(1, CAP + 1))
        ended = next(found for found in looks if stop_reason([found]))
        gos, used = gos + (ended.votes_alone is Verdict.go), used + ended.done
    return gos / rounds, used / rounds


def print_check(rounds: int) -> None:
    """The rule itself beside the planner's simulation of it."""
    go, used = by_the_rule_itself(rounds)
    slices = [PlannedSlice(f"s{i}", 33, i < 2) for i in range(6)]
    told = outlook(CAP, 1, slices, floor=0.6, theta=0.65, rounds=ROUNDS)
    print("theta .65, 2 of 6 slices critical, floor .60\n")
    print(f"the rule, vote by vote: go {go:.3f} +- {1.96 * math.sqrt(go * (1 - go) / rounds):.3f}, {used:.0f} prompts")
    print(f"the planner:            go {told.go:.3f}, {told.used:.0f} prompts")


# -- coverage --------------------------------------------------------------------------------------


def coverage(rounds: int, prompts: int = 120, votes: int = 3, raters: int = 8) -> dict[str, float]:
    """Interval -> the share of simulated panels in which it holds the truth: the panel's own theta for the first three,
    that of all reviewers there could be for the last two; and the share of couples of votes that agree.

    A vote is a win, tie or loss by the prompt's own quality (sd 2 on the logit), the reviewer's leaning (sd .6) and
    chance; each prompt goes to `votes` of the `raters`. The truth is computed on 20,000 further votes.
    """
    rng = np.random.default_rng(11)
    held = dict.fromkeys(
        ("anytime", "by prompt", "votes as if alone", "by prompt, everybody", "two-way, everybody"), 0.0
    )
    everybody, agreed = float(_worths(rng, *rng.normal(size=(2, 400_000)) * [[2.0], [0.6]]).mean()), 0.0
    for _ in range(rounds):
        lean = rng.normal(size=raters) * 0.6
        panel = float(_worths(rng, rng.normal(size=20_000) * 2, rng.choice(lean, 20_000)).mean())
        who = np.array([rng.choice(raters, votes, replace=False) for _ in range(prompts)])
        worth = _worths(rng, rng.normal(size=prompts)[:, None] * 2, lean[who])
        agreed += float(np.mean(worth[:, 0] == worth[:, 1])) / rounds
        ends = confidence_sequence(worth.mean(axis=1))
        held["anytime"] += ends.low <= panel <= ends.high
        errors = two_way(
            Ballot(f"p{i}", "base", f"r{who[i, k]}", {1.0: Choice.a, 0.5: Choice.tie, 0.0: Choice.b}[worth[i, k]])
            for i in range(prompts) for k in range(votes)
        )  # fmt: skip
        assert errors.theta is not None and errors.by_prompt is not None and errors.larger is not None
        alone = float(worth.std(ddof=1)) / math.sqrt(worth.size)
        for name, error, truth in (
            ("by prompt", errors.by_prompt, panel), ("votes as if alone", alone, panel),
            ("by prompt, everybody", errors.by_prompt, everybody), ("two-way, everybody", errors.larger, everybody),
        ):  # fmt: skip
            held[name] += abs(errors.theta - truth) <= 1.96 * error
    return {**{name: count / rounds for name, count in held.items()}, "(two votes agree)": agreed}


def _worths(rng: np.random.Generator, quality: Array, leaning: Array) -> Array:
    """Votes as 1, 1/2 or 0: a win or a loss by the logit, a quarter of them ties."""
    wins = rng.random(np.broadcast(quality, leaning).shape) < 1 / (1 + np.exp(-(0.4 + quality + leaning)))
    return np.where(rng.random(wins.shape) < TIES, 0.5, wins.astype(float))


def main() -> None:
    """Print the tables, after a check that the fast evidence here is the studio's."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--check", type=int, metavar="N", help="only play N rounds by the rule itself, vote by vote")
    if check := parser.parse_args().check:
        print_check(check)
        return
    rounds, started = parser.parse_args().rounds, time.perf_counter()
    one = draw_rounds(0.6, 1)[0]
    assert np.allclose(np.exp(log_evidence(one[None])[0]), evidence_path(one, 0.5), rtol=1e-9)
    assert np.isclose(evidence_path(one, 0.5)[-1], evidence_above(one), rtol=1e-9)
    print(f"{rounds} rounds each, {TIES:.0%} ties, cap {CAP}, looking after every prompt\n")
    print(f"{'theta':>5}  {'rule':<24} {'says go':>8} {'+-':>6} {'prompts':>8} {'theta-hat at go':>16}")
    for theta in (0.50, 0.60):
        for rule, (go, prompts, seen) in outcomes(draw_rounds(theta, rounds)).items():
            error = 1.96 * np.sqrt(go * (1 - go) / rounds)
            print(f"{theta:>5.2f}  {rule:<24} {go:>8.3f} {error:>6.3f} {prompts:>8.0f} {seen:>16.3f}")
    whole_rule(rounds)
    print(f"\nCoverage of 95 % intervals, {rounds} panels of 8 reviewers, 120 prompts with 3 votes each\n")
    for name, share in coverage(rounds).items():
        print(f"{name:<22} {share:.3f}")
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
