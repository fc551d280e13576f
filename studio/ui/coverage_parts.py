"""Coverage on screen: what to write next, and one table of what the approved examples show and what they lack."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from studio.examples.coverage import Cell, Coverage, Reach, coverage, usual_goal
from studio.records import Brief
from studio.store import Store, briefs
from studio.store import examples as rows
from studio.ui import blocks, draft_fields, example_parts, form_fields, frame
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
    goal = draft_fields.whole(
        visit, "Approved examples to aim at", "coverage-goal", usual, (20, 1_000_000), step=50, width=260,
        help="The brief's shares are of this many. A few hundred teach a habit.",
    )  # fmt: skip
    found = _found(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id, goal)
    blocks.lead(_lead(found))
    _next(visit, found)
    _table(found, brief)


@st.cache_data(max_entries=16, show_spinner=False)
def _found(_store: Store, workspace: str, version: int, project: str, goal: int) -> Coverage:
    brief = briefs.latest(_store, project) or Brief()
    return coverage(brief, rows.approved_kinds(_store, project), rows.approved_sample(_store, project, SAMPLE), goal)


def _lead(found: Coverage) -> str:
    whole = [hole for hole in found.holes if not hole.kind and not hole.criterion]
    kinds = [hole for hole in found.holes if hole.kind and not hole.criterion]
    rules = {hole.criterion for hole in found.holes if hole.criterion}
    if not found.holes:
        return "Every kind of input has what the brief aims at; each hard case and each criterion is shown."
    slices = "Every kind of input has enough approved examples"
    if whole:
        missing = blocks.several(sum(hole.missing for hole in whole), "approved example")
        slices = f"{missing} missing in {len(whole)} of {len(found.slices)} kinds of input"
    gaps = f"; {blocks.several(len(kinds), 'hard case')} too rarely shown" if kinds else ""
    unseen = "criterion is" if len(rules) == 1 else "criteria are"
    untold = f"; {len(rules)} {unseen} somewhere too rarely shown" if rules else ""
    return f"{slices}{gaps}{untold}."


def words(name: str) -> str:
    return name.replace("_", " ") or "no kind given"


# -- what to write next ----------------------------------------------------------------------------


def _next(visit: Visit, found: Coverage) -> None:
    if not found.holes:
        return
    blocks.section(
        "Write these next",
        "The largest holes first; a critical kind of input comes before another one like it, and a kind of input "
        "before a criterion within it.",
    )
    for hole in found.holes[:_SHOWN]:
        _hole(visit, found, hole)
    rest = found.holes[_SHOWN:]
    if rest:
        with st.expander(f"{blocks.several(len(rest), 'smaller hole')}", key="coverage-rest"):
            for hole in rest[:40]:
                _hole(visit, found, hole)
            if len(rest) > 40:
                blocks.note(f"And {len(rest) - 40:,} more, in the table below.")


def _hole(visit: Visit, found: Coverage, hole: Cell) -> None:
    place = f"{hole.slice}-{hole.kind}" + (f"-{hole.criterion}" if hole.criterion else "")
    with st.container(key=f"coverage-hole-{place}", horizontal=True, vertical_alignment="center"):
        with st.container(width="stretch"):
            title = words(hole.slice) + (f", {words(hole.kind)}" if hole.kind else "")
            title += f": “{hole.criterion}”" if hole.criterion else ""
            blocks.item(title, _lacking(found, hole), "critical" if hole.critical else "")
        if visit.may_edit:
            st.button(
                "Write one", key=f"coverage-write-{place}", on_click=example_parts.start_one,
                args=(visit, hole.slice, hole.kind, hole.criterion),
                help=f"Opens an empty example: {form_fields.plain(title)}",
            )  # fmt: skip


def _lacking(found: Coverage, hole: Cell) -> str:
    if not hole.criterion:
        return f"{hole.missing:,} to write: {hole.have:,} of {hole.want:,} are approved."
    reach = found.reaches[hole.criterion, hole.slice, hole.kind]
    said = f"{hole.missing:,} to write that show it: {_about(reach)} of {hole.want:,}."
    broken = reach.applied - (reach.kept or 0) if reach.kept is not None else 0
    return f"{said} {_broken(broken)}: correct what is there first." if broken else said


# -- the table -------------------------------------------------------------------------------------


def _table(found: Coverage, brief: Brief) -> None:
    blocks.section(
        "Criteria, kinds of input and what makes them hard",
        "Approved examples of those wanted. The brief sets how many a kind of input wants. Floors of ours, below which "
        "a model hardly meets it: of each hard case one in fifty of those, of examples that show a criterion one in "
        "ten, and at least one of each; within a hard case one that shows the criterion.",
    )
    names = [_ALL, *(c.name for c in brief.criteria)]
    opened = st.selectbox(
        "Opened by what makes the input hard", names, key="coverage-open", persist_state="session", width=340
    )
    body: list[_Row] = []
    for name in names:
        body.append((name, [_at(found, name, slice, "") for slice in found.slices], ""))
        if name == opened:
            body += [(words(kind), [_at(found, name, slice, kind) for slice in found.slices], "ys-inner")
                     for kind in _kinds(found)]  # fmt: skip
    heads = ["What is shown", *(words(name) for name in found.slices)]
    total = sum(found.cells[name, ""].have for name in found.slices)
    of = f"; what shows a criterion is reckoned from {SAMPLE:,} drawn of {total:,}" if total > SAMPLE else ""
    _grid(heads, body, f"Approved examples, aiming at {found.goal:,}{of}")


_ALL = "All approved examples"
_Cell = tuple[str, str, str]
_Row = tuple[str, list[_Cell], str]


def _kinds(found: Coverage) -> list[str]:
    """Those that are wanted or there somewhere."""
    cells = found.cells
    return [kind for kind in found.kinds if any(cells[name, kind].want or cells[name, kind].have
                                                for name in found.slices)]  # fmt: skip


def _at(found: Coverage, name: str, slice: str, kind: str) -> _Cell:
    if name == _ALL:
        return _cell(found.cells[slice, kind])
    reach = found.reaches.get((name, slice, kind))
    if reach is None:
        return "none", "–", "does not apply"
    lacking = [] if kind else [k for k in _kinds(found) if found.reaches[name, slice, k].short]
    return _reach(reach, lacking)


def _cell(cell: Cell) -> tuple[str, str, str]:
    """(class, figure, word) of a cell."""
    if not cell.want:
        return "none" if not cell.have else "free", f"{cell.have:,}" if cell.have else "–", ""
    figure = f"{cell.have:,} of {cell.want:,}"
    if not cell.missing:
        return "full", f"{cell.have:,}", "enough"
    return ("some", figure, f"{cell.missing:,} missing") if cell.have else ("empty", figure, "none yet")


def _reach(reach: Reach, lacking: Sequence[str]) -> _Cell:
    """`lacking`: the hard cases of the slice that no example shows the criterion in."""
    if not reach.approved:
        return ("empty", f"0 of {reach.want:,}", "none yet") if reach.short else ("none", "–", "")
    if reach.kept is None:
        return "free", f"{reach.approved:,}", "people tell"
    if not reach.looked:
        return "free", f"{reach.approved:,}", "cannot tell yet"
    broken = reach.applied - reach.kept
    said = [f"{reach.want - reach.have:,} missing"] if reach.short and reach.have else []
    said += ["shown by none"] if reach.short and not reach.have else []
    said += [_broken(broken)] if broken else []
    if lacking and not reach.short:  # else there is enough to say, and the opened row says the rest
        said.append(f"not where {', '.join(map(words, lacking[:2]))}{' and more' * (len(lacking) > 2)}")
    if not said:
        return ("full" if reach.want else "free"), _about(reach), "enough" if reach.want else ""
    figure = f"{_about(reach)} of {reach.want:,}" if reach.short else _about(reach)
    return ("some" if reach.have else "empty"), figure, "; ".join(said)


def _about(reach: Reach) -> str:
    return f"{'about ' * (reach.looked < reach.approved)}{reach.have:,}"


def _broken(count: int) -> str:
    return f"{count:,} break{'s' * (count == 1)} it"


def _grid(heads: Sequence[str], body: Sequence[_Row], caption: str) -> None:
    """A table whose cells say how they stand in a word as well as by their tint."""
    head = "".join(f'<th scope="col">{escape(each)}</th>' for each in heads)
    lines = "".join(
        f'<tr class="{look}"><th scope="row">{escape(name)}</th>'
        + "".join(
            f'<td class="ys-{kind}"><b>{escape(n)}</b><span>{escape(word)}</span></td>' for kind, n, word in cells
        )
        + "</tr>"
        for name, cells, look in body
    )
    st.html(
        f'<div class="ys-table ys-grid" role="region" tabindex="0" aria-label="{escape(caption)}"><table>'
        f"<caption><span>{escape(caption)}</span></caption><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></div>"
    )
