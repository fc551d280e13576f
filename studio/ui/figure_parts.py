"""The figures that fit the kind of task on the Compare page: arm by arm, label by label, and what carries over."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import evaluation, outputs
from studio.evaluate import metrics
from studio.evaluate.labelled import LabelFigures
from studio.evaluate.metrics import Labels
from studio.evaluate.resampling import Estimate
from studio.evaluate.turns import At
from studio.evaluation import Report
from studio.records import ArmKind, Dataset, Task
from studio.store import Store
from studio.ui import answers, blocks, frame, job_view
from studio.ui.access import Visit
from studio.wording import TASK_WORDS


def report(visit: Visit, dataset: str, compared: Sequence[outputs.Compared], other: str = "") -> Report | None:
    """All that is told of these arms, worked out once for each state of the project."""
    workspace = str(visit.store.workspace)
    return _report(visit.store, compared, workspace, answers.figures_as_of(visit), visit.project_id, dataset, other)


@st.cache_data(max_entries=16, show_spinner="Working out the figures and their intervals")
def _report(
    _store: Store, _compared: Sequence[outputs.Compared], workspace: str, version: int, project: str, dataset: str,
    other: str,
) -> Report | None:  # fmt: skip
    return evaluation.report(_store, project, dataset, _compared, other=other)


# -- the figures ------------------------------------------------------------------------------------


def show(visit: Visit, told: Report, shown: Sequence[outputs.Compared]) -> None:
    """Every figure of every arm shown with its interval and n, what differs beyond chance, and the labels."""
    blocks.section(
        "Figures that fit the task",
        f"{told.kind.why} So these are the figures for {TASK_WORDS[told.kind.task]}; none of them knows whether an "
        "answer is true or kind.",
    )
    _kind_of_task(visit, told)
    figures = [{f.key: f for f in told.figures[each.arm.id].figures} for each in shown]
    # The rules stand in the picture above.
    keys = [key for key in dict.fromkeys(key for own in figures for key in own) if not key.startswith(metrics.RULE)]
    rows = []
    for key in keys:
        one = next(own[key] for own in figures if key in own)
        rows.append([f"{one.name} ({one.term})", *(_cell(own.get(key)) for own in figures)])
    blocks.table(
        ["Figure", *(each.arm.name for each in shown)], rows, "Each figure with its 95 % interval over prompts, and n"
    )
    blocks.note(
        "Refusals are told by English phrases such as “we cannot”; about one in three is in other words, and missed."
    )
    _differences(told, shown)
    for each in shown:
        for labels in told.figures[each.arm.id].labels:
            _labels(each, labels)


def _kind_of_task(visit: Visit, told: Report) -> None:
    if not visit.may_edit:
        return
    options = ["", *(task.value for task in Task)]
    now = told.kind.task.value if told.kind.chosen else ""
    key = f"evaluate-task-{now}"
    st.selectbox(
        "Kind of task", options, index=options.index(now), key=key, width=360,
        format_func=lambda value: TASK_WORDS[Task(value)] if value else "What the brief and the examples look like",
        on_change=_choose, args=(visit, key),
    )  # fmt: skip


def _choose(visit: Visit, key: str) -> None:
    value = st.session_state[key]
    frame.attempt(
        lambda: evaluation.choose_kind(visit.store, visit.person.id, visit.project_id, Task(value) if value else None)
    )


def _cell(figure: metrics.Figure | None) -> str:
    if figure is None:
        return "not measured"
    low, high = (metrics.shown(value, figure.unit, bare=True) for value in (figure.low, figure.high))
    return f"{metrics.shown(figure.value, figure.unit)} ({low} to {high}), n = {figure.n:,}"


def _differences(told: Report, shown: Sequence[outputs.Compared]) -> None:
    """The sentences on what differs beyond chance, tuned models first; by chance alone one figure in 20 does."""
    names = {each.arm.id: each.arm.name for each in shown}
    if told.other not in names:
        return
    for each in shown:
        found = told.figures[each.arm.id].against.values()
        # Of labels and of JSON the rules say once more what the figures say.
        told_twice = told.kind.task is not Task.text
        differs = [
            f.sentence for f in found
            if f.beyond_chance and not (told_twice and f.key.startswith(metrics.RULE))
        ]  # fmt: skip
        if each.arm.id == told.other:
            continue
        if differs:
            blocks.plain(f"{each.arm.name} beside {names[told.other]}, on the same prompts:")
            blocks.bullets(differs)
        else:
            blocks.plain(f"No figure of {each.arm.name} differs from {names[told.other]}'s beyond chance.")
    blocks.note(
        "Each figure is told by its own 95 % interval, so of twenty that do not differ one seems to. The parts above "
        "are corrected for their number; these are not."
    )


# -- labels -----------------------------------------------------------------------------------------


def _labels(each: outputs.Compared, labels: Labels) -> None:
    what = f"“{labels.name}”" if labels.name else "labels"
    with st.expander(f"{each.arm.name}: {what} one by one, and what was taken for what",
                     key=f"evaluate-labels-{each.arm.id}-{labels.name}"):  # fmt: skip
        rows = [_label(line) for line in labels.each]
        headers = ["Label", "Should be it", "Was given", "Found (recall)", "Right when given (precision)", "F1"]
        blocks.table(headers, rows, "Each label, with 95 % intervals over prompts")
        confusion = labels.confusion
        lines = zip(confusion.labels, confusion.counts, strict=True)
        cells = [[_plain(label), *(f"{cell:,}" for cell in row)] for label, row in lines]
        caption = "What was taken for what (confusion matrix): a row is what it should be, a column what was given"
        blocks.table(["Should be", *map(_plain, confusion.labels), "none of these"], cells, caption)


def _label(line: LabelFigures) -> list[str]:
    return [
        _plain(line.label),
        f"{line.wanted:,}",
        f"{line.given:,}",
        *map(_share, (line.recall, line.precision, line.f1)),
    ]


def _plain(label: str) -> str:
    """A label, or the value of a field, which is JSON: a text without its quotation marks."""
    return label[1:-1] if len(label) > 1 and label[0] == label[-1] == '"' else label


def _share(found: Estimate | None) -> str:
    if found is None:
        return "–"
    return f"{blocks.percent(found.value)} ({blocks.between((found.low, found.high))})"


# -- through a conversation -------------------------------------------------------------------------


def through_conversations(told: Report, shown: Sequence[outputs.Compared]) -> None:
    """Whether the style still holds at turn eight; nothing where the test prompts are no conversations."""
    found = [(each.arm.name, told.turns[each.arm.id]) for each in shown if each.arm.id in told.turns]
    if not found:
        return
    blocks.section(
        "Does it hold through a conversation?",
        "Each conversation is answered where it ends, after the turns its example holds. Later turns may simply ask "
        "for harder things, so compare the arms.",
    )
    blocks.bullets([f"{name}: {turns.sentence}" for name, turns in found])
    by_turn(
        [(name, turns.at) for name, turns in found],
        f"Mean of {told.score} by how far into a conversation, with 95 % intervals and n",
    )


def by_turn(found: Sequence[tuple[str, Sequence[At]]], caption: str) -> None:
    """A table of arms (by name) and the steps of a conversation; nothing without an arm."""
    steps = list(dict.fromkeys(at.turns for _, own in found for at in own))
    rows = []
    for name, own in found:
        by_step = {at.turns: at for at in own}
        rows.append([name, *(_at(by_step.get(step)) for step in steps)])
    if rows:
        blocks.table(["Arm", *steps], rows, caption)


def _at(found: At | None) -> str:
    if found is None:
        return "–"
    return f"{blocks.percent(found.value)} ({blocks.between((found.low, found.high))}), n = {found.n:,}"


# -- does it carry over -----------------------------------------------------------------------------


def carries_over(visit: Visit, dataset: Dataset, told: Report, shown: Sequence[outputs.Compared]) -> None:
    """Inputs it learned from against unseen ones, for each tuned arm, and the button that asks for the former."""
    tuned = [each for each in shown if each.arm.kind is ArmKind.tuned]
    if not tuned:
        return
    blocks.section(
        "Does it hold on what it has not seen?",
        "A model can learn its examples by heart. So it is asked some of them again, and the base with it: how much "
        "better it does there than on unseen inputs is the generalisation gap.",
    )
    for each in tuned:
        gap = told.gaps.get(each.arm.id)
        if gap is not None:
            blocks.plain(f"{each.arm.name}: {gap.sentence}")
    lacking = [each for each in tuned if each.arm.id not in told.gaps]
    if not lacking or not visit.may_edit or job_view.active(visit.store, visit.project_id, "generate"):
        return
    for each in lacking:
        st.button(
            f"Ask {each.arm.name} {evaluation.SAMPLE} inputs it learned from", key=f"evaluate-learned-{each.arm.id}",
            on_click=_ask, args=(visit, dataset.id, each.arm.id), icon=":material/play_arrow:",
        )  # fmt: skip


def _ask(visit: Visit, dataset: str, arm: str) -> None:
    frame.attempt(
        lambda: evaluation.ask_what_it_learned(visit.store, visit.person.id, visit.project_id, dataset, arm),
        "The answers are being written. You can leave this page; they go on.",
    )
