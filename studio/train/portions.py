"""Parts of the training rows for a learning curve: each holds the smaller ones, whole groups, and its share of every
slice. Pure; the same rows and seed give the same parts on any machine.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from studio.records import Example, sha256

SHARES = (0.25, 0.5, 1.0)


def portion(rows: Sequence[Example], share: float, seed: int) -> list[Example]:
    """About `share` (0 to 1] of `rows`, in their order: as near as whole groups allow, at least one group.

    Stratified with jitter: within its slice each group gets a place in [0, 1) drawn by the seed, and the part is what
    stands first by these places over all slices. So a part is a part of every larger one, a slice of many groups has
    its share to within one group, and one of few has it on average.
    """
    if not 0 < share <= 1:
        raise ValueError(f"a share lies between 0 and 1, got {share}")
    ordered = [unit for _, unit in sorted(_placed(rows, seed), key=lambda pair: pair[0])]
    wanted, taken, chosen = share * len(rows), 0, set[str]()
    for unit in ordered:
        if chosen and taken + len(unit) / 2 > wanted:
            break
        taken += len(unit)
        chosen.update(row.id for row in unit)
    return [row for row in rows if row.id in chosen]


def _placed(rows: Sequence[Example], seed: int) -> list[tuple[tuple[float, str], list[Example]]]:
    """Each group with its place in its slice, and what decides between groups at the same one."""
    by_slice: dict[str, list[tuple[str, list[Example]]]] = defaultdict(list)
    for name, unit in groups(rows).items():
        counted = Counter(row.slice for row in unit)
        slice_ = max(counted, key=lambda each: (counted[each], each))
        by_slice[slice_].append((sha256(f"{seed}/{name}"), unit))
    placed = []
    for units in by_slice.values():
        total, before = sum(len(unit) for _, unit in units), 0
        for draw, unit in sorted(units, key=lambda pair: pair[0]):
            place = (before + len(unit) * int(draw[-13:], 16) / 16**13) / total
            placed.append(((place, draw), unit))
            before += len(unit)
    return placed


def groups(rows: Sequence[Example]) -> dict[str, list[Example]]:
    """Rows that must stay together, by a name of their own: those of one group, and each of the others alone."""
    found: dict[str, list[Example]] = defaultdict(list)
    for row in rows:
        found[f"group/{row.group}" if row.group else f"row/{row.id}"].append(row)
    return found
