"""A dot plot to read by row: what a row is stands over it; each arm or figure has a colour and a shape of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from studio.ui.verdict_charts import INSET, SHAPES, look, paper, plain, theme

_TOP = -0.62  # where the plot begins, in rows


@dataclass(frozen=True)
class Dot:
    """One figure in a row: a share in [0, 1] with its interval, and what is said of it on pointing. `hollow`: not sure,
    or not enough; never told by that alone."""

    row: int
    value: float
    low: float
    high: float
    told: str
    hollow: bool = False


@dataclass(frozen=True)
class Lane:
    """The figures of one arm, or of one kind, in all rows: drawn in one colour and shape, named in the legend."""

    name: str
    dots: Sequence[Dot]


@dataclass(frozen=True)
class Line:
    """A line to read figures against, at a share in [0, 1]; named at its foot. `dashed`: a registered bound."""

    at: float
    name: str
    dashed: bool = False
    left: bool = False


def draw(
    rows: Sequence[tuple[str, str]], lanes: Sequence[Lane], key: str, *, marks: Sequence[str] = (),
    lines: Sequence[Line] = (), joined: bool = False,
) -> None:  # fmt: skip
    """The plot. `rows`: (name, a few quiet words after it). `joined`: a line runs between the dots of a row. Everything
    in it must stand in a table or a text beside it."""
    import plotly.graph_objects as go

    ink, soft, line, colours = theme()
    height = 46 + 16 * len(lanes)
    step = 15 / height
    told, foot = look(marks), len(rows) - 0.45
    figure = go.Figure(
        data=[
            *(_joins(lanes, step, soft) if joined else ()),
            *(_trace(lane, n * step, SHAPES[n % len(SHAPES)], colours[n % len(colours)])
              for n, lane in enumerate(lanes)),
        ],
        # All at once: plotly takes much longer over a layout that is changed bit by bit.
        layout={
            **told,
            "annotations": [*told["annotations"], *_heads(rows, ink, soft), *_feet(lines, foot, soft)],
            "shapes": [_rule(each, foot, ink if not each.dashed else soft) for each in lines],
            "height": (96 if len(lanes) > 1 else 72) + height * len(rows),
            "showlegend": len(lanes) > 1,
            "margin": {"l": INSET, "r": 16, "t": 40 if len(lanes) > 1 else 16, "b": 56 if lines else 36},
            "xaxis": {**told["xaxis"], "range": [-2, 102], "ticksuffix": " %", "dtick": 25, "gridcolor": line,
                      "zeroline": False},
            "yaxis": {**told["yaxis"], "range": [foot, _TOP], "visible": False, "automargin": False},
        },
    )  # fmt: skip
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, theme=None)


def _trace(lane: Lane, offset: float, shape: str, colour: str) -> dict[str, Any]:
    told = list(lane.dots)
    return {
        "type": "scatter", "mode": "markers", "name": plain(lane.name), "cliponaxis": False,
        "x": [100 * d.value for d in told], "y": [d.row + offset for d in told],
        "marker": {"symbol": [f"{shape}-open" if d.hollow else shape for d in told], "size": 12, "color": colour,
                   "line": {"width": 2, "color": colour}},
        "error_x": {
            "type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": colour,
            "array": [100 * (d.high - d.value) for d in told], "arrayminus": [100 * (d.value - d.low) for d in told],
        },
        "customdata": [plain(d.told) for d in told], "hovertemplate": "%{customdata}<extra>%{fullData.name}</extra>",
    }  # fmt: skip


def _joins(lanes: Sequence[Lane], step: float, colour: str) -> list[dict[str, Any]]:
    """A thin line from the first to the last dot of each row."""
    by_row: dict[int, list[tuple[float, float]]] = {}
    for n, lane in enumerate(lanes):
        for dot in lane.dots:
            by_row.setdefault(dot.row, []).append((100 * dot.value, dot.row + n * step))
    ends = [(found[0], found[-1]) for found in by_row.values() if len(found) > 1]
    return [{
        "type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False,
        "x": [x for a, b in ends for x in (a[0], b[0], None)], "y": [y for a, b in ends for y in (a[1], b[1], None)],
        "line": {"color": colour, "width": 1, "dash": "dot"},
    }]  # fmt: skip


def _heads(rows: Sequence[tuple[str, str]], ink: str, soft: str) -> list[dict[str, Any]]:
    """The name of each row over its dots, so that these keep the whole width of a phone."""
    return [
        {
            "x": 0, "xref": "paper", "xshift": -INSET, "y": row, "yshift": 22, "showarrow": False, "xanchor": "left",
            "align": "left", "text": f'{plain(name)} <span style="color:{soft}">{plain(more)}</span>',
            "font": {"size": 15, "color": ink}, "bgcolor": paper(), "borderpad": 1,
        }
        for row, (name, more) in enumerate(rows)
    ]  # fmt: skip


def _feet(lines: Sequence[Line], foot: float, soft: str) -> list[dict[str, Any]]:
    return [
        {
            "x": 100 * each.at, "y": foot, "yshift": -26, "yanchor": "top", "showarrow": False,
            "text": each.name, "xanchor": "right" if each.left else "left", "font": {"size": 13, "color": soft},
        }
        for each in lines
    ]  # fmt: skip


def _rule(each: Line, foot: float, colour: str) -> dict[str, Any]:
    return {
        "type": "line", "x0": 100 * each.at, "x1": 100 * each.at, "y0": _TOP, "y1": foot, "layer": "below",
        "line": {"color": colour, "width": 1.5, "dash": "dash" if each.dashed else "solid"},
    }  # fmt: skip
