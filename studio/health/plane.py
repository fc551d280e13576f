"""Examples laid out on a plane by what their inputs mean: the two directions in which they differ most. Pure.

Principal components keep the large differences and lose the small ones: what lies far apart differs, and what lies
close together may still differ in ways that no two directions can show. How much of all is shown, the plane says.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from studio.health.known import Floats

MOST = 10_000
"""Points that are laid out at most; of more, a draw that is the same each time."""


@dataclass(frozen=True)
class Plane:
    """`x` and `y` of the examples `ids`, `of` so many that were read; `shown` is the share of all differences between
    the inputs (their variance) that the two directions hold, 0 to 1."""

    ids: tuple[str, ...]
    x: Floats
    y: Floats
    of: int
    shown: float


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
    return Plane(tuple(ids), at[:, 0], at[:, 1], len(vectors), shown)
