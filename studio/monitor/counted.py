"""Which rows of two files are compared, and as what: one of each group, and a text only so often. Pure.

Every choice is by a fixed seed and, but for that of a group, blind to the file that a row is in, so that it cannot make
the two files look different.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from studio.health import normalise
from studio.monitor.drift import Integers

LEAST = 100
"""Different texts that each side must have. With fewer, what is alarmed about is mostly missed."""

MOST = 2_000
"""Rows of each side that are compared; of more, so many are drawn. Bounds the table of all pairs to 128 MB."""

_OF_A_TEXT = 10  # rows that stand for a text in both files together: enough to be on both sides if it was


@dataclass(frozen=True)
class Input:
    """What somebody sent: its row in the file, the text, and whoever or whatever it belongs with ("" for nothing)."""

    row: int
    text: str
    group: str = ""


@dataclass(frozen=True)
class Side:
    """`rows`: for each row that is compared, its text as a place in `Counted.texts`. `different`: texts among them."""

    rows: Integers
    different: int


@dataclass(frozen=True)
class Counted:
    """`texts`: the different texts of both sides, as first written. Two are the same when they match after case, signs
    and spaces are evened out (`studio.health.normalise`)."""

    texts: tuple[str, ...]
    reference: Side
    current: Side

    @property
    def n(self) -> int:
        """The different texts of the side that has fewer."""
        return min(self.reference.different, self.current.different)


def counted(reference: Sequence[Input], current: Sequence[Input], *, most: int = MOST, seed: int = 0) -> Counted:
    """The rows to compare.

    One row of each group in a file, since rows of one group say little more than one. Of a text at most 10 rows in both
    files together: a message that a machine sends all day must not crowd out what people send. Then at most `most` rows
    a side, drawn from the whole file.
    """
    draw = np.random.default_rng(seed)
    sides = [_one_of_each_group(rows, draw) for rows in (reference, current)]
    rows = [*sides[0], *sides[1]]
    keys = [normalise(each.text) for each in rows]
    kept = _thinned(keys, draw)
    parts = [[i for i in kept if i < len(sides[0])], [i for i in kept if i >= len(sides[0])]]
    parts = [sorted(draw.permutation(part)[:most].tolist()) for part in parts]
    place: dict[str, int] = {}
    texts: list[str] = []
    found: list[Integers] = []
    for part in parts:
        for i in part:
            if place.setdefault(keys[i], len(texts)) == len(texts):
                texts.append(rows[i].text)
        found.append(np.array([place[keys[i]] for i in part], dtype=np.int64))
    return Counted(tuple(texts), *(Side(each, len(np.unique(each))) for each in found))


def _one_of_each_group(rows: Sequence[Input], draw: np.random.Generator) -> list[Input]:
    groups: dict[Hashable, list[Input]] = defaultdict(list)
    for each in rows:
        groups[each.group or each.row].append(each)
    return [members[int(draw.integers(len(members)))] for members in groups.values()]


def _thinned(keys: Sequence[str], draw: np.random.Generator) -> list[int]:
    """The places of at most `_OF_A_TEXT` rows of each text, drawn without a look at the side they are on."""
    places: dict[str, list[int]] = defaultdict(list)
    for i, key in enumerate(keys):
        places[key].append(i)
    return sorted(
        i for found in places.values()
        for i in (found if len(found) <= _OF_A_TEXT else draw.permutation(found)[:_OF_A_TEXT].tolist())
    )  # fmt: skip
