"""Long work on screen: how far it is, how long it takes, what it learns, and a way to stop it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from studio.records import JobState
from studio.train.diary import Entry
from studio.train.watched import Watched
from studio.ui import blocks, frame, keys, watch_parts
from studio.wording import duration

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

RUNNING = (JobState.queued, JobState.running)
_STATES = {
    JobState.queued: "Waiting for its turn",
    JobState.running: "Working",
    JobState.done: "Done",
    JobState.failed: "It stopped with a fault",
    JobState.cancelled: "Stopped",
}
_COLOURS = {"light": ("#1D5C55", "#B06A1F", "#635E54"), "dark": ("#7CC4B6", "#E2A869", "#B3ADA1")}


@dataclass(frozen=True)
class JobView:
    """What there is to show of one job now. Times in seconds; `losses` holds (step, training, validation), step 0
    before the first. `place` in line, 0 for a job that does not wait, and the seconds until its `turn` may come.
    `taken`: the step whose checkpoint was taken, 0 while unknown. `leanings`, of preference tuning: (step, the share of
    pairs kept aside on which it leans to what people preferred). `started_as`: what it was before its first step."""

    id: str
    state: JobState
    what: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    seconds: float | None = None
    losses: tuple[tuple[int, float | None, float | None], ...] = ()
    place: int = 0
    turn: float | None = None
    log: tuple[Entry, ...] = ()
    watched: tuple[Watched, ...] = ()
    taken: int = 0
    warnings: tuple[str, ...] = ()
    reason: str = ""
    leanings: tuple[tuple[int, float], ...] = ()
    started_as: str = "the base"


def job_panel(
    read: Callable[[], JobView], stop: Callable[[], object] | None, front: Callable[[], object] | None = None
) -> None:
    """Shows a job and follows it each second while it runs; the page runs again when it ends.

    `read` returns the view (it must be quick: it is called each second); `stop` asks the job to stop and `front` lets
    it before the others in line, None for those who may not. Whoever is still blind must get a view without `watched`:
    they are a named arm's words.
    """
    if read().state in RUNNING:
        _follow(read, stop, front)
    else:
        _show(read())


@st.fragment(run_every=1.0)
def _follow(read: Callable[[], JobView], stop: Callable[[], object] | None, front: Callable[[], object] | None) -> None:
    view = read()
    if view.state not in RUNNING:
        st.rerun()
    _show(view, stop, front)


def _show(view: JobView, stop: Callable[[], object] | None = None, front: Callable[[], object] | None = None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        _state(view)
        if front is not None and view.place > 1:
            st.button("Move to the front", key=f"ys-front-{view.id}", icon=":material/arrow_upward:",
                      on_click=frame.attempt, args=(front, "It is the next one now."))  # fmt: skip
        if stop is not None:
            label, said = (
                ("Take it out", "Taken out of the line.") if view.place else ("Stop", "Stopping after this step.")
            )
            key = f"{keys.STOP_JOB}-{view.id}"
            st.button(label, key=key, icon=":material/stop:", on_click=frame.attempt, args=(stop, said))
    if view.state is JobState.running:
        st.progress(min(1.0, view.done / view.total) if view.total else 0.0)
    if view.reason:
        st.html(f'<aside class="ys-stale"><p>{escape(view.reason)}</p></aside>')
    frame.warnings(view.warnings)
    if view.losses:
        st.html(f'<p class="ys-note">{_about_losses(view)}</p>')
        st.plotly_chart(_loss_chart(view), key=f"ys-loss-{view.id}", config={"displayModeBar": False})
    watch_parts.show(view.watched, view.id, view.taken, view.started_as)
    if view.log:
        with st.expander("Log", key=f"ys-log-{view.id}"):
            rows = [(entry.at[11:19] if entry.at[:10] == view.log[0].at[:10] else blocks.when(entry.at), entry.text)
                    for entry in view.log]  # fmt: skip
            began = blocks.when(view.log[0].at)
            blocks.table(["Time", "What"], rows, f"What the worker did and measured, from {began} on")


def _about_losses(view: JobView) -> str:
    if view.leanings:
        return _about_leanings(view)
    about = "How far its answers are from yours (loss): lower is closer."
    held = [(loss, step) for step, _, loss in view.losses if step and loss is not None]
    if not held:
        return about
    best, step = min(held)
    took = f"; the model you get is the one after step {view.taken:,}" if view.taken else ""
    return f"{about} On examples kept aside it was closest after step {step:,}, at {best:.2f}{took}."


def _about_leanings(view: JobView) -> str:
    step, share = next((each for each in view.leanings if each[0] == view.taken != 0), view.leanings[-1])
    took = ", whose checkpoint was taken" if view.taken else ""
    return (
        "How far it is from preferring as your reviewers did (loss): lower is closer; 0.69 leans neither way. "
        f"After step {step:,}{took}, it leans to the preferred answer on {blocks.percent(share)} of the pairs kept "
        f"aside (accuracy), against {view.started_as} as it began."
    )


def _state(view: JobView) -> None:
    what = f": {view.what}" if view.what and view.state is JobState.running else ""
    st.html(
        f'<p class="ys-job" role="status"><b>{escape(_STATES[view.state] + what)}</b><span>{_time(view)}</span></p>'
    )


def _time(view: JobView) -> str:
    if view.place:
        when = "when is not known yet" if view.turn is None else f"its turn may come in about {duration(view.turn)}"
        return f"{'next' if view.place == 1 else f'number {view.place:,}'} in line · {when}"
    count = f"{view.done:,} of {view.total:,}" if view.total else ""
    if view.state in RUNNING:
        left = "estimating the time left" if view.seconds_left is None else f"about {duration(view.seconds_left)} left"
        return " · ".join(part for part in (count, left) if part)
    return f"took {duration(view.seconds)}" if view.seconds is not None else ""


def _loss_chart(view: JobView) -> Figure:
    import plotly.graph_objects as go

    train, validation, soft = _COLOURS[st.context.theme.type or "light"]
    chart, aside = go.Figure(), "On pairs kept aside" if view.leanings else "On examples kept aside"
    for name, colour, at in (("On what it learns from", train, 1), (aside, validation, 2)):
        points = [(row[0], row[at]) for row in view.losses if row[at] is not None]
        if points:
            x, y = zip(*points, strict=True)
            mode = "lines" if at == 1 and len(points) > 1 else "lines+markers"
            marks = {"size": [13 if step == view.taken != 0 else 8 for step in x], "color": colour}
            chart.add_scatter(
                x=x, y=y, name=name, mode=mode, line={"color": colour, "width": 2}, marker=marks,
                hovertemplate="%{y:.2f}",
            )  # fmt: skip
    if view.leanings:
        x, y = zip(*view.leanings, strict=True)
        chart.add_scatter(x=x, y=y, name="Share leant rightly (right scale)", mode="lines+markers", yaxis="y2",
                          customdata=[blocks.percent(each) for each in y], hovertemplate="%{customdata}",
                          line={"color": soft, "width": 2, "dash": "dash"})  # fmt: skip
        ends = (0, 0.5, 1)
        chart.update_layout(yaxis2={"overlaying": "y", "side": "right", "range": [0, 1.03], "showgrid": False,
                                    "color": soft, "tickvals": ends,
                                    "ticktext": [blocks.percent(each) for each in ends]})  # fmt: skip
    if view.taken:
        chart.add_vline(x=view.taken, line={"color": soft, "width": 1, "dash": "dot"}, annotation_text="taken",
                        annotation_position="top right", annotation_font={"color": soft})  # fmt: skip
    chart.update_layout(
        height=260,
        margin={"l": 0, "r": 0, "t": 56, "b": 0},
        hovermode="x unified",
        dragmode=False,
        # Room for two lines of it, as on a phone.
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        xaxis={"title": "Step", "showgrid": False, "color": soft, "rangemode": "tozero"},
        yaxis={"rangemode": "tozero", "nticks": 5, "color": soft},
    )
    return chart
