"""Coverage: which slices, hard kinds and criteria the approved examples show against the brief, and what to write next.

The brief says which share each slice shall have. How many examples of each hard kind are enough nobody has measured:
`KIND_SHARE` of a slice's examples, at least one, is a floor under which a kind is as good as absent. Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from studio.evaluate import checks
from studio.records import HARD_KINDS, Brief, Example

KIND_SHARE = 0.02
USUAL_GOAL = 300
"""Approved examples to aim at when there are fewer: a few hundred teach a habit, as the empty page says."""


@dataclass(frozen=True)
class Cell:
    """One slice and one hard kind ("": the whole slice): approved examples there are, and are wanted."""

    slice: str
    kind: str
    have: int
    want: int
    critical: bool = False

    @property
    def missing(self) -> int:
        return max(0, self.want - self.have)


@dataclass(frozen=True)
class Reach:
    """One criterion in one slice. `approved`: examples it applies to there; of `looked` of those the machine found
    `kept` to keep it. `kept` is None when only people can tell."""

    criterion: str
    slice: str
    approved: int
    looked: int
    kept: int | None


@dataclass(frozen=True)
class Coverage:
    """`cells` by (slice, kind), kind "" first; `holes`: those that lack something, the worst first. `reaches` by
    (criterion, slice), without the pairs where the criterion does not apply."""

    goal: int
    slices: tuple[str, ...]
    kinds: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    reaches: Mapping[tuple[str, str], Reach]
    holes: tuple[Cell, ...]


Tally = Mapping[tuple[str, tuple[str, ...]], int]
"""(slice, kinds) -> approved examples with exactly these."""


def usual_goal(tally: Tally) -> int:
    """How many approved examples to aim at when nobody said: what there is, and not less than `USUAL_GOAL`."""
    return max(USUAL_GOAL, sum(tally.values()))


def wanted(brief: Brief, goal: int) -> dict[str, int]:
    """Slice -> how many of `goal` approved examples it shall have by its share in the brief, rounded up, so that
    the whole is not missed; 0 without a share. Where the brief names no share at all, each gets the same ("": all)."""
    shares = {s.name: s.target_share for s in brief.slices} or {"": 0.0}
    if not any(shares.values()):
        shares = dict.fromkeys(shares, 1 / len(shares))
    return {name: math.ceil(share * goal - 1e-9) for name, share in shares.items()}


def coverage(brief: Brief, tally: Tally, sample: Sequence[Example], goal: int = 0) -> Coverage:
    """`sample`: approved examples whose ideal outputs are checked against the criteria. `goal`: approved examples to
    aim at (0: the usual one). A slice wants what `wanted` says; one that is not in the brief wants none, and neither
    does a kind that is a word of the team's own, or a slice itself."""
    goal = goal or usual_goal(tally)
    named = [s.name for s in brief.slices]
    slices = tuple(dict.fromkeys([*named, *sorted(name for name, _ in tally)]))
    extra = sorted({kind for _, kinds in tally for kind in kinds} - set(HARD_KINDS))
    kinds = (*HARD_KINDS, *extra)
    cells = _cells(brief, tally, slices, kinds, goal)
    holes = sorted((cell for cell in cells.values() if cell.missing), key=_rank)
    return Coverage(goal, slices, kinds, cells, _reaches(brief, tally, sample, slices), tuple(holes))


def _cells(
    brief: Brief, tally: Tally, slices: tuple[str, ...], kinds: tuple[str, ...], goal: int
) -> dict[tuple[str, str], Cell]:
    have: Counter[tuple[str, str]] = Counter()
    for (name, found), count in tally.items():
        for kind in {"", *found}:
            have[name, kind] += count
    asked, aimed = {s.name: s for s in brief.slices}, wanted(brief, goal)
    cells = {}
    for name in slices:
        critical = name in asked and asked[name].critical
        whole = aimed.get(name, 0) if name in asked else 0
        for kind in ("", *kinds):
            want = whole if not kind else 0 if kind in asked or kind not in HARD_KINDS else _floor(whole)
            cells[name, kind] = Cell(name, kind, have[name, kind], want, critical)
    return cells


def _floor(whole: int) -> int:
    """Of each hard kind in a slice that wants `whole` examples."""
    return max(1, round(KIND_SHARE * whole)) if whole else 0


def _rank(cell: Cell) -> tuple[float, int, str, str]:
    """The worst first: by the share of it that is missing, which counts double for a whole slice and again for a
    critical one; then by how many are missing."""
    weight = (1 if cell.kind else 2) * (2 if cell.critical else 1)
    return (-weight * cell.missing / cell.want, -cell.missing, cell.slice, cell.kind)


def _reaches(
    brief: Brief, tally: Tally, sample: Iterable[Example], slices: tuple[str, ...]
) -> dict[tuple[str, str], Reach]:
    looked: Counter[tuple[str, str]] = Counter()
    kept: Counter[tuple[str, str]] = Counter()
    for example in sample:
        subject = checks.Subject(example.input, example.ideal, example.ideal, example.slice)
        for criterion in brief.criteria:
            if criterion.checks and (told := checks.kept(criterion, subject)) is not None:
                looked[criterion.name, example.slice] += 1
                kept[criterion.name, example.slice] += told
    approved: Counter[str] = Counter()
    for (name, _), count in tally.items():
        approved[name] += count
    return {
        (c.name, name): Reach(
            c.name, name, approved[name], looked[c.name, name], kept[c.name, name] if c.checks else None
        )
        for c in brief.criteria
        for name in slices
        if not c.slices or name in c.slices
    }
