"""Rule by rule as a dot plot: each arm has a colour and a shape of its own, so neither alone must carry it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from studio.outputs import Compared
from studio.records import ArmKind

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

# Okabe and Ito's blue, vermilion and grey (2008), darkened or lightened until they reach 3:1 on our paper.
_COLOURS = {
    "light": {
        ArmKind.tuned: "#1D5C55",
        ArmKind.prompted: "#B4560A",
        ArmKind.few_shot: "#7A3E8E",
        ArmKind.retrieval: "#1B5E9B",
        ArmKind.base: "#5B6472",
    },
    "dark": {
        ArmKind.tuned: "#7CC4B6",
        ArmKind.prompted: "#F0A35E",
        ArmKind.few_shot: "#D3A4E0",
        ArmKind.retrieval: "#8DBDEB",
        ArmKind.base: "#B9C0CC",
    },
}
_SHAPES = {
    ArmKind.tuned: ("circle", "star", "hexagon"),
    ArmKind.prompted: ("diamond", "diamond-tall", "cross"),
    ArmKind.few_shot: ("triangle-up", "triangle-down", "pentagon"),
    ArmKind.retrieval: ("triangle-left", "triangle-right", "hourglass"),
    ArmKind.base: ("square", "square-open", "x"),
}
_INK = {"light": ("#22201C", "#635E54", "#DDD8CD"), "dark": ("#ECE8DF", "#B3ADA1", "#3B3833")}
_ROW = 88


def dots(shown: Sequence[Compared], key: str) -> None:
    """The plot. What it shows stands in a table beneath it, too."""
    st.plotly_chart(_figure(shown), key=key, config={"displayModeBar": False}, theme=None)


def _figure(shown: Sequence[Compared]) -> Figure:
    import plotly.graph_objects as go

    theme = "dark" if st.context.theme.type == "dark" else "light"
    names = [s.criterion for s in shown[0].scores]
    figure = go.Figure()
    seen: dict[ArmKind, int] = {}
    # Each arm has its own height in the row of a rule, so that no dot hides another.
    lanes = [0.12 + 0.2 * (place - (len(shown) - 1) / 2) for place in range(len(shown))]
    for lane, each in zip(lanes, shown, strict=True):
        place = seen.get(each.arm.kind, 0)
        seen[each.arm.kind] = place + 1
        shapes = _SHAPES[each.arm.kind]
        told = [(row, s) for row, s in enumerate(each.scores) if s.n]
        figure.add_scatter(
            x=[100 * s.share for _, s in told],
            y=[row + lane for row, _ in told],
            name=_plain(each.arm.name),
            mode="markers",
            marker={"symbol": shapes[place % len(shapes)], "size": 12, "color": _COLOURS[theme][each.arm.kind]},
            error_x={
                "type": "data", "symmetric": False, "thickness": 2, "width": 0,
                "array": [100 * (s.interval[1] - s.share) for _, s in told],
                "arrayminus": [100 * (s.share - s.interval[0]) for _, s in told],
            },
            customdata=[[_plain(s.criterion), s.kept, s.n] for _, s in told],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]} of %{customdata[2]} <extra>%{fullData.name}</extra>",
        )  # fmt: skip
    _lay_out(figure, names, _INK[theme])
    return figure


def _lay_out(figure: Figure, names: Sequence[str], inks: tuple[str, str, str]) -> None:
    ink, soft, line = inks
    figure.update_layout(
        height=96 + _ROW * len(names),
        margin={"l": 14, "r": 16, "t": 44, "b": 40},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "Source Sans, sans-serif", "size": 15, "color": ink},
        dragmode=False,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0, "xanchor": "left"},
        xaxis={"range": [-2, 102], "ticksuffix": " %", "dtick": 25, "gridcolor": line, "zeroline": False,
               "tickfont": {"color": soft}, "fixedrange": True},
        yaxis={"tickvals": list(range(len(names))), "ticktext": ["" for _ in names],
               "range": [len(names) - 0.5, -0.5], "showgrid": False, "zeroline": False, "fixedrange": True},
    )  # fmt: skip
    for row, name in enumerate(names):
        figure.add_hline(y=row - 0.5, line={"color": line, "width": 1}, layer="below")
        # The rule's name stands over its row, so that the dots keep the whole width of a phone.
        figure.add_annotation(x=0, xref="paper", xshift=-10, y=row - 0.3, text=_plain(name), showarrow=False,
                              xanchor="left", yanchor="middle", font={"size": 15, "color": ink})  # fmt: skip


def _plain(text: str) -> str:
    """Somebody's text for plotly, which reads a little HTML: its angle brackets and entities are shown as typed."""
    short = text if len(text) <= 60 else text[:59] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
