"""Logistic regression whose errors may belong together in clusters, such as the votes on one prompt. Pure numpy.

Outcomes may lie anywhere in [0, 1] (a tie is 1/2): the fractional logit of Papke and Wooldridge (1996), in which
the sandwich keeps the errors honest.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_STEPS, _SMALL, _WIDEST = 40, 1e-9, 15.0

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Logistic:
    """Coefficients in the order of the design's columns, with their cluster-robust covariance (columns, columns)."""

    coefficients: Array
    covariance: Array


def logistic(
    design: Array, outcomes: Sequence[float], clusters: Sequence[Hashable], weights: Sequence[float] | None = None
) -> Logistic | None:
    """Fit by Newton's method: `design` (rows, columns), `outcomes` in [0, 1], a cluster for each row, weights above 0.

    The covariance carries the usual correction for few clusters, G / (G - 1) times (n - 1) / (n - k). None when
    there is no finite fit (a column tells the outcome apart, or says what another says) or fewer than 2 clusters.
    """
    y = np.asarray(outcomes, dtype=float)
    w = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=float)
    beta = _fit(design, y, w)
    if beta is None or len(set(clusters)) < 2 or len(y) <= design.shape[1]:
        return None
    fitted = _chance(design @ beta)
    bread = np.linalg.inv(_information(design, fitted, w))
    order = {name: i for i, name in enumerate(dict.fromkeys(clusters))}
    sums = np.zeros((len(order), design.shape[1]))
    np.add.at(sums, [order[name] for name in clusters], design * (w * (y - fitted))[:, None])
    few = len(order) / (len(order) - 1) * (len(y) - 1) / (len(y) - design.shape[1])
    return Logistic(beta, few * bread @ sums.T @ sums @ bread)


def _fit(design: Array, y: Array, w: Array) -> Array | None:
    beta = np.zeros(design.shape[1])
    for _ in range(_STEPS):
        fitted = _chance(design @ beta)
        information = _information(design, fitted, w)
        if np.linalg.cond(information) > 1 / _SMALL:
            return None
        step = np.linalg.solve(information, design.T @ (w * (y - fitted)))
        beta = beta + np.clip(step, -2.0, 2.0)
        if np.abs(step).max() < _SMALL:
            return beta if np.abs(design @ beta).max() < _WIDEST else None
    return None


def _information(design: Array, fitted: Array, w: Array) -> Array:
    return np.asarray(design.T @ (design * (w * fitted * (1 - fitted))[:, None]))


def _chance(logits: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -500, 500))))
