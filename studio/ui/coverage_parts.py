"""Coverage on screen: what to write next, and two tables of what the approved examples show and what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from studio.examples.coverage import Cell, Coverage, Reach, coverage, usual_goal
from studio.records import Brief
from studio.store import Store, briefs
from studio.store import examples as rows
from studio.ui import blocks, example_parts, form_fields, frame
from studio.ui.access import Visit

SAMPLE = 2_000
"""Approved examples whose ideal outputs are checked against the criteria, so that the page stays quick."""

_SHOWN = 8


def show(visit: Visit) -> None:
    brief = briefs.latest(visit.store, visit.project_id)
    if brief is None or not brief.slices:
        frame.empty(
            "The brief names no kinds of input yet",
            "Coverage sets the approved examples against the kinds of input (slices) and the shares that the brief "
            "aims at. Name them on the Brief page first.",
        )
        blocks.way(visit, "brief", "Open the brief", "coverage-brief")
        return
    usual = usual_goal(rows.approved_kinds(visit.store, visit.project_id))
    goal = int(st.number_input(
        "Approved examples to aim at", 20, 1_000_000, usual, step=50, key="coverage-goal", persist_state="session",
        width=260, help="The brief's shares are of this many. A few hundred teach a habit.",
    ))  # fmt: skip
    found = _found(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id, goal)
    blocks.lead(_lead(found))
    _next(visit, found.holes)
    _kinds(found)
    _criteria(found, brief)


@st.cache_data(max_entries=16, show_spinner=False)
def _found(_store: Store, workspace: str, version: int, project: str, goal: int) -> Coverage:
    brief = briefs.latest(_store, project) or Brief()
    return coverage(brief, rows.approved_kinds(_store, project), rows.approved_sample(_store, project, SAMPLE), goal)


def _lead(found: Coverage) -> str:
    whole = [hole for hole in found.holes if not hole.kind]
    kinds = [hole for hole in found.holes if hole.kind]
    if not found.holes:
        return "Every kind of input has what the brief aims at, and each hard case is there."
    slices = "Every kind of input has enough approved examples"
    if whole:
        missing = blocks.several(sum(hole.missing for hole in whole), "approved example")
        slices = f"{missing} missing in {len(whole)} of {len(found.slices)} kinds of input"
    gaps = f"; {blocks.several(len(kinds), 'hard case')} too rarely shown" if kinds else ""
    return f"{slices}{gaps}."


def words(name: str) -> str:
    return name.replace("_", " ") or "no kind given"


# -- what to write next ----------------------------------------------------------------------------


def _next(visit: Visit, holes: Sequence[Cell]) -> None:
    if not holes:
        return
    blocks.section(
        "Write these next", "The largest holes first; a critical kind of input comes before another one like it."
    )
    for hole in holes[:_SHOWN]:
        _hole(visit, hole)
    rest = holes[_SHOWN:]
    if rest:
        with st.expander(f"{blocks.several(len(rest), 'smaller hole')}", key="coverage-rest"):
            for hole in rest[:40]:
                _hole(visit, hole)
            if len(rest) > 40:
                blocks.note(f"And {len(rest) - 40:,} more, in the table below.")


def _hole(visit: Visit, hole: Cell) -> None:
    with st.container(key=f"coverage-hole-{hole.slice}-{hole.kind}", horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            title = words(hole.slice) + (f", {words(hole.kind)}" if hole.kind else "")
            blocks.item(title, f"{hole.missing:,} to write: {hole.have:,} of {hole.want:,} are approved.",
                        "critical" if hole.critical else "")  # fmt: skip
        if visit.may_edit:
            st.button(
                "Write one", key=f"coverage-write-{hole.slice}-{hole.kind}", on_click=example_parts.start_one,
                args=(visit, hole.slice, hole.kind), help=f"Opens an empty example: {form_fields.plain(title)}",
            )  # fmt: skip


# -- the two tables --------------------------------------------------------------------------------


def _kinds(found: Coverage) -> None:
    blocks.section(
        "Kinds of input and what makes them hard",
        "Approved examples of those wanted. The brief sets how many a kind of input wants; of each hard case one in "
        "fifty of those is wanted, and at least one: a floor of ours, below which a model hardly meets it.",
    )
    shown = [kind for kind in found.kinds if any(found.cells[name, kind].want or found.cells[name, kind].have
                                                 for name in found.slices)]  # fmt: skip
    body = [(words(name), [_cell(found.cells[name, kind]) for kind in ("", *shown)]) for name in found.slices]
    heads = ["Kind of input (slice)", "All", *(words(kind) for kind in shown)]
    _grid(heads, body, f"Approved examples, aiming at {found.goal:,}")


def _cell(cell: Cell) -> tuple[str, str, str]:
    """(class, figure, word) of a cell."""
    if not cell.want:
        return "none" if not cell.have else "free", f"{cell.have:,}" if cell.have else "–", ""
    figure = f"{cell.have:,} of {cell.want:,}"
    if not cell.missing:
        return "full", f"{cell.have:,}", "enough"
    return ("some", figure, f"{cell.missing:,} missing") if cell.have else ("empty", figure, "none yet")


def _criteria(found: Coverage, brief: Brief) -> None:
    if not brief.criteria:
        return
    looked = any(reach.looked for reach in found.reaches.values())
    blocks.section(
        "Criteria and the examples that show them",
        "Approved examples each criterion applies to, and of those looked at, how many ideal outputs keep it."
        if looked else "Approved examples each criterion applies to; only people can tell whether they keep it.",
    )  # fmt: skip
    body = [
        (c.name, [_reach(found.reaches.get((c.name, name))) for name in found.slices]) for c in brief.criteria
    ]  # fmt: skip
    heads = ["Criterion", *(words(name) for name in found.slices)]
    total = sum(found.cells[name, ""].have for name in found.slices)
    of = f"; kept is told of {SAMPLE:,} drawn from {total:,}" if total > SAMPLE else ""
    _grid(heads, body, f"Approved examples by criterion and kind of input{of}")


def _reach(reach: Reach | None) -> tuple[str, str, str]:
    if reach is None:
        return "none", "–", "does not apply"
    if not reach.approved:
        return "empty", "0", "none yet"
    if reach.kept is None:
        return "free", f"{reach.approved:,}", "people tell"
    if not reach.looked:
        return "free", f"{reach.approved:,}", "cannot tell"
    told = f"{reach.kept:,} of {reach.looked:,} keep it"
    return ("full" if reach.kept == reach.looked else "some" if reach.kept else "empty"), f"{reach.approved:,}", told


def _grid(heads: Sequence[str], body: Sequence[tuple[str, list[tuple[str, str, str]]]], caption: str) -> None:
    """A table whose cells say how they stand in a word as well as by their tint."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    lines = "".join(
        f'<tr><th scope="row">{escape(name)}</th>'
        + "".join(
            f'<td class="ys-{kind}"><b>{escape(n)}</b><span>{escape(word)}</span></td>' for kind, n, word in cells
        )
        + "</tr>"
        for name, cells in body
    )
    st.html(
        f'<div class="ys-table ys-grid" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
