"""What a planned round can and cannot show: the whole rule, simulated. Pure; the same plan gives the same answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from studio.review.evidence import BASE_EVIDENCE, CAP_P, GO_EVIDENCE, LAMBDAS
from studio.wording import percent

TIES, SHIPPABLE, ALIKE = 0.25, 0.80, 0.20
"""Assumed in the simulation: the share of ties, of the candidate's answers that could be sent as they are, and of
further votes on a prompt that fall as the first did whatever the preference is."""
LIKELY, UNLIKELY = 0.80, 0.50
"""A round can show a preference found in so many of the simulated rounds, and cannot show one found in fewer."""
_VALUES = (1.0, 0.5, 0.0)  # what one vote can make of a prompt: a win, a tie, a loss
_LEAST, _MOST, _PACE_WORDS = 10, 400, 4.0
_WEIGHTS = np.exp(-(((LAMBDAS - 0.2) / 0.15) ** 2) / 2)
_WEIGHTS /= _WEIGHTS.sum()

Array = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.int64]


@dataclass(frozen=True)
class PlannedSlice:
    """A guardrail slice with `prompts` of the round's prompts in it, that may lose `delta`; a critical one must be
    cleared for a go."""

    name: str
    prompts: int
    critical: bool = False
    delta: float = 0.10


@dataclass(frozen=True)
class Outlook:
    """How often a round of `prompts` would say go if people truly preferred the candidate in `theta` of the prompts.

    `preferred`: the share of simulated rounds that end with the preference found; `go`: those in which the floor
    and every critical slice pass as well, and no cheaper candidate passed by chance before. `typical`: prompts used in
    the middle one of the rounds that said go, None if few; `used`: in all rounds, on average. `no_go`: rounds that end
    against the candidate. `thin`: critical slices that would be cleared in fewer than half the rounds, with their
    prompts.
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
    theta: float = 0.60, cheaper: Sequence[int] = (), votes: int = 1, second_readers: float = 0.0, rounds: int = 200,
) -> Outlook:  # fmt: skip
    """Simulate rounds of `prompts` prompts against `baselines` arms, each look after every prompt.

    A simulated round ends as a real one does: with a go, with a no-go (against any baseline, by a slice that got
    worse, by the floor), or at its cap. The baselines' votes are drawn independently, every slice with `theta`.
    `cheaper`: for each candidate that is tested before, how many arms it must beat; it is no better than they are.
    `votes` on each prompt, two at least on a share `second_readers` of them.
    """
    rng = np.random.default_rng(0)
    seats = np.full(prompts, votes)
    seats[: round(second_readers * prompts)] = max(votes, 2)
    seats = rng.permutation(seats)
    beaten, cleared, against, thin = _played(rng, (rounds, seats, theta), baselines, slices, floor, theta_min)
    told = _ended(theta, beaten & ~against, cleared, against, thin)
    for others in cheaper:
        first = _played(rng, (rounds, seats, 0.5), others, slices, floor, theta_min)
        passed = _ended(0.5, first[0] & ~first[2], first[1], first[2], ()).go
        told = replace(told, go=told.go * (1 - passed), preferred=told.preferred * (1 - passed))
    return told


def _played(
    rng: np.random.Generator, drawn: tuple[int, Counts, float], baselines: int, slices: Sequence[PlannedSlice],
    floor: float | None, theta_min: float,
) -> tuple[Flags, Flags, Flags, tuple[tuple[str, int], ...]]:  # fmt: skip
    """After each prompt of each round: preferred to all, safe to ship, turned down; and which slices are too thin."""
    rounds, seats, theta = drawn
    prompts = len(seats)
    shape = (rounds, prompts)
    beaten, cleared, against = np.ones(shape, bool), np.ones(shape, bool), np.zeros(shape, bool)
    members = _members(rng, prompts, slices)
    shares = {each.name: 1.0 for each in slices if each.critical}
    for _ in range(baselines):
        scores = _scores(rng, theta, rounds, seats)
        beaten &= _preferred(scores, theta_min)
        against |= _reached(scores, theta_min, BASE_EVIDENCE * baselines, above=False)
        for each, inside in zip(slices, members, strict=True):
            against |= _reached_in(inside, scores, 0.5, BASE_EVIDENCE * len(slices), above=False)
            if each.critical:
                safe = _reached_in(inside, scores, 0.5 - each.delta, BASE_EVIDENCE)
                shares[each.name] = min(shares[each.name], float(safe[:, -1].mean()))
                cleared &= safe
    if floor is not None:
        ships = (rng.random(shape) < SHIPPABLE).astype(float)
        cleared &= _reached(ships, floor, BASE_EVIDENCE)
        against |= _reached(ships, floor, BASE_EVIDENCE, above=False)
    thin = tuple((each.name, each.prompts) for each in slices if shares.get(each.name, 1.0) < 0.5)
    return beaten, cleared, against, thin


def enough_for(each: PlannedSlice, theta: float = 0.60, rounds: int = 300) -> int | None:
    """About how many prompts a critical slice needs to be cleared in `LIKELY` of the rounds, if people truly prefer the
    candidate there in `theta` of them; None when even `_MOST` are too few."""
    scores = _scores(np.random.default_rng(0), theta, rounds, np.ones(_MOST, dtype=int))
    share = _reached(scores, 0.5 - each.delta, BASE_EVIDENCE).mean(axis=0)
    enough = np.flatnonzero(share[_LEAST:] >= LIKELY)
    return int(np.ceil((enough[0] + _LEAST + 1) / 5) * 5) if len(enough) else None


def in_words(told: Sequence[Outlook]) -> str:
    """What a round of one size can and cannot show, from outlooks at growing true preferences."""
    shown = next((o for o in told if o.go >= LIKELY), None)
    missed = next((o for o in reversed(told) if o.go < UNLIKELY), None)
    prompts = f"{told[0].prompts:,} prompt{'s' if told[0].prompts != 1 else ''}"
    if shown is None:
        best = told[-1]
        return (
            f"{prompts} cannot show even a true {percent(best.theta)} preference: only {100 * best.go:.0f} of 100 "
            "such rounds would end with a go."
        )
    cannot = f", and cannot show {percent(missed.theta)}" if missed is not None else ""
    return f"{prompts} can show a true {percent(shown.theta)} preference with {percent(shown.go)} chance{cannot}."


@dataclass(frozen=True)
class Effort:
    """What a round asks of its reviewers at most: `votes` in all at `seconds` each. `measured`: that is their own pace
    in earlier rounds; otherwise it is guessed from the words to read."""

    votes: int
    seconds: float
    measured: bool

    @property
    def sentence(self) -> str:
        """The time in words, with what it is worked out from."""
        told = reviewing_time(self.votes, self.seconds)
        how = " at your pace" if self.measured else ", guessed from the length of the answers"
        return f"At most {self.votes:,} votes, about {told}{how} ({self.seconds:.0f} seconds a pair)."


def reviewing_time(votes: int, seconds: float) -> str:
    """So many votes at so many seconds each, in reviewer-hours, or in reviewer-minutes below one."""
    hours = votes * seconds / 3600
    minutes = max(1, round(60 * hours))
    return f"{hours:.1f} reviewer-hours" if hours >= 1 else f"{minutes} reviewer-minute{'s' * (minutes > 1)}"


def reading_seconds(words: float) -> float:
    """How long somebody needs for a pair of so many words: 240 words a minute, and four seconds to decide."""
    return words / _PACE_WORDS + 4.0


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


def _scores(rng: np.random.Generator, theta: float, rounds: int, seats: Counts) -> Array:
    """The mean of each prompt's votes; votes on one prompt hang together."""
    win = theta - TIES / 2
    odds, shape = [win, TIES, 1 - win - TIES], (rounds, len(seats))
    first = rng.choice(_VALUES, p=odds, size=shape)
    total = first.copy()
    for more in range(1, int(seats.max())):
        alike = rng.random(shape) < ALIKE
        total += np.where(alike, first, rng.choice(_VALUES, p=odds, size=shape)) * (seats > more)
    return np.asarray(total / seats)


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
    values = np.unique(scores) if scores.size else np.array(_VALUES)
    gain = (values - t) / t if above else (t - values) / (1 - t)
    bets = np.log1p(np.outer(gain, LAMBDAS)).astype(np.float32)
    counts = np.stack([np.cumsum(scores == v, axis=1, dtype=np.float32) for v in values], axis=-1)
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
