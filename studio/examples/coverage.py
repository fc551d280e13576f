"""Coverage: which slices, hard kinds and criteria the approved examples show against the brief, and what to write next.

The brief says which share each slice shall have. How many examples of each hard kind, or that show a criterion, are
enough nobody has measured. `KIND_SHARE` and `CRITERION_SHARE` of a slice's examples, at least one, are floors under
which it is as good as absent; within a hard kind one example that shows the criterion will do. Pure.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from studio.evaluate import checks
from studio.records import HARD_KINDS, Brief, Criterion, Example

KIND_SHARE = 0.02
CRITERION_SHARE = 0.1
USUAL_GOAL = 300
"""Approved examples to aim at when there are fewer: a few hundred teach a habit, as the empty page says."""


@dataclass(frozen=True)
class Cell:
    """One slice and one hard kind ("": the whole slice): approved examples there are, and are wanted. With a
    `criterion`: those that show it."""

    slice: str
    kind: str
    have: int
    want: int
    critical: bool = False
    criterion: str = ""

    @property
    def missing(self) -> int:
        return max(0, self.want - self.have)


@dataclass(frozen=True)
class Reach:
    """One criterion in one slice and hard kind ("": the whole slice), where it applies to `approved` examples.

    `looked` of these were given to the machine; `applied`: those it could tell something of, and `kept` of these keep
    the criterion. `kept` is None when only people can tell; each example is then taken to show it. `want`: how many
    shall show it. `short`: that this is a hole of its own, and not only because there are no examples."""

    criterion: str
    slice: str
    kind: str
    approved: int
    looked: int
    applied: int
    kept: int | None
    want: int
    short: bool = False

    @property
    def have(self) -> int:
        """Examples that show it; reckoned from those looked at where these are only some of them."""
        if self.kept is None or not self.looked:
            return self.approved
        return round(self.approved * self.kept / self.looked)


@dataclass(frozen=True)
class Coverage:
    """`cells` by (slice, kind), kind "" first. `reaches` by (criterion, slice, kind), without the slices where the
    criterion does not apply. `holes`: whatever lacks something, the worst first; those of a criterion name it."""

    goal: int
    slices: tuple[str, ...]
    kinds: tuple[str, ...]
    cells: Mapping[tuple[str, str], Cell]
    reaches: Mapping[tuple[str, str, str], Reach]
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
    reaches = _reaches(brief, cells, _told(brief, sample))
    lacking = [
        Cell(r.slice, r.kind, r.have, r.want, cells[r.slice, r.kind].critical, r.criterion)
        for r in reaches.values()
        if r.short
    ]
    holes = sorted([*(cell for cell in cells.values() if cell.missing), *lacking], key=_rank)
    return Coverage(goal, slices, kinds, cells, reaches, tuple(holes))


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


def _rank(cell: Cell) -> tuple[float, int, str, str, str]:
    """The worst first: by the share of it that is missing, which counts double for a whole slice, half within one for
    a criterion, and double in a critical one; then by how many are missing."""
    weight = (1 if cell.kind else 2) * (2 if cell.critical else 1) * (0.5 if cell.criterion else 1)
    return (-weight * cell.missing / cell.want, -cell.missing, cell.slice, cell.kind, cell.criterion)


_Told = dict[str, Counter[tuple[str, str, str]]]


def _told(brief: Brief, sample: Iterable[Example]) -> _Told:
    """Of the sample, by (criterion, slice, kind): examples looked at, told something of, and found to keep it."""
    counts: _Told = {"looked": Counter(), "applied": Counter(), "kept": Counter()}
    for example in sample:
        subject = checks.of_example(example)
        for criterion in brief.criteria:
            if not criterion.checks or not _applies(criterion, example.slice):
                continue
            kept = checks.kept(criterion, subject)
            for kind in {"", *example.kinds}:
                at = (criterion.name, example.slice, kind)
                counts["looked"][at] += 1
                counts["applied"][at] += kept is not None
                counts["kept"][at] += bool(kept)
    return counts


def _applies(criterion: Criterion, slice: str) -> bool:
    return not criterion.slices or slice in criterion.slices


def _reaches(brief: Brief, cells: Mapping[tuple[str, str], Cell], told: _Told) -> dict[tuple[str, str, str], Reach]:
    return {
        (c.name, *place): _reach(c, cell, told) for c in brief.criteria for place, cell in cells.items()
        if _applies(c, cell.slice)
    }  # fmt: skip


def _reach(criterion: Criterion, cell: Cell, told: _Told) -> Reach:
    """A place that has no examples, or too few which all show the criterion, is a hole already; it is none again."""
    at = (criterion.name, cell.slice, cell.kind)
    if cell.kind:
        want = 1 if cell.want else 0
    else:
        named = cell.slice in criterion.slices
        want = max(1, round(CRITERION_SHARE * cell.want)) if cell.want or named else 0
    looked, applied, kept = (told[each][at] for each in ("looked", "applied", "kept"))
    found = Reach(*at, cell.have, looked, applied, kept if criterion.checks else None, want)
    short = found.have < want and not (cell.missing and found.have >= cell.have)
    return replace(found, short=short)
