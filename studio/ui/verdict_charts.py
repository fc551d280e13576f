"""Charts of a closed round: preference, reasons, how the evidence grew. Told by shape as well as colour."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from studio.review.preference import GO_EVIDENCE, Assessment, evidence_path, wilson
from studio.ui import blocks

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from studio.review.reveal import Account

# Blue, vermilion and grey after Okabe and Ito (2008), set to reach 3:1 on our paper in both themes.
_COLOURS = {"light": ("#1D5C55", "#B4560A", "#5B6472"), "dark": ("#7CC4B6", "#F0A35E", "#B9C0CC")}
_INK = {"light": ("#22201C", "#635E54", "#DDD8CD"), "dark": ("#ECE8DF", "#B3ADA1", "#3B3833")}
SHAPES = ("circle", "diamond", "square", "triangle-up", "x")
_DASHES = ("solid", "dash", "dot", "dashdot", "longdash")
INSET = 12
"""Pixels left of the plot, so that half of "0 %" and of a dot there has room; names over rows begin left of it."""
_ROW = 66
_MOST_REASONS = 12
_MOST_POINTS = 400


def preference(found: Assessment, names: dict[str, str], marks: Sequence[str], key: str) -> None:
    """Theta with its interval for each baseline, with one half and the margin. A table beneath says the same."""
    import plotly.graph_objects as go

    ink, soft, line, colours = theme()
    figure = go.Figure()
    told = [a for a in found.against if a.theta is not None]
    for row, against in enumerate(told):
        theta = 100 * (against.theta or 0.0)
        low, high = 100 * against.interval.low, 100 * against.interval.high
        colour = colours[row % len(colours)]
        figure.add_scatter(
            x=[low, high], y=[row, row], mode="lines", line={"color": colour, "width": 3}, hoverinfo="skip"
        )
        figure.add_scatter(
            x=[theta], y=[row], mode="markers", cliponaxis=False,
            marker={"symbol": SHAPES[row % len(SHAPES)], "size": 15, "color": colour},
            hovertemplate=f"{blocks.percent(theta / 100)}, {blocks.between((low / 100, high / 100))}, n = {against.n}"
            "<extra></extra>",
        )  # fmt: skip
        text = f"against {plain(names[against.baseline])}"
        figure.add_annotation(x=0, xref="paper", y=row - 0.36, text=text, showarrow=False, xanchor="left",
                              xshift=-INSET, font={"size": 15, "color": ink}, bgcolor=paper(), borderpad=1)  # fmt: skip
    figure.add_vline(
        50, line={"color": ink, "width": 1.5}, annotation={"text": "no difference", "font": {"color": soft}},
        annotation_position="bottom left",
    )  # fmt: skip
    if found.theta_min > 0.5:
        figure.add_vline(
            100 * found.theta_min, line={"color": soft, "width": 1.5, "dash": "dash"},
            annotation={"text": "a win that matters", "font": {"color": soft}}, annotation_position="bottom right",
        )  # fmt: skip
    dress(figure, marks, height=95 + _ROW * max(1, len(told)), showlegend=False)
    figure.update_xaxes(range=[-1, 101], ticksuffix=" %", dtick=25, gridcolor=line, zeroline=False, side="top")
    figure.update_yaxes(range=[len(told) - 0.2, -0.75], visible=False, automargin=False)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, theme=None)


def growth(found: Assessment, names: dict[str, str], marks: Sequence[str], key: str) -> None:
    """The evidence for the candidate after each prompt, against each baseline, on a logarithmic axis."""
    import plotly.graph_objects as go

    ink, soft, line, colours = theme()
    figure = go.Figure()
    seen = [GO_EVIDENCE]
    for row, against in enumerate(found.against):
        path = evidence_path(against.scored.scores, 0.5)
        seen += path
        step = -(-len(path) // _MOST_POINTS)  # a screen shows no more; the last one is where it ended
        at = sorted({*range(0, len(path), step or 1), *([len(path) - 1] if path else [])})
        figure.add_scatter(
            x=[n + 1 for n in at], y=[path[n] for n in at], mode="lines", name=f"over {plain(names[against.baseline])}",
            line={"color": colours[row % len(colours)], "width": 2.5, "dash": _DASHES[row % len(_DASHES)]},
            hovertemplate="after prompt %{x}: %{y:.1f} to 1<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    figure.add_hline(GO_EVIDENCE, line={"color": soft, "width": 1.5, "dash": "dash"})
    # On a logarithmic axis plotly places annotations and ranges by the exponent.
    figure.add_annotation(text=f"go at {GO_EVIDENCE:.0f} to 1", x=0, xref="paper", xanchor="left", yanchor="bottom",
                          y=math.log10(GO_EVIDENCE), showarrow=False, font={"color": soft})  # fmt: skip
    dress(figure, marks, height=340, showlegend=True)
    title = {"text": "Prompts completed", "font": {"color": soft, "size": 14}}
    figure.update_xaxes(title=title, gridcolor=line, zeroline=False, rangemode="tozero")
    figure.update_yaxes(type="log", gridcolor=line, zeroline=False, dtick=1, tickformat="~r", ticksuffix=" to 1",
                        range=[math.log10(max(min(seen), 1e-3)) - 0.1, math.log10(max(seen)) + 0.3])  # fmt: skip
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, theme=None)


def reasons(told: Account, names: Mapping[str, str], marks: Sequence[str], key: str) -> None:
    """Each reason as both arms on one axis: of the votes for an arm that said why, the share that named it, with its
    95 % interval. A table beneath tells the counts."""
    import plotly.graph_objects as go

    ink, soft, line, colours = theme()
    figure = go.Figure()
    shown = told.reasons[:_MOST_REASONS]
    sides = ((told.candidate, [r.for_candidate for r in shown]), (told.baseline, [r.for_baseline for r in shown]))
    for side, ((arm, counts), gave) in enumerate(zip(sides, told.explained, strict=True)):
        spans = [wilson(count, gave) for count in counts]
        shares = [count / gave if gave else 0.0 for count in counts]
        figure.add_scatter(
            x=[100 * share for share in shares], y=[row + 0.16 * side for row in range(len(shown))], mode="markers",
            cliponaxis=False,
            name=f"{plain(names[arm])} (n = {gave})",
            marker={"symbol": SHAPES[side], "size": 13, "color": colours[side]},
            error_x={
                "type": "data", "symmetric": False, "thickness": 2, "width": 0, "color": colours[side],
                "array": [100 * (span.high - share) for span, share in zip(spans, shares, strict=True)],
                "arrayminus": [100 * (share - span.low) for span, share in zip(spans, shares, strict=True)],
            },
            customdata=[[plain(r.criterion), count, gave] for r, count in zip(shown, counts, strict=True)],
            hovertemplate="%{customdata[0]}<br>%{customdata[1]} of %{customdata[2]}<extra>%{fullData.name}</extra>",
            visible=bool(gave),
        )  # fmt: skip
    for row, reason in enumerate(shown):
        figure.add_annotation(x=0, xref="paper", y=row - 0.32, text=plain(reason.criterion), showarrow=False,
                              xanchor="left", xshift=-INSET, font={"size": 15, "color": ink},
                              bgcolor=paper(), borderpad=1)  # fmt: skip
    dress(figure, marks, height=110 + _ROW * len(shown), showlegend=True)
    title = {"text": "of the votes for each arm that said why", "font": {"color": soft, "size": 14}}
    figure.update_xaxes(range=[-2, 102], ticksuffix=" %", dtick=25, gridcolor=line, zeroline=False, title=title)
    figure.update_yaxes(range=[len(shown) - 0.4, -0.7], visible=False, automargin=False)
    st.plotly_chart(figure, key=key, config={"displayModeBar": False}, theme=None)


def theme() -> tuple[str, str, str, tuple[str, ...]]:
    """Ink, soft ink, lines, and the colours of what is compared, for the theme of this reader."""
    kind = "dark" if st.context.theme.type == "dark" else "light"
    return (*_INK[kind], _COLOURS[kind])


def paper() -> str:
    """The colour of the page, for words that lines would run through."""
    return "#191816" if st.context.theme.type == "dark" else "#FDFCFA"


def look(marks: Sequence[str]) -> dict[str, Any]:
    """The layout of every chart here, as plotly takes it; `marks` stand in its corner."""
    ink, soft, _line, _colours = theme()
    corner = {"text": ", ".join(marks).upper(), "x": 1, "y": 0, "xref": "paper", "yref": "paper", "showarrow": False,
              "xanchor": "right", "yanchor": "bottom", "font": {"color": soft, "size": 12}}  # fmt: skip
    return {
        "margin": {"l": INSET, "r": 16, "t": 40, "b": 40},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": "Source Sans, sans-serif", "size": 14, "color": ink},
        "dragmode": False,
        "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
        # Labels have room: to let plotly see for itself whether they have takes a third of its time.
        "xaxis": {"fixedrange": True, "tickfont": {"color": soft}, "ticklabeloverflow": "allow"},
        "yaxis": {"fixedrange": True, "tickfont": {"color": soft}, "ticklabeloverflow": "allow", "automargin": True},
        "annotations": [corner] if marks else [],
    }


def dress(figure: Figure, marks: Sequence[str], **layout: Any) -> None:
    """Gives a figure that look, and its own `layout`."""
    told = look(marks)
    corner = told.pop("annotations")
    figure.update_layout({**told, **layout})
    for each in corner:
        figure.add_annotation(each)


def plain(text: str) -> str:
    """Somebody's text for plotly, which reads a little HTML: its angle brackets and entities are shown as typed."""
    short = text if len(text) <= 40 else text[:39] + "…"
    return short.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
