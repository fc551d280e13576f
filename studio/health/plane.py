"""Examples laid out on a plane by what their inputs mean: the two directions in which they differ most. Pure.

Principal components keep the large differences and lose the small ones: what lies far apart differs, and what lies
close together may still differ in ways that no two directions can show. How much of all is shown, and how many of the
neighbours on it are neighbours in meaning, the plane says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.health.known import Floats

MOST = 10_000
"""Points that are laid out at most; of more, a draw that is the same each time."""

NEAREST = 10
_ASKED = 500  # points whose neighbours are compared; the first ones, which are a draw


@dataclass(frozen=True)
class Plane:
    """`x` and `y` of the examples `ids`, `of` so many that were read; `shown` is the share of all differences between
    the inputs (their variance) that the two directions hold, 0 to 1. `kept`: of the `NEAREST` points nearest to one on
    the plane, the mean share that is among its nearest in meaning too, 0 to 1, told of `asked` points; None where
    fewer than five times as many points leave that to chance."""

    ids: tuple[str, ...]
    x: Floats
    y: Floats
    of: int
    shown: float
    kept: float | None
    asked: int

    @property
    def by_chance(self) -> float:
        """What `kept` would be of points that were strewn at random."""
        return NEAREST / max(1, len(self.ids) - 1)


def plane(vectors: Mapping[str, Floats]) -> Plane | None:
    """`vectors`: example id -> what its input means, all of one width. None for fewer than three. Same in, same out."""
    if len(vectors) < 3:
        return None
    ids = sorted(vectors, key=lambda name: hashlib.sha256(name.encode()).digest())[:MOST]
    told = np.stack([vectors[name] for name in ids]).astype(np.float64)
    told -= told.mean(axis=0)
    spreads, directions = np.linalg.eigh(told.T @ told)
    best = directions[:, [-1, -2]]
    # An eigenvector is one up to its sign; a map that is mirrored at each visit would be another map.
    best = best * np.sign(best[np.abs(best).argmax(axis=0), [0, 1]])
    at = (told @ best).astype(np.float32)
    whole = float(spreads.sum())
    shown = float(spreads[-2:].sum()) / whole if whole > 0 else 0.0
    kept = _kept(told.astype(np.float32), at) if len(ids) >= 5 * NEAREST else None
    return Plane(tuple(ids), at[:, 0], at[:, 1], len(vectors), shown, kept, min(_ASKED, len(ids)))


def _kept(told: Floats, at: Floats) -> float:
    """The mean share of the nearest points of `at` (n, 2) that are nearest in `told` (n, width), too."""
    pairs = zip(_nearest(told), _nearest(at), strict=True)
    return float(np.mean([len(np.intersect1d(one, other)) for one, other in pairs])) / NEAREST


def _nearest(points: Floats) -> NDArray[np.int64]:
    """(asked, NEAREST): the places of the points nearest to each of the first ones, itself left out."""
    count = min(_ASKED, len(points))
    lengths = (points**2).sum(axis=1)
    squares = lengths[:count, None] + lengths[None, :] - 2 * points[:count] @ points.T
    squares[np.arange(count), np.arange(count)] = np.inf
    return np.argpartition(squares, NEAREST, axis=1)[:, :NEAREST]
