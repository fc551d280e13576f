"""Would the preference found still stand if lengths were equal, a reviewer were missing, or reviewers differ? Pure.

Everything here looks at the votes against one baseline. It is shown beside a verdict and never changes it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from studio.records import Choice, Refusal
from studio.review.agreement import wilson
from studio.review.evidence import Interval, evidence_above
from studio.review.regression import Array, logistic
from studio.review.scoring import WORTH, Ballot
from studio.wording import between, percent, points

GUESSED = 0.05
"""At this p value or below, the page says in a banner that reviewers could tell which answer was tuned."""
_Z = 1.959963984540054
_ALIKE = 1e-20  # of the variance of a mean of prompts: rounding, no difference


@dataclass(frozen=True)
class LengthAdjusted:
    """`theta` is the raw share; `equal` what a logistic regression on side and relative length expects of answers of
    equal length, with its 95 % interval (clustered by prompt). None when it cannot be told, and `why` says why.

    `as_it_was`: the interval of the raw share, by the same kind of error. `longer`: share of votes in which the
    candidate's answer was the longer one; `n` prompts, `votes` on them. `apart`: length alone tells wins from losses. A
    regression describes these votes; it does not prove that length made anybody choose.
    """

    n: int
    votes: int
    theta: float | None
    longer: float
    equal: float | None
    interval: Interval | None
    as_it_was: Interval | None = None
    apart: bool = False
    why: str = ""

    @property
    def told(self) -> bool:
        """Whether anything can be said of answers of equal length."""
        return self.apart or self.interval is not None

    @property
    def survives(self) -> bool | None:
        """Whether the candidate is still preferred at equal length, beyond doubt; None when it cannot be told."""
        if self.apart:
            return False
        return None if self.interval is None else self.interval.low > 0.5

    @property
    def lost(self) -> bool:
        """Whether a preference that is beyond doubt as it was is not so at equal length."""
        return self.survives is False and self.as_it_was is not None and self.as_it_was.low > 0.5

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words."""
        if self.equal is None or self.interval is None or self.theta is None:
            return f"What length had to do with it cannot be told: {self.why}."
        told = (
            f"The candidate's answer was the longer one in {percent(self.longer)} of {self.votes} votes. At equal "
            f"length people would prefer it in {100 * self.equal:.0f} of 100 prompts (95 % interval "
            f"{between((self.interval.low, self.interval.high))}, n = {self.n} prompts), beside "
            f"{100 * self.theta:.0f} as it was"
        )
        if self.survives:
            return f"{told}: the preference does not rest on length."
        return f"{told}: the preference may rest on length." if self.lost else f"{told}."


def _off(error: float) -> str:
    return f"{points(error).lstrip('+')} (standard error {error:.3f})"


@dataclass(frozen=True)
class TwoWay:
    """The standard error of theta, clustered by prompt, and by prompt and reviewer together (Cameron, Gelbach and
    Miller, 2011). With few `reviewers` the second is rough. None below two prompts or two reviewers, and where every
    prompt went the same way: prompts that do not differ say nothing of the next."""

    n: int
    reviewers: int
    theta: float | None
    by_prompt: float | None
    two_way: float | None

    @property
    def larger(self) -> float | None:
        """The one to report: whichever is larger."""
        known = [error for error in (self.by_prompt, self.two_way) if error is not None]
        return max(known) if known else None

    @property
    def interval(self) -> Interval | None:
        """A 95 % interval of the fixed kind from the larger error; it does not allow for looking while votes come."""
        return self.around(self.larger)

    def around(self, error: float | None) -> Interval | None:
        """The 95 % interval of theta with this standard error; None without one."""
        if self.theta is None or error is None:
            return None
        return Interval(max(0.0, self.theta - _Z * error), min(1.0, self.theta + _Z * error))

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words."""
        if self.by_prompt is None or self.interval is None:
            if self.n < 2:
                return "Too few prompts to tell how far the figure may be off."
            return (
                f"All {self.n} prompts went the same way, so a standard error says nothing of how far the figure may "
                "be off; the interval of the preference does."
            )
        if self.two_way is None:
            return (
                f"Only one reviewer voted (n = {self.n} prompts), so nothing is known of how other people would vote; "
                f"other prompts would typically move the figure by {_off(self.by_prompt)}."
            )
        more = self.two_way > self.by_prompt
        reads = (
            "Who voted made a difference" if more else "Who voted made no difference beyond which prompts were asked"
        )
        few = " With so few reviewers this is rough." if self.reviewers < 6 else ""
        return (
            f"{reads}: other prompts would typically move the figure by {_off(self.by_prompt)}, other prompts and "
            f"other people than these {self.reviewers} by {_off(self.two_way)}. By the larger one the "
            f"preference lies between {percent(self.interval.low)} and {percent(self.interval.high)} (n = {self.n} "
            f"prompts).{few}"
        )


@dataclass(frozen=True)
class Without:
    """The figures without one reviewer's `votes`: theta over the `n` prompts that still have one, its evidence."""

    reviewer: str
    votes: int
    n: int
    theta: float | None
    e_go: float


@dataclass(frozen=True)
class LeaveOneOut:
    """Theta with everybody, and without each reviewer in turn; most votes first."""

    theta: float | None
    without: tuple[Without, ...]

    @property
    def turning(self) -> tuple[Without, ...]:
        """The reviewers without whom the candidate would no longer be preferred, or would be."""
        if self.theta is None:
            return ()
        return tuple(w for w in self.without if w.theta is None or (w.theta > 0.5) != (self.theta > 0.5))

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words; reviewers are counted, not named."""
        told = [w.theta for w in self.without if w.theta is not None]
        if self.theta is None or len(self.without) < 2 or not told:
            return "With fewer than two reviewers nobody can be left out."
        spread = f"between {percent(min(told))} and {percent(max(told))} (with all of them {percent(self.theta)})"
        if not self.turning:
            return f"Leaving out any one of {len(self.without)} reviewers leaves the preference {spread}."
        who = "one reviewer" if len(self.turning) == 1 else f"any of {len(self.turning)} reviewers"
        return f"The result hangs on {who}: without them the preference would turn. Leaving one out, it lies {spread}."


@dataclass(frozen=True)
class ExitGuess:
    """How many reviewers' guesses "which one was tuned?" were right. `p`: exact, one-sided, against guessing."""

    right: int
    n: int
    chance: float
    p: float
    interval: Interval

    @property
    def banner(self) -> bool:
        return self.p <= GUESSED

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words."""
        if not self.n:
            return "Nobody has guessed which answers were the tuned model's."
        told = (
            f"{self.right} of {self.n} guesses of which one was tuned were right (95 % interval "
            f"{between((self.interval.low, self.interval.high))}; guessing gives {percent(self.chance)}; "
            f"p = {self.p:.4f})"
        )
        if self.banner:
            return f"{told}: reviewers could tell, so read the result as that of people who may have known."
        return f"{told}: no sign that reviewers knew which was which."


def exit_guess(right: int, n: int, chance: float = 0.5) -> ExitGuess:
    """The exit question: `right` of `n` guesses, each right by luck with probability `chance`."""
    if not 0 <= right <= n or not 0 < chance < 1:
        raise Refusal(f"{right} right guesses of {n} at a chance of {chance} cannot be; nothing was computed.")
    tail = sum(math.comb(n, k) * chance**k * (1 - chance) ** (n - k) for k in range(right, n + 1))
    return ExitGuess(right, n, chance, min(1.0, tail), wilson(right, n))


def length_adjusted(votes: Iterable[Ballot]) -> LengthAdjusted:
    """Theta at equal length from votes against one baseline whose lengths and sides are recorded; skips left out.

    The win (a tie is 1/2) on side and on the standardised (len_c - len_b) / (len_c + len_b), each prompt weighing
    the same; theta at equal length is the mean over both sides, its interval by the delta method on the logit.
    """
    sided = [(v, _relative(v)) for v in _cast(votes) if v.candidate_left is not None]
    told = [v for v, difference in sided if difference is not None]
    relative = [difference for _, difference in sided if difference is not None]
    weights = _weights(told)
    n = len({v.prompt for v in told})
    theta = float(np.dot(weights, [WORTH[v.choice] for v in told])) / n if n else None
    longer = sum(r > 0 for r in relative) / len(told) if told else 0.0
    plain = two_way(told)
    raw = LengthAdjusted(n, len(told), theta, longer, None, None, plain.around(plain.by_prompt))
    if n < 3:
        return replace(raw, why="too few votes have the lengths of both answers")
    spread = float(np.std(relative))
    if plain.by_prompt is None:
        return replace(raw, why="every prompt went the same way")
    if spread < 1e-9:
        return replace(raw, why="the two answers differed in length by the same share everywhere")
    sides = [0.5 if v.candidate_left else -0.5 for v in told]
    columns = [np.ones(len(told)), np.asarray(relative) / spread]
    if len(set(sides)) > 1:
        columns.append(np.asarray(sides))
    rest = ([WORTH[v.choice] for v in told], [v.prompt for v in told], weights)
    fit = logistic(np.column_stack(columns), *rest)
    if fit is not None:
        equal, interval = _at_equal(fit.coefficients, fit.covariance)
        return replace(raw, equal=equal, interval=interval)
    if logistic(np.column_stack([columns[0], *columns[2:]]), *rest) is not None:
        return replace(raw, apart=True, why="length alone tells every win from every loss")
    return replace(raw, why="the side alone tells the votes apart")


def two_way(votes: Iterable[Ballot]) -> TwoWay:
    """Standard errors of theta from votes against one baseline: by prompt, by prompt and reviewer. Skips left out."""
    cast = _cast(votes)
    n, reviewers = len({v.prompt for v in cast}), len({v.reviewer for v in cast})
    if n < 2:
        return TwoWay(n, reviewers, None, None, None)
    shares = np.asarray(_weights(cast)) / n
    worth = np.asarray([WORTH[v.choice] for v in cast])
    theta = float(shares @ worth)
    rest = shares * (worth - theta)
    by_prompt = _clustered(rest, [v.prompt for v in cast])
    if by_prompt < _ALIKE:
        return TwoWay(n, reviewers, theta, None, None)
    if reviewers < 2:
        return TwoWay(n, reviewers, theta, math.sqrt(by_prompt), None)
    both = by_prompt + _clustered(rest, [v.reviewer for v in cast])
    both -= _clustered(rest, [(v.prompt, v.reviewer) for v in cast])
    return TwoWay(n, reviewers, theta, math.sqrt(by_prompt), math.sqrt(max(both, 0.0)))


def leave_one_out(votes: Iterable[Ballot]) -> LeaveOneOut:
    """Theta against one baseline without each reviewer in turn. Skips and prompts left without a vote drop out."""
    cast = _cast(votes)
    _, prompts = np.unique([v.prompt for v in cast], return_inverse=True)
    who, readers = np.unique([v.reviewer for v in cast], return_inverse=True)
    worth = np.array([WORTH[v.choice] for v in cast], dtype=float)
    counts = np.bincount(readers, minlength=len(who))
    without = []
    for place in sorted(range(len(who)), key=lambda place: (-counts[place], who[place])):
        kept = readers != place
        scores = _means(prompts[kept], worth[kept])
        theta = float(np.mean(scores)) if len(scores) else None
        without.append(Without(str(who[place]), int(counts[place]), len(scores), theta, evidence_above(scores)))
    whole = _means(prompts, worth)
    return LeaveOneOut(float(np.mean(whole)) if len(whole) else None, tuple(without))


def _cast(votes: Iterable[Ballot]) -> list[Ballot]:
    return [v for v in votes if v.choice is not Choice.skip]


def _by_prompt(votes: Sequence[Ballot]) -> Mapping[str, list[float]]:
    found = defaultdict[str, list[float]](list)
    for vote in votes:
        found[vote.prompt].append(WORTH[vote.choice])
    return found


def _means(prompts: npt.NDArray[np.int_], worth: Array) -> Array:
    """The mean of each prompt that has a vote."""
    n = np.bincount(prompts)
    return np.asarray(np.bincount(prompts, weights=worth)[n > 0] / n[n > 0])


def _weights(votes: Sequence[Ballot]) -> list[float]:
    """Each prompt weighs 1, however many votes it has."""
    counts = {prompt: len(row) for prompt, row in _by_prompt(votes).items()}
    return [1 / counts[v.prompt] for v in votes]


def _clustered(rest: Array, clusters: Sequence[Hashable]) -> float:
    """The variance of a sum of `rest` over clusters, with G / (G - 1)."""
    sums = defaultdict[Hashable, float](float)
    for value, name in zip(rest.tolist(), clusters, strict=True):
        sums[name] += value
    return sum(s * s for s in sums.values()) * len(sums) / (len(sums) - 1)


def _relative(vote: Ballot) -> float | None:
    """How much longer the candidate's answer was, from -1 to 1; None when a length was not recorded."""
    if vote.length_a is None or vote.length_b is None:
        return None
    return (vote.length_a - vote.length_b) / max(vote.length_a + vote.length_b, 1)


def _at_equal(beta: Array, covariance: Array) -> tuple[float, Interval]:
    side = float(beta[2]) if len(beta) > 2 else 0.0
    ends = [1 / (1 + math.exp(-(float(beta[0]) + half))) for half in (side / 2, -side / 2)]
    theta = sum(ends) / 2
    slopes = [p * (1 - p) for p in ends]
    gradient = np.zeros(len(beta))
    gradient[0] = sum(slopes) / 2
    if len(beta) > 2:
        gradient[2] = (slopes[0] - slopes[1]) / 4
    error = math.sqrt(float(gradient @ covariance @ gradient)) / (theta * (1 - theta))
    logit = math.log(theta / (1 - theta))
    low, high = (1 / (1 + math.exp(-(logit + z * error))) for z in (-_Z, _Z))
    return theta, Interval(low, high)
