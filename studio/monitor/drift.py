"""Do two collections of texts mean the same things? A test that may raise an alarm, and what moved. Pure.

The test is the squared maximum mean discrepancy (MMD; Gretton and others, JMLR 13, 2012) between the different texts of
the two sides, by a wide and by a narrow kernel, held against the same figures after the rows were dealt by chance. Each
row is dealt, and each text counts once on a side however many of its rows lie there; so rows of one text can never
weigh like many texts, and a side with more rows is not taken for different because it holds more of the rare ones.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.evaluate.checks import interval

LEVEL = 0.01
"""The alarm is raised at a p value of this or less: about once in 100 checks of traffic that has not changed."""

PERMUTATIONS = 999
# The kernels' widths, as shares of the median squared distance. The usual median sees best that all moved a little, as
# with another subject; between sentences it is so wide that it sees little more than their mean, and the narrower one
# sees better that a few new kinds came in (RESULTS.md).
_WIDTHS = (1.0, 0.25)
_FOLDS, _STRENGTH, _STEPS = 5, 1.0, 200
_AT_ONCE = 100
_TIE = 1e-9

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Shift:
    """`p_value`: how often chance alone puts the sides at least this far apart, in (0, 1]. `distance`: the unbiased
    squared MMD at the usual width; where nothing differs it is about 0, and below 0 half of the time."""

    p_value: float
    distance: float

    @property
    def alarm(self) -> bool:
        return self.p_value <= LEVEL


@dataclass(frozen=True)
class Moved:
    """`share`: the least share of the current texts that the reference would not have brought, 0 to 1, with its 95 %
    `interval`. `scores`: for each text how much it looks like the current side, 0 to 1, told by a classifier that has
    not learned from it."""

    share: float
    interval: tuple[float, float]
    scores: Floats


def shift(
    vectors: NDArray[np.float32], reference: Integers, current: Integers, *, permutations: int = PERMUTATIONS,
    seed: int = 0,
) -> Shift:  # fmt: skip
    """Whether the sides differ in meaning. `vectors` (texts, width), each of length 1: one of each different text;
    `reference` and `current`: for each row of a side its text, as a row of `vectors`.

    The p value is exact, (1 + as far) / (1 + permutations) (Phipson and Smyth 2010): it is at most p in at most a share
    p of checks, whatever the texts, if rows came independently. Raises ValueError below two different texts on a side.

    Does not promise to see what the vectors do not hold (numbers, the end of a long text), nor a change in how often
    the same text comes. Says nothing of quality.
    """
    if min(len(np.unique(reference)), len(np.unique(current))) < 2:
        raise ValueError("each side needs at least two different texts")
    rows = np.concatenate([reference, current])
    deals = np.zeros((1 + permutations, len(rows)), dtype=bool)
    deals[:, : len(reference)] = True
    deals[1:] = np.random.default_rng(seed).permuted(deals[1:], axis=1)
    parts = [deals[start : start + _AT_ONCE] for start in range(0, len(deals), _AT_ONCE)]
    kernels = similarities(vectors)
    found = [np.concatenate([distances(kernel, rows, part) for part in parts]) for kernel in kernels]
    return Shift(p_value(np.stack(found, axis=1)), float(found[0][0]))


def p_value(found: Floats) -> float:
    """How many of the deals are as far apart as the first, itself included, as a share of all.

    `found` (deals, kernels): the distance of each. Each kernel's are put on one scale by all deals, and a deal goes by
    the largest of its own. What is done alike to all deals favours none.

    A deal that cannot be told from the first counts as far, and so does one without a distance (NaN)."""
    spread = np.nanstd(found, axis=0)
    scaled = (found - np.nanmean(found, axis=0)) / np.where(spread > 0, spread, 1)
    largest = scaled.max(axis=1)
    return float((~(largest < largest[0] - _TIE)).mean())


def similarities(vectors: NDArray[np.float32]) -> list[Floats]:
    """How much any two texts mean the same, (texts, texts), 1 on the diagonal: a Gaussian of their distance, one of
    each width. The widths come from all texts of both sides, so that dealing rows anew does not change them."""
    exact = vectors.astype(np.float64)
    squares = (exact**2).sum(axis=1)
    apart = np.maximum(squares[:, None] + squares[None, :] - 2 * exact @ exact.T, 0)
    np.fill_diagonal(apart, 0)
    middle = float(np.median(apart[np.triu_indices(len(apart), 1)]))
    return [np.exp(apart / -max(width * middle, np.finfo(float).tiny)) for width in _WIDTHS]


def distances(kernel: Floats, rows: Integers, deals: NDArray[np.bool_]) -> Floats:
    """The unbiased squared MMD of each deal (deals, rows): True where a row lies on the one side, False on the other.
    `rows`: for each its text. A text counts once on each side that has a row of it."""
    one, other = (_present(rows, side, len(kernel)) for side in (deals, ~deals))
    near_one, near_other = one @ kernel, other @ kernel
    n, m = one.sum(axis=1), other.sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        within = ((near_one * one).sum(axis=1) - n) / (n * (n - 1)) + ((near_other * other).sum(axis=1) - m) / (
            m * (m - 1)
        )
        return np.asarray(within - 2 * (near_one * other).sum(axis=1) / (n * m))


def _present(rows: Integers, sides: NDArray[np.bool_], texts: int) -> Floats:
    """(deals, texts): 1 where a text has a row on this side."""
    found = np.zeros((len(sides), texts))
    deal, place = np.nonzero(sides)
    found[deal, rows[place]] = 1
    return found


def moved(vectors: NDArray[np.float32], reference: Integers, current: Integers, *, seed: int = 0) -> Moved:
    """How much moved and which texts, for after an alarm; arguments as of `shift`, with at least ten texts a side.

    A logistic regression tells the sides apart; each text is judged by one that learned from the other folds, in which
    both sides weigh the same. Above a score, which the other folds choose, it calls texts new: some of the current side
    and by mistake some of the reference. The difference of these shares is the least by which the two collections
    differ (their total variation). The interval takes texts as independent, which makes it too short where nothing
    moved (RESULTS.md): ask only after an alarm. A high score is a reason to read the text and no more: some always are.
    """
    one, other = np.unique(reference), np.unique(current)
    # A text of both sides is in one fold, so that nobody has seen it when it is judged.
    fold = np.random.default_rng(seed).permutation(len(vectors)) % _FOLDS
    scores = _unseen(vectors, one, other, fold)
    new = _called_new(scores, one, other, fold)
    return Moved(*_difference(int(new[other].sum()), len(other), int(new[one].sum()), len(one)), scores)


def _unseen(vectors: NDArray[np.float32], one: Integers, other: Integers, fold: Integers) -> Floats:
    from sklearn.linear_model import LogisticRegression
    from threadpoolctl import threadpool_limits

    texts, came = np.concatenate([one, other]), np.repeat([0, 1], [len(one), len(other)])
    scores = np.full(len(vectors), np.nan)
    with threadpool_limits(limits=1):  # the products are small, and threads that wait for a busy core take far longer
        for part in range(_FOLDS):
            learn, asked = fold[texts] != part, np.flatnonzero(fold == part)
            told = LogisticRegression(C=_STRENGTH, max_iter=_STEPS, class_weight="balanced")
            told.fit(vectors[texts[learn]], came[learn])
            scores[asked] = told.predict_proba(vectors[asked])[:, 1]
    return scores


def _called_new(scores: Floats, one: Integers, other: Integers, fold: Integers) -> NDArray[np.bool_]:
    """Which texts score above what parts the sides of the other folds best. Half would not do: a text of a kind that
    both sides bring scores a little to either side of it."""
    new = np.zeros(len(scores), dtype=bool)
    for part in range(_FOLDS):
        before, now = (np.sort(scores[side[fold[side] != part]]) for side in (one, other))
        gain = np.searchsorted(before, now, side="right") / len(before) - np.arange(1, len(now) + 1) / len(now)
        new |= (fold == part) & (scores > now[int(gain.argmax())])
    return new


def _difference(hits: int, n: int, others: int, m: int) -> tuple[float, tuple[float, float]]:
    """hits / n - others / m, at least 0, and its 95 % interval from the exact ones of both (Newcombe 1998)."""
    a, b = hits / n, others / m
    (a_low, a_high), (b_low, b_high) = interval(hits, n), interval(others, m)
    low, high = a - b - math.hypot(a - a_low, b_high - b), a - b + math.hypot(a_high - a, b - b_low)
    return max(0.0, a - b), (max(0.0, low), min(1.0, max(0.0, high)))
