"""The Decision page's picture of quality against cost and latency, one point an arm and its table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from studio import payback, tradeoff
from studio.evaluate.costs import Estimate
from studio.records import Round
from studio.review.assessment import Assessment
from studio.tradeoff import Point, Tradeoff
from studio.ui import blocks, label_places, rows_parts, verdict_charts
from studio.ui.access import Visit
from studio.wording import all_of

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_BY = {"people": "What people preferred", "rules": "Rules kept, all arms"}
_NARROW, _TALL = 240.0, 290.0
"""Pixels of a picture's inside where it is narrowest. The numbers' places are stretched with a wider one."""
_WIDEST = 620  # pixels: in a wider picture the numbers would stand far from their points
_LOWEST, _HIGHEST = -2.0, 102.0


def show(visit: Visit, found: Round, assessments: Sequence[Assessment], marks: Sequence[str]) -> None:
    """The arms by quality and by what they take. Closed rounds only."""
    told = tradeoff.preferred(visit.store, found, assessments)
    if told is None:
        return
    blocks.section(
        "Quality against cost and latency",
        "Up is better, left takes less. A filled point: no other arm beats it on both. A hollow one: another does.",
    )
    by = st.segmented_control("Quality by", list(_BY), default="people", format_func=_BY.__getitem__,
                              key="decision-tradeoff-by", required=True)  # fmt: skip
    if by == "rules":
        with st.spinner("Checking the rules of the brief"):
            told = tradeoff.kept(visit.store, found)
        if told is None:
            blocks.plain("The brief has no rule that a machine can check, or nothing here was checked for one.")
            return
    _pictures(told, marks)
    _table(visit, told, marks)


def _pictures(told: Tradeoff, marks: Sequence[str]) -> None:
    named = [f"{number} is {each.name}" for number, each in enumerate(told.points, start=1)]
    timed = any(each.seconds for each in told.points)
    blocks.plain(f"In the picture{'s' * timed}, {all_of(named)}.")
    columns = st.columns(2, gap="large") if timed else [st.container(width=_WIDEST)]
    with columns[0]:
        _picture(told, "cost", f"Price of 1,000 answers, {told.currency}" if told.currency else
                 "Word pieces (tokens) of an answer", marks)  # fmt: skip
    if timed:
        with columns[1]:
            _picture(told, "seconds", "Seconds of one request (median)", marks)


def _picture(told: Tradeoff, by: str, axis: str, marks: Sequence[str]) -> None:
    points = [
        (number, each, taken) for number, each in enumerate(told.points, start=1)
        if (taken := each.cost if by == "cost" else each.seconds)
    ]  # fmt: skip
    if not points:
        return
    blocks.plain(told.sentence(by))
    figure = _figure(points, told.frontier(by), axis, marks)
    st.plotly_chart(figure, key=f"decision-tradeoff-{by}", config={"displayModeBar": False}, theme=None)


def _figure(
    points: Sequence[tuple[int, Point, Estimate]], best: Sequence[str], axis: str, marks: Sequence[str]
) -> Figure:
    import plotly.graph_objects as go

    ink, soft, line, colours = verdict_charts.theme()
    figure = go.Figure()
    widest = max(taken.high if taken.high is not None else taken.value for _, _, taken in points) * 1.12 or 1.0
    for _, each, taken in points:
        front = each.name in best
        colour = colours[0] if front else colours[2]
        figure.add_scatter(
            x=[taken.value], y=[100 * each.quality.value], mode="markers", cliponaxis=False,
            marker={"symbol": "circle" if front else "circle-open", "size": 14, "color": colour, "line": {"width": 2}},
            error_x=_bar(taken, 1, colour), error_y=_bar(each.quality, 100, colour),
            hovertemplate=f"{verdict_charts.plain(each.name)}<extra></extra>",
        )  # fmt: skip
    across, up = widest / _NARROW, (_HIGHEST - _LOWEST) / _TALL
    crosses = [_cross(each.quality, taken, across, up) for _, each, taken in points]
    for (number, each, taken), place in zip(points, label_places.places(crosses, _NARROW, _TALL), strict=True):
        x, y = taken.value, 100 * each.quality.value
        figure.add_annotation(
            x=x, y=y, text=f"<b>{number}</b>", ax=x + place.right * across, ay=y + place.up * up, axref="x", ayref="y",
            showarrow=True, arrowhead=0, arrowwidth=1, arrowcolor=soft, standoff=8,
            font={"size": 15, "color": ink},
        )  # fmt: skip
    verdict_charts.dress(figure, marks, height=402, showlegend=False)
    figure.update_layout(margin_t=36)  # room for the number of a point at the very top
    title = {"text": axis, "font": {"color": soft, "size": 14}}
    figure.update_xaxes(range=[0, widest], gridcolor=line, zeroline=True, zerolinecolor=line, title=title)
    figure.update_yaxes(range=[_LOWEST, _HIGHEST], ticksuffix=" %", dtick=25, gridcolor=line, zeroline=False)
    return figure


def _bar(found: Estimate, times: float, colour: str) -> dict[str, object]:
    """A bar over the interval; an end that is not known has none."""
    high = 0.0 if found.high is None else found.high - found.value
    low = 0.0 if found.low is None else found.value - found.low
    return {"type": "data", "symmetric": False, "array": [times * high], "arrayminus": [times * low],
            "thickness": 1.5, "width": 4, "color": colour}  # fmt: skip


def _cross(quality: Estimate, taken: Estimate, across: float, up: float) -> label_places.Cross:
    """Where a point lies in the picture at its narrowest. `across`, `up`: what a pixel there stands for."""
    x, y = taken.value / across, (100 * quality.value - _LOWEST) / up
    left, right = (x if end is None else end / across for end in (taken.low, taken.high))
    low, high = (y if end is None else (100 * end - _LOWEST) / up for end in (quality.low, quality.high))
    return label_places.Cross(x, y, left, right, low, high)


def _table(visit: Visit, told: Tradeoff, marks: Sequence[str]) -> None:
    best = {by: told.frontier(by) for by in ("cost", "seconds")}
    timed = any(each.seconds for each in told.points)
    heads = ["Arm", "quality (95 % interval)", "n"]
    heads += [f"1,000 answers, {told.currency}" if told.currency else "word pieces an answer"]
    heads += ["seconds"] if timed else []
    rows = []
    for number, each in enumerate(told.points, start=1):
        low, high = each.quality.low or 0.0, each.quality.high or 0.0
        behind = ("tradeoff", told.way, each.arm)
        row: list[blocks.Cell] = [
            f"{number} {each.name}",
            f"{blocks.percent(each.quality.value)} ({blocks.between((low, high))})",
            rows_parts.count(visit, each.quality.n, *behind, "quality"),
        ]
        for key, found in (("cost", each.cost), *([("seconds", each.seconds)] if timed else [])):
            text = _cell(each, found, best[key], key == "cost" and not told.currency)
            row.append(rows_parts.link(visit, text, *behind, key) if found else text)
        rows.append(row)
    marked = f" ({', '.join(marks).lower()})" * bool(marks)
    caption = (
        f"{told.quality}{marked}. Unbeaten: no other arm is as good and takes less, or is better and takes no more."
    )
    blocks.table(heads, rows, caption)
    if not told.currency:
        blocks.note(
            "In word pieces, because not every arm has a price in one currency. Prices are set under “Return on it”."
        )
    if not timed:
        blocks.way(visit, "baselines", "Time the arms, to see latency, too", "decision-tradeoff-time")


def _cell(each: Point, found: Estimate | None, best: Sequence[str], whole: bool = False) -> str:
    """A figure with its interval; `whole`: word pieces, which are counted."""
    if found is None:
        return "not known"
    unbeaten = ", unbeaten" if each.name in best else ""
    if whole:
        return f"{found.value:,.0f} ({found.low or 0.0:,.0f} to {found.high or 0.0:,.0f}){unbeaten}"
    if found.low is None or found.high is None:
        return f"{found.value:.2f} (too few to bound it){unbeaten}"
    value, between = payback.priced(found, "")
    return f"{value.strip()} ({between}){unbeaten}"
