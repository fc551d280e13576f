"""Would more examples help? Asked of a finished training on the Train page, answered in words, a chart and a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from studio.records import Job, JobState, Run
from studio.train import kept_aside, more_examples
from studio.train.learning_curve import Answer, Point, signed
from studio.train.more_examples import Curve, Measured
from studio.ui import blocks, frame
from studio.ui.access import Visit
from studio.wording import duration

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_COLOURS = {"light": "#1D5C55", "dark": "#7CC4B6"}
_INK = {"light": ("#635E54", "#DDD8CD"), "dark": ("#B3ADA1", "#3B3833")}
_SHARES = {0.25: "a quarter", 0.5: "half", 1.0: "all"}
_STATES = {
    JobState.queued: "waits for its turn",
    JobState.running: "learning now",
    JobState.done: "measured",
    JobState.failed: "stopped with a fault",
    JobState.cancelled: "stopped",
}


def show(visit: Visit, run: Run) -> None:
    """For a finished run: the question, how far it is, or its answer; worked out only when somebody opens it."""
    if run.state is not JobState.done:
        return
    opened = st.expander("Would more examples help?", key=f"train-curve-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        found = more_examples.curve(visit.store, run)
        if found is None:
            _offer(visit, run, "Find out")
        elif found.answer:
            _answer(run, found.answer)
        else:
            _on_its_way(visit, run, found)


def part_of(job: Job) -> str:
    """For a job that is one part of a curve: "a quarter of "; "" for any other."""
    share = job.detail.get("curve", {}).get("share")
    return f"{_SHARES[share]} of " if share else ""


def _offer(visit: Visit, run: Run, label: str) -> None:
    again = 2 if kept_aside.look_of(run.result) else 3
    seconds = run.result.get("seconds")
    takes = f", about {duration(again * float(seconds))} in all" if seconds else ""
    blocks.plain(
        "The same training is run on a quarter and on half of its examples, with the same settings and as many steps. "
        "How much closer each doubling comes to the examples kept aside says whether the next one is worth writing."
    )
    blocks.note(
        f"{'Two' if again == 2 else 'Three'} trainings, one after the other{takes}. They make no tuned model, and "
        "you can leave this page."
    )
    st.button(label, key=f"train-curve-start-{run.id}", icon=":material/query_stats:",
              on_click=_start, args=(visit, run))  # fmt: skip


def _start(visit: Visit, run: Run) -> None:
    frame.attempt(
        lambda: more_examples.start(visit.store, visit.person.id, run.id),
        "The trainings on parts of the examples have started or stand in line. You can leave this page; they go on.",
    )


def _on_its_way(visit: Visit, run: Run, found: Curve) -> None:
    blocks.bullets([_said(part) for part in found.parts])
    if found.going_on:
        blocks.note("You can leave this page; they go on, and the answer appears here.")
        stop = (lambda: more_examples.stop(visit.store, run), "Stopping after this step. What was measured is kept.")
        st.button("Stop all of them", key=f"train-curve-stop-{run.id}", icon=":material/stop:",
                  on_click=frame.attempt, args=stop)  # fmt: skip
    else:
        blocks.note("What was measured is kept; only what is missing is run.")
        _offer(visit, run, "Go on")


def _said(part: Measured) -> str:
    rows, state = blocks.several(part.rows, "example"), part.job.state
    reason = part.job.detail.get("result", {}).get("reason", "") if state is JobState.failed else ""
    return f"On {_SHARES[part.share]} of the examples ({rows}): {_STATES[state]}. {reason}".strip()


def _answer(run: Run, answer: Answer) -> None:
    blocks.lead(answer.sentence)
    blocks.plain(answer.evidence)
    blocks.note("The loss with so many examples; the bars are 95 % intervals of its distance to the last point.")
    st.plotly_chart(
        _chart(answer.points), key=f"train-curve-chart-{run.id}", config={"displayModeBar": False}, theme=None
    )
    _tables(answer)
    blocks.note(
        "Each training was run once: another random start (seed) would move these figures somewhat, which the "
        "intervals do not cover. They speak of closeness to your answers, not of whether people prefer them."
    )


def _tables(answer: Answer) -> None:
    whole = answer.points[-1]
    rows = []
    for point in answer.points:
        far = [signed(value - whole.loss) for value in (point.loss, point.low, point.high)]
        rows.append([f"{point.rows:,}", f"{point.loss:.2f}", *(
            ["", ""] if point is whole else [far[0], f"{far[1]} to {far[2]}"]
        )])  # fmt: skip
    heads = ["Examples", "Loss", "Further than with all", "95 % interval"]
    blocks.table(heads, rows, f"On {answer.gain.n} prompts kept aside, in {answer.gain.groups} independent groups")
    if answer.slices:
        told = [[name or "no slice", signed(gain.value), f"{signed(gain.low)} to {signed(gain.high)}", f"{gain.n:,}"]
                for name, gain in answer.slices]  # fmt: skip
        blocks.table(["Slice", "Nearer by the last doubling", "95 % interval", "Prompts"], told,
                     "Slice by slice, to look where more may help; too few for a verdict each")  # fmt: skip


def _chart(points: Sequence[Point]) -> Figure:
    import plotly.graph_objects as go

    theme = "dark" if st.context.theme.type == "dark" else "light"
    soft, line = _INK[theme]
    figure = go.Figure()
    figure.add_scatter(
        x=[point.rows for point in points], y=[point.loss for point in points], mode="lines+markers",
        line={"color": _COLOURS[theme], "width": 2}, marker={"size": 11, "color": _COLOURS[theme]}, showlegend=False,
        error_y={"type": "data", "symmetric": False, "thickness": 2, "width": 6,
                 "array": [point.high - point.loss for point in points],
                 "arrayminus": [point.loss - point.low for point in points]},
        hovertemplate="%{x} examples: loss %{y:.2f}<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=300, margin={"l": 8, "r": 24, "t": 12, "b": 8}, dragmode=False, font={"color": soft, "size": 14},
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"title": {"text": "Examples learned from", "font": {"size": 14}},
               "tickvals": [point.rows for point in points], "showgrid": False,
               "automargin": True, "fixedrange": True, "range": [0, points[-1].rows * 1.08]},
        yaxis={"nticks": 5, "tickformat": ".2f", "gridcolor": line, "automargin": True, "fixedrange": True,
               "range": _span(points)},
    )  # fmt: skip
    return figure


def _span(points: Sequence[Point]) -> tuple[float, float]:
    """From below the lowest to above the highest, at least a fifth of the loss: noise is not to look like a slope."""
    low, high = min(point.low for point in points), max(point.high for point in points)
    pad = max(0.1 * (high - low), (points[-1].loss / 5 - (high - low)) / 2)
    return low - pad, high + pad
