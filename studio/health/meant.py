"""Inputs that mean about the same, in whatever words: every pair above a cosine, exactly, block by block. Pure.

`CLOSE` was chosen on BANKING77 (MiniLM, 13,083 questions): of the pairs at .95 and above whose letters differ, 98 % are
of one intent, and most of the others are labelled doubtfully; at .90 it is 96 %, at .80 to .85 only 83 %.

Does not promise to see two questions as one because a person would, nor to tell them apart by one word that turns the
sense ("can" and "cannot" verify are close): what it finds is to be looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from studio.health.known import Close, Floats

CLOSE = 0.95
NEAREST = 50
"""Pairs kept for each example, the closest first: thousands of rows from one template have millions."""

_CELLS = 12_500_000  # cosines at once: 50 MB
Places = NDArray[np.int64]


def close_pairs(meaning: Mapping[str, Floats], among: Sequence[str] | None = None) -> tuple[Close, ...]:
    """Every pair of examples whose vectors have a cosine of at least `CLOSE`; in the order of their ids.

    `meaning`: example id -> normalised float32. `among`: only pairs with one of these ids in them. Of an example with
    more than `NEAREST` such pairs the nearest are kept, and those that are among the nearest of the other.
    """
    ids = sorted(meaning)
    if len(ids) < 2:
        return ()
    vectors = np.stack([meaning[name] for name in ids]).astype(np.float32, copy=False)
    wanted = set(ids if among is None else among)
    rows = np.array([place for place, name in enumerate(ids) if name in wanted], dtype=np.int64)
    pairs: dict[tuple[int, int], float] = {}
    step = max(1, _CELLS // len(ids))
    for start in range(0, len(rows), step):
        block = rows[start : start + step]
        for row, other, cosine in _above(vectors[block] @ vectors.T, block):
            pairs[min(row, other), max(row, other)] = cosine
    return tuple(Close(ids[a], ids[b], round(pairs[a, b], 4)) for a, b in sorted(pairs))


def _above(cosines: Floats, block: Places) -> list[tuple[int, int, float]]:
    """(row, other, cosine) of what is close in a block, at most `NEAREST` a row, a row with itself left out."""
    cosines[np.arange(len(block)), block] = -1.0
    at, others = np.nonzero(cosines >= CLOSE)
    values = cosines[at, others]
    order = np.lexsort((others, -values, at))
    at, others, values = at[order], others[order], values[order]
    rank = np.arange(len(at)) - np.searchsorted(at, at)
    near = rank < NEAREST
    return list(zip(block[at[near]].tolist(), others[near].tolist(), values[near].tolist(), strict=True))


def renewed(before: Sequence[Close], meaning: Mapping[str, Floats], changed: Sequence[str]) -> tuple[Close, ...]:
    """As `close_pairs(meaning)`, from the pairs `before` when only the vectors of `changed` are new.

    Equal to it as long as no example has more than `NEAREST` pairs. Examples that are gone go with their pairs.
    """
    new = set(changed)
    kept = [c for c in before if c.one in meaning and c.other in meaning and not {c.one, c.other} & new]
    return tuple(sorted([*kept, *close_pairs(meaning, changed)], key=lambda c: (c.one, c.other)))
