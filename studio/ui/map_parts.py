"""The map of the examples: colour them, draw round some of them, and do with those what the list of examples can do."""

from __future__ import annotations

from collections import Counter
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Any

import streamlit as st

from studio.examples import meaning
from studio.health import Severity
from studio.health.plane import NEAREST, Plane, plane
from studio.records import Example, Status
from studio.store import Store
from studio.store.finding import Filter
from studio.ui import acting_parts, blocks, fix_parts, meaning_parts
from studio.ui.access import Visit
from studio.ui.health_parts import Checked
from studio.wording import STATUS_WORDS

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_CHART = "health-map-chart"
_WAYS = {"slice": "Kind of input (slice)", "status": "Status", "finding": "What the checks found"}
# Okabe and Ito (2008), darkened or lightened until they reach 3:1 on our paper; a shape for each as well.
_COLOURS = {
    "light": ("#1D5C55", "#B4560A", "#2F5FA8", "#8A3B78", "#7A6A00", "#A33A2A", "#4B7A1F", "#5B6472"),
    "dark": ("#7CC4B6", "#F0A35E", "#8FB6F0", "#E0A0D0", "#E3D26F", "#F09A8C", "#B5D98B", "#B9C0CC"),
}
_SHAPES = ("circle", "diamond", "square", "triangle-up", "cross", "triangle-down", "star", "x")
_INK = {"light": ("#22201C", "#F6F3EC"), "dark": ("#ECE8DF", "#24221F")}
_OTHERS = "others"
_DRAWN = 2_000
"""Points that any browser draws in time; more of them need WebGL."""


def show(visit: Visit, checked: Checked) -> None:
    """The map, or what is missing for it."""
    vectors = meaning.vectors_here(visit.store)
    workspace, read = str(visit.store.workspace), len(vectors) if vectors else 0
    laid_out = _plane(visit.store, workspace, visit.store.version, read, visit.project_id, checked.by_id)
    if laid_out is None:
        blocks.lead("There is no map yet: it needs what the inputs mean, and nobody has read them.")
        meaning_parts.reading(visit)
        return
    blocks.plain(
        "Each point is an example, laid out by what its input means. Points far apart ask different things; points "
        f"close together may still differ, as two directions hold only {blocks.percent(laid_out.shown)} of all "
        "differences (principal components). Draw round a group to act on it."
    )
    if laid_out.kept is not None:
        blocks.note(
            f"How far to trust it: of the {NEAREST} points nearest to one on the map, {NEAREST * laid_out.kept:.1f} "
            f"are among its {NEAREST} nearest in meaning (mean of {laid_out.asked:,} points; "
            f"{NEAREST * laid_out.by_chance:.1f} by chance)."
        )
    missing = len(checked.by_id) - laid_out.of
    if missing > 0:
        blocks.note(
            f"Not on the map, as they were not read yet or are rejected: {missing:,} of {len(checked.by_id):,}."
        )
    if len(laid_out.ids) < laid_out.of:
        blocks.note(f"Shown is a draw of {len(laid_out.ids):,} of {laid_out.of:,}; the others lie among them.")
    way = st.segmented_control("Colour by", list(_WAYS), default="slice", format_func=_WAYS.__getitem__,
                               key="health-map-by", required=True)  # fmt: skip
    groups = _groups(checked, laid_out, str(way))
    st.plotly_chart(
        _figure(checked, laid_out, groups), key=_CHART, theme=None, selection_mode=("lasso", "box"),
        on_select=partial(_selected, visit), config={"displaylogo": False, "scrollZoom": True},
    )  # fmt: skip
    _act(visit)
    counts = Counter(groups.values())
    with st.expander("The same groups as a list", key="health-map-list"):
        rows = [[name, f"{count:,}", blocks.percent(count / len(groups))] for name, count in counts.most_common()]
        blocks.table([_WAYS[str(way)], "Examples", "Share"], rows, "Examples on the map by group")


@st.cache_data(max_entries=4, show_spinner="Drawing the map")
def _plane(
    _store: Store, workspace: str, version: int, read: int, project: str, _by_id: dict[str, Example]
) -> Plane | None:  # fmt: skip
    vectors = meaning.vectors_here(_store)
    live = {e.id: e.prompt.asked for e in _by_id.values() if e.status is not Status.rejected}
    return plane(vectors.of_texts(live)) if vectors else None


def _groups(checked: Checked, laid_out: Plane, way: str) -> dict[str, str]:
    """Example -> the group it is coloured by."""
    found = [checked.by_id[name] for name in laid_out.ids]
    if way == "slice":
        return {e.id: (e.slice or "in no slice").replace("_", " ") for e in found}
    if way == "status":
        return {e.id: STATUS_WORDS[e.status] for e in found}
    named: dict[str, str] = {}
    for severity, words in ((Severity.should_look, "should be looked at"), (Severity.must_fix, "must be fixed")):
        for finding in checked.report.findings:
            if finding.severity is severity and finding.check != "not_approved" and finding.key not in checked.accepted:
                named |= dict.fromkeys(finding.ids, words)
    return {e.id: named.get(e.id, "nothing found") for e in found}


def _figure(checked: Checked, laid_out: Plane, groups: dict[str, str]) -> Figure:
    import plotly.graph_objects as go

    theme = "dark" if st.context.theme.type == "dark" else "light"
    names = [name for name, _ in Counter(groups.values()).most_common()]
    kept = names if len(names) <= len(_SHAPES) else names[: len(_SHAPES) - 1]
    figure = go.Figure()
    add = figure.add_scatter if len(laid_out.ids) <= _DRAWN else figure.add_scattergl
    for place, group in enumerate([*kept, *[_OTHERS] * (len(kept) < len(names))]):
        at = [i for i, name in enumerate(laid_out.ids) if (groups[name] if groups[name] in kept else _OTHERS) == group]
        add(
            x=laid_out.x[at], y=laid_out.y[at], name=escape(group), mode="markers",
            marker={"size": 7, "opacity": 0.75, "color": _COLOURS[theme][place], "symbol": _SHAPES[place]},
            customdata=[laid_out.ids[i] for i in at],
            text=[_hover(checked.by_id[laid_out.ids[i]]) for i in at], hovertemplate="%{text}<extra></extra>",
        )  # fmt: skip
    ink, paper = _INK[theme]
    hidden = {"visible": False, "scaleanchor": None}
    figure.update_layout(
        height=560, margin={"l": 0, "r": 0, "t": 8, "b": 0}, dragmode="lasso", paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor=paper, xaxis=hidden, yaxis=hidden,
        font={"color": ink, "size": 14, "family": "Source Sans, sans-serif"},
        legend={"orientation": "h", "y": -0.02, "yanchor": "top"}, hoverlabel={"align": "left"},
    )  # fmt: skip
    return figure


def _hover(example: Example) -> str:
    asked, ideal = blocks.start_of(example.input, 90), blocks.start_of(example.ideal, 90) or "still to be written"
    return f"<b>{escape(asked)}</b><br>{escape(ideal)}"


def _selected(visit: Visit) -> None:
    """What was drawn round is what is selected, here and in the list of examples."""
    chosen: Any = st.session_state[_CHART]["selection"]["points"]
    acting_parts.pick(visit, list(dict.fromkeys(str(point["customdata"]) for point in chosen)))


def _act(visit: Visit) -> None:
    chosen = acting_parts.picked_listed(visit)
    if not chosen:
        blocks.note("Nothing is selected. The lasso and the box are at the top right of the map.")
        return
    if visit.may_edit:
        acting_parts.bar(visit, [], 0, Filter())
    label = f"Show {blocks.several(len(chosen), 'example')} as a list"
    st.button(label, key="health-map-show", type="tertiary", on_click=fix_parts.show_ids, args=(visit, chosen))
