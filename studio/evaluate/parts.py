"""Where is one arm better or worse than another: slice by slice and hard kind by hard kind. Pure.

Each part is tested on the prompts that both arms answered, by flipping the signs of their differences (on right and
wrong that is McNemar's exact test). All parts are tested together, so the p values are Holm's: a named regression stops
a launch, and somebody will act on each; the chance of naming any that is none stays at 5 % however many parts there
are. (Benjamini and Hochberg's would let one in twenty of the named be wrong.) A part without a finding is *alike* only
where a change that matters would probably have shown; else there are not enough examples, and how many there should be.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from studio.evaluate import averages
from studio.evaluate.resampling import Floats
from studio.review.evidence import holm

MATTERS = 0.10
"""A change of the main score, in [0, 1], that nobody would want to miss; a blind round's guardrails use the same."""
LEVEL = 0.05
POWER = 0.80
_PARTS_DIFFER = 0.2
"""How much parts may well differ in what a change does to them, in the main score."""
_FEWEST = 10
_ALL_FLIPS = 14
_NORMAL = 200
_FLIPS = 20_000


class Told(enum.StrEnum):
    better = "better"
    worse = "worse"
    alike = "alike"
    too_few = "too few"


@dataclass(frozen=True)
class Group:
    """Prompts to look at together. `of`: "slice", "kind", "turn" (of a conversation); `name` as the team calls it."""

    of: str
    name: str
    prompts: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One group: the mean main scores, in [0, 1], of both arms on the `n` prompts that both answered, and the mean
    `difference`. `drawn`, with [`low`, `high`]: that difference drawn towards the others' as far as n is small
    (a hierarchical model, 95 %), the best guess for each part and for their ranking. `p`: Holm's, two-sided.
    `enough`: prompts with which a change of `MATTERS` shows 8 times in 10."""

    group: Group
    n: int
    one: float
    other: float
    difference: float
    drawn: float
    low: float
    high: float
    p: float
    told: Told
    enough: int
    sentence: str


def compare(groups: Sequence[Group], one: Mapping[str, float], other: Mapping[str, float]) -> tuple[Part, ...]:
    """`one` against `other` (prompt -> main score) in every group that has a prompt both answered, worst first."""
    both = {name: one[name] - other[name] for name in one if name in other}
    found = [(group, [name for name in group.prompts if name in both]) for group in groups]
    found = [(group, names) for group, names in found if names]
    if not found:
        return ()
    differences = [np.array([both[name] for name in names]) for _, names in found]
    adjusted = holm([sign_flip(each) for each in differences])
    spread = _spread(differences)
    enough = _enough(spread, len(found))
    drawn = _drawn(differences, [group.of for group, _ in found], spread)
    parts = []
    for (group, names), each, p, (guess, half) in zip(found, differences, adjusted, drawn, strict=True):
        difference = float(each.mean())
        told = _told(difference, p, len(names), enough)
        here, there = (sum(arm[name] for name in names) / len(names) for arm in (one, other))
        sentence = _sentence(group, len(names), difference, p, told, enough)
        parts.append(Part(group, len(names), here, there, difference, guess, guess - half, guess + half, p, told,
                          enough, sentence))  # fmt: skip
    order = {Told.worse: 0, Told.too_few: 1, Told.alike: 2, Told.better: 3}
    return tuple(sorted(parts, key=lambda part: (order[part.told], part.drawn)))


def verdict(parts: Sequence[Part], one: str, other: str) -> str:
    """One sentence over all parts: what got worse, what better, and where nothing can be said."""
    if not parts:
        return f"{one} and {other} have not answered the same prompts yet."
    named = {told: [p.group.name for p in parts if p.told is told] for told in Told}
    said = []
    if named[Told.worse]:
        said.append(f"{one} is worse than {other} in {_listed(named[Told.worse])}.")
    else:
        said.append(f"No kind of input is shown to be worse with {one} than with {other}.")
    if named[Told.better]:
        said.append(f"It is better in {_listed(named[Told.better])}.")
    if few := len(named[Told.too_few]):
        said.append(
            f"In {few:,} of {len(parts):,} there are not enough examples to tell: about {parts[0].enough:,} test "
            f"prompts in each would show a change of {100 * MATTERS:.0f} points."
        )
    return " ".join(said)


def overall(one: Mapping[str, float], other: Mapping[str, float], names: tuple[str, str], of: str) -> str:
    """One sentence over all prompts that both answered (`of`: what the score is): the difference with its interval,
    tested by itself."""
    both = np.array([one[name] - other[name] for name in one if name in other])
    if not len(both):
        return ""
    p, gap = sign_flip(both), averages.difference(one, other, 1)
    points = 100 * gap.value
    low, high = (100 * max(-1.0, min(1.0, end)) for end in (gap.low, gap.high))
    interval = f"95 % interval {low:+.0f} to {high:+.0f} points"
    chance = f"{interval}, p {'< 0.001' if p < 0.001 else f'= {p:.3f}'}; n = {gap.n:,}"
    if p > LEVEL:
        return f"Over all prompts {names[0]} and {names[1]} differ by no more than chance can explain ({of}: {chance})."
    return (
        f"Over all prompts {names[0]} is {'better' if points > 0 else 'worse'} than {names[1]} by {abs(points):.0f} "
        f"points ({of}: {chance})."
    )


def sign_flip(differences: Floats) -> float:
    """The two-sided p value of a mean difference of nothing: how often it is as far from zero when each prompt's
    difference could as well have the other sign. Exact for few prompts and for equal sizes (McNemar's); up to 200 that
    differ it is drawn 20,000 times from one seed; of more the sum is normal to three digits."""
    told = differences[np.abs(differences) > 1e-12]
    if not len(told):
        return 1.0
    sizes, seen = np.abs(told), abs(float(told.sum())) - 1e-9
    if np.ptp(sizes) < 1e-12:
        from scipy.stats import binomtest  # half a second that the server does not need to start

        return float(binomtest(int((told > 0).sum()), len(told)).pvalue)
    if len(told) <= _ALL_FLIPS:
        signs = 1 - 2 * ((np.arange(2 ** len(told))[:, None] >> np.arange(len(told))) & 1)
        return float((np.abs(signs @ sizes) >= seen).mean())
    if len(told) > _NORMAL:
        return 2 * NormalDist().cdf(-seen / math.sqrt(float((sizes**2).sum())))
    signs = np.random.default_rng(0).integers(0, 2, (_FLIPS, len(told)), dtype=np.int8)
    as_far = int((np.abs((1.0 - 2.0 * signs) @ sizes) >= seen).sum())
    # The data as they are count as one draw, so that a p value is never 0.
    return (as_far + 1) / (_FLIPS + 1)


def _spread(differences: Sequence[Floats]) -> float:
    """The standard deviation of a prompt's difference within its part, of all parts together: a small part has none of
    its own to go by. One prompt that differs by `MATTERS` is added, so that equal answers do not look like certainty.
    """
    squares = sum(float(((each - each.mean()) ** 2).sum()) for each in differences) + MATTERS**2
    return math.sqrt(squares / max(1, sum(len(each) - 1 for each in differences) + 1))


def _enough(spread: float, parts: int) -> int:
    """Prompts of a part with which a true change of `MATTERS` is found with `POWER`, at Holm's strictest level."""
    z = NormalDist()
    reach = z.inv_cdf(1 - LEVEL / parts / 2) + z.inv_cdf(POWER)
    return max(_FEWEST, math.ceil((reach * spread / MATTERS) ** 2))


def _drawn(differences: Sequence[Floats], of: Sequence[str], spread: float) -> list[tuple[float, float]]:
    """Each part's difference drawn towards the mean of its like (slices, kinds), and half its 95 % interval."""
    found: list[tuple[float, float]] = [(0.0, 0.0)] * len(differences)
    for kind in dict.fromkeys(of):
        places = [at for at, each in enumerate(of) if each == kind]
        means = np.array([differences[at].mean() for at in places])
        noise = np.array([spread**2 / len(differences[at]) for at in places])
        for at, guess, half in zip(places, *_posterior(means, noise), strict=True):
            found[at] = (float(guess), float(half))
    return found


def _posterior(means: Floats, noise: Floats) -> tuple[Floats, Floats]:
    """Normal parts around a common mean that is unknown, their spread tau too: averaged over every tau with a
    half-normal prior of `_PARTS_DIFFER` (A. Gelman, Bayesian Analysis 1, 2006). One best tau would be 0 too often, and
    its intervals too narrow: they held the truth 80 times in 100."""
    tau = np.linspace(0, 3 * _PARTS_DIFFER, 91)[:, None]
    weight = 1 / (noise + tau**2)
    total = weight.sum(axis=1, keepdims=True)
    middle = (weight * means).sum(axis=1, keepdims=True) / total
    fits = 0.5 * (np.log(weight) - weight * (means - middle) ** 2).sum(axis=1) - 0.5 * np.log(total[:, 0])
    fits -= 0.5 * (tau[:, 0] / _PARTS_DIFFER) ** 2
    share = np.exp(fits - fits.max())[:, None]
    share /= share.sum()
    keep = tau**2 * weight
    guess = keep * means + (1 - keep) * middle
    variance = keep * noise + (1 - keep) ** 2 / total
    guesses = (share * guess).sum(axis=0)
    spread = (share * (variance + (guess - guesses) ** 2)).sum(axis=0)
    return guesses, 1.96 * np.sqrt(spread)


def _told(difference: float, p: float, n: int, enough: int) -> Told:
    if p <= LEVEL:
        return Told.better if difference > 0 else Told.worse
    return Told.alike if n >= enough else Told.too_few


def _sentence(group: Group, n: int, difference: float, p: float, told: Told, enough: int) -> str:
    points = f"{abs(100 * difference):.0f} points"
    matters = f"{100 * MATTERS:.0f} points"
    return {
        Told.worse: f"{group.name}: worse by {points} (p = {p:.3f} among all parts; n = {n:,}).",
        Told.better: f"{group.name}: better by {points} (p = {p:.3f} among all parts; n = {n:,}).",
        Told.alike: f"{group.name}: no change shown; one of {matters} would probably have been (n = {n:,}).",
        Told.too_few: f"{group.name}: not enough examples: {n:,}; about {enough:,} would show a change of {matters}.",
    }[told]


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
