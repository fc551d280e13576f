"""Trainings beside each other, on the Train page: losses in one chart, what differs, scores, and their answers."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import streamlit as st

from studio.records import Run, Split
from studio.store import arms, runs
from studio.train.learning_curve import signed
from studio.train.side_by_side import Curve, curve, differing, nearer
from studio.ui import answers, blocks, frame, job_view
from studio.ui.access import Visit
from studio.ui.job_panel import RUNNING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

_MOST = 4
# Okabe and Ito's colours (2008), darkened or lightened until they reach 3:1 on our paper, each with its own mark.
_COLOURS = {
    "light": ("#1D5C55", "#B4560A", "#5B6472", "#8A3B6E"),
    "dark": ("#7CC4B6", "#F0A35E", "#B9C0CC", "#D98BBE"),
}
_MARKS = ("circle", "diamond", "square", "x")
_INK = {"light": ("#635E54", "#DDD8CD"), "dark": ("#B3ADA1", "#3B3833")}
_ANSWERS = "Here you would read what each tuned model answers, beside the others."


def show(visit: Visit) -> None:
    """The choice of trainings, and the comparison once two are chosen; nothing while fewer than two have ended."""
    ended = [run for run in runs.every(visit.store, visit.project_id) if run.state not in RUNNING]
    if len(ended) < 2:
        return
    blocks.section("Compare trainings", "What differs between them, how each learned, and what each answers.")
    titles = {run.id: _title(visit, run) for run in ended}
    chosen = st.multiselect(
        "Trainings", list(titles), format_func=titles.__getitem__, max_selections=_MOST, key="train-side-by-side",
        placeholder="Choose two or more", width=560, persist_state="session",
    )  # fmt: skip
    shown = [run for run in ended if run.id in chosen][::-1]
    if len(shown) > 1:
        _compared(visit, shown, [titles[run.id] for run in shown])


def _title(visit: Visit, run: Run) -> str:
    arm = arms.get(visit.store, f"tuned-{run.id}")
    return arm.name if arm else f"Unfinished, {blocks.when(run.at)}"


def _compared(visit: Visit, shown: Sequence[Run], names: Sequence[str]) -> None:
    rows = differing(shown)
    if rows:
        blocks.table(
            ["What differs", *names],
            [[name, *values] for name, values in rows],
            "Settings, set, base model, device and versions",
        )
    else:
        blocks.note("Nothing differs: the same set, base model, settings and versions.")
    curves = [curve(run) for run in shown]
    if any(each.learned_from or each.kept_aside for each in curves):
        blocks.note(_in_words(curves, names))
        if told := _prompt_by_prompt(shown, names):
            blocks.bullets(told)
        st.plotly_chart(_chart(curves, names), key="train-side-by-side-chart", config={"displayModeBar": False},
                        theme=None)  # fmt: skip
    _scores(visit, shown)
    _samples(visit, shown, names)


def _in_words(curves: Sequence[Curve], names: Sequence[str]) -> str:
    best = [(each.best, name) for each, name in zip(curves, names, strict=True) if each.best is not None]
    if len(best) < 2:
        return "How far the answers are from yours (loss): lower is closer."
    told = ", ".join(f"{loss:.2f} ({name})" for loss, name in best)
    return (
        f"How far the answers are from yours (loss), at its closest on examples kept aside: {told}; lower is closer. "
        "The dotted lines are the losses on what each learned from. A small difference says nothing yet: whether the "
        "answers are better is for the comparison and for people."
    )


def _prompt_by_prompt(shown: Sequence[Run], names: Sequence[str]) -> list[str]:
    """How much nearer each came than the first, with its interval and n."""
    said = []
    for run, name in zip(shown[1:], names[1:], strict=True):
        if found := nearer(shown[0], run):
            span, n = found
            sure = "no interval can be given"
            if span.low is not None and span.high is not None:
                sure = f"95 % interval of how much nearer: {signed(span.low)} to {signed(span.high)}"
            how = "nearer" if span.value >= 0 else "further away"
            prompts = blocks.several(n, "prompt")
            said.append(
                f"Prompt by prompt, {name} is {abs(span.value):.2f} {how} than {names[0]} ({sure}, n = {prompts})."
            )
    return said


def _scores(visit: Visit, shown: Sequence[Run]) -> None:
    """What the brief's exact checks say of their answers to the validation split, where they were asked."""
    if answers.held_back(visit):
        answers.come_back_later(visit)
        return
    rows = []
    for run in shown:
        found = answers.compared(visit, run.dataset, Split.validation)
        own = next((each for each in found if each.arm.id == f"tuned-{run.id}"), None)
        if own is not None:
            told = own.average
            between = f"{told.low:.1f} to {told.high:.1f}"
            rows.append([own.arm.name, f"{told.value:.1f} of {told.rules} rules", between, f"{told.n:,}"])
    if rows:
        heads = ["Training", "Rules kept on average", "95 % interval", "Prompts"]
        blocks.table(heads, rows, "Rules of the brief that a machine can check, on the validation split")
    else:
        blocks.note("None of them has answered the validation split yet, so there are no scores to compare.")
        blocks.way(visit, "evaluate", "Let them answer", "train-side-by-side-evaluate")


def _samples(visit: Visit, shown: Sequence[Run], names: Sequence[str]) -> None:
    if not answers.known_to(visit):
        answers.gate(visit, shown[0].dataset, "train-side-by-side", _ANSWERS)
        return
    views = [job_view.view(visit.store, run.job) for run in shown]
    last = [{w.prompt.asked: w.of_model(view.taken).text for w in view.watched} for view in views]
    shared = [asked for asked in last[0] if all(asked in each for each in last[1:])]
    if not shared:
        blocks.note("No prompt was answered by all of them while they learned.")
    else:
        answers.read(visit, shown[0].dataset)
    for asked in shared:
        with st.container(border=True):
            frame.reading(asked, "Asked")
            frame.reading(last[0][asked], f"{names[0]} answers")
            for name, each in zip(names[1:], last[1:], strict=True):
                if each[asked] == last[0][asked]:
                    blocks.note(f"{name}: the same, word for word.")
                    continue
                blocks.note(f"{name}, with what is other than {names[0]}’s:")
                blocks.difference(last[0][asked], each[asked])


def _chart(curves: Sequence[Curve], names: Sequence[str]) -> Figure:
    import plotly.graph_objects as go

    theme = "dark" if st.context.theme.type == "dark" else "light"
    soft, line = _INK[theme]
    figure = go.Figure()
    for place, (each, name) in enumerate(zip(curves, names, strict=True)):
        colour, mark = _COLOURS[theme][place], _MARKS[place]
        thin = {"mode": "lines", "line": {"color": colour, "width": 1, "dash": "dot"}}
        marked = {"mode": "lines+markers", "line": {"color": colour, "width": 2}}
        marked["marker"] = {"symbol": mark, "size": 10, "color": colour}
        kinds = ((each.learned_from, "learned from", thin), (each.kept_aside, "kept aside", marked))
        for points, what, style in kinds:
            if points:
                x, y = zip(*points, strict=True)
                figure.add_scatter(x=x, y=y, name=f"{escape(name)}, {what}", hovertemplate="%{y:.2f}",
                                   showlegend=not each.kept_aside or points is each.kept_aside, **style)  # fmt: skip
    figure.update_layout(
        height=340, margin={"l": 8, "r": 8, "t": 8, "b": 8}, hovermode="x unified", dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)", plot_bgcolor="rgba(0,0,0,0)", font={"color": soft, "size": 14},
        legend={"orientation": "h", "yanchor": "bottom", "y": 1.02, "x": 0},
        xaxis={"title": "Passes over its examples (epochs)", "showgrid": False, "automargin": True},
        yaxis={"title": "Loss", "rangemode": "tozero", "nticks": 5, "gridcolor": line, "automargin": True},
    )  # fmt: skip
    return figure
