"""Where the approved examples leave holes: hard kinds, and criteria of the brief, in a slice. Pure."""

from __future__ import annotations

from collections import Counter

from studio.examples.coverage import Cell, coverage
from studio.health.checks import Checked
from studio.health.findings import Finding, Severity
from studio.records import Status

_SHOWN = 5


def coverage_holes(on: Checked) -> Finding:
    """Hard kinds with too few approved examples in a slice, and criteria that too few show there, by the rule of
    `studio.examples.coverage`; the whole slices are `slice_coverage`'s.

    Only worth a look: how many are enough nobody has measured. Does not promise that the examples there are varied.
    """
    approved = [e for e in on.examples if e.status is Status.approved]
    if not approved or not on.brief.slices:
        sentence = "Holes are looked for once there are slices in the brief and approved examples."
        return Finding("coverage_holes", Severity.fine, 0, (), sentence)
    tally = Counter((e.slice, tuple(sorted(e.kinds))) for e in approved)
    found = coverage(on.brief, tally, approved, goal=len(approved))
    holes = [cell for cell in found.holes if cell.kind or cell.criterion]
    if not holes:
        sentence = f"Every slice has a few of each hard kind and shows each criterion ({len(approved):,} approved)."
        return Finding("coverage_holes", Severity.fine, 0, (), sentence)
    worst = "; ".join(_said(cell) for cell in holes[:_SHOWN])
    sentence = (
        f"Holes in what the {len(approved):,} approved examples show: {len(holes):,} (a hard kind or a criterion that "
        f"a slice hardly has). The worst: {worst}."
    )
    return Finding("coverage_holes", Severity.should_look, len(holes), (), sentence)


def _said(cell: Cell) -> str:
    what = ", ".join(part.replace("_", " ") for part in (cell.slice, cell.kind, cell.criterion) if part)
    return f"{what} ({cell.have:,} of {cell.want:,})"
