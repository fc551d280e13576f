"""Answers that are one of a few labels: accuracy, each label's precision, recall and F1, the confusion matrix. Pure.

As scikit-learn's `precision_recall_fscore_support` and `confusion_matrix` over the labels of the ideal answers, with an
answer that is none of them as a column of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from studio.evaluate.resampling import Bools, Draws, Estimate, Floats, Measure, ratio

MOST = 50
"""Labels that are told apart; the rarest of more are left out of the table, not of the accuracy."""


@dataclass(frozen=True)
class LabelFigures:
    """How one label was found. `wanted`: prompts whose ideal answer it is; `given`: answers that were it."""

    label: str
    wanted: int
    given: int
    precision: Estimate | None
    recall: Estimate | None
    f1: Estimate | None


@dataclass(frozen=True)
class Confusion:
    """`counts[i][j]`: prompts whose ideal is `labels[i]` that were answered `labels[j]`; the last column: none of
    these, nothing among it."""

    labels: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]


class Labelled:
    """The wanted and given labels of one arm's answers, "" for a given one that is missing; `told`: prompts that have
    both. `labels`: those told apart, the most frequent first."""

    def __init__(self, wanted: Sequence[str], given: Sequence[str], told: Bools, labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        places = {label: at for at, label in enumerate(self.labels)}
        self._told = told
        self._wanted = np.array([places.get(label, -1) for label in wanted])
        self._given = np.array([places.get(label, -1) for label in given])
        self._right = np.array([a == b for a, b in zip(wanted, given, strict=True)])

    def accuracy(self) -> Floats:
        """(prompts,) 1 for a right answer, 0 for a wrong one, NaN where nothing is told."""
        return np.where(self._told, self._right.astype(float), np.nan)

    def macro_f1(self) -> Measure:
        """The mean F1 over the labels that a draw wants; a rare label then counts as much as a frequent one."""
        found = [self._counts(at) for at in range(len(self.labels))]
        rows = np.concatenate(found, axis=1) if found else np.zeros((len(self._told), 0))
        return Measure(rows, self._told, _macro, bounded=True)

    def each(self, draws: Draws) -> tuple[LabelFigures, ...]:
        """One line for each label."""
        rows = [self._counts(at) for at in range(len(self.labels))]
        found = iter(draws.estimates([m for own in rows for m in _precision_recall_f1(own)]))
        lines = []
        for label, own in zip(self.labels, rows, strict=True):
            precision, recall, f1 = next(found), next(found), next(found)
            _, given, wanted = own.sum(axis=0)
            lines.append(LabelFigures(label, int(wanted), int(given), precision, recall, f1))
        return tuple(lines)

    def confusion(self) -> Confusion:
        size = len(self.labels)
        counts = np.zeros((size, size + 1), int)
        known = self._told & (self._wanted >= 0)
        np.add.at(counts, (self._wanted[known], np.where(self._given[known] >= 0, self._given[known], size)), 1)
        return Confusion(self.labels, tuple(tuple(int(cell) for cell in row) for row in counts))

    def _counts(self, at: int) -> Floats:
        """(prompts, 3): whether this label was given rightly, given, wanted."""
        wanted, given = self._told & (self._wanted == at), self._told & (self._given == at)
        return np.stack([wanted & given, given, wanted], axis=1).astype(float)


def labels_of(wanted: Sequence[str]) -> tuple[str, ...]:
    """The labels among the ideal answers, the most frequent first, at most `MOST`."""
    counted = Counter(label for label in wanted if label)
    return tuple(label for label, _ in sorted(counted.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST])


def _precision_recall_f1(rows: Floats) -> tuple[Measure, Measure, Measure]:
    """Of one label's counts: rightly given, given, wanted."""
    return (
        Measure(rows, rows[:, 1] > 0, lambda s: ratio(s[..., 0], s[..., 1]), share=True),
        Measure(rows, rows[:, 2] > 0, lambda s: ratio(s[..., 0], s[..., 2]), share=True),
        Measure(rows, rows[:, 1:].sum(axis=1) > 0, lambda s: ratio(2 * s[..., 0], s[..., 1] + s[..., 2]), bounded=True),
    )


def _macro(sums: Floats) -> Floats:
    per_label = sums.reshape(*sums.shape[:-1], sums.shape[-1] // 3, 3)
    f1 = ratio(2 * per_label[..., 0], per_label[..., 1] + per_label[..., 2])
    asked = per_label[..., 2] > 0
    found: Floats = ratio(np.where(asked, f1, 0.0).sum(axis=-1), asked.sum(axis=-1).astype(float))
    return found
