"""Conversations as a whole on the Compare page: does an arm hold when its own answers stand in what it reads?"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import conversations, outputs
from studio.conversations import Found
from studio.evaluate.turns import at_turn, talk
from studio.records import Arm, Brief, Dataset, Example
from studio.store import Store
from studio.store import arms as arm_rows
from studio.store import datasets as dataset_rows
from studio.ui import answers, blocks, draft_fields, figure_parts, frame, job_view, model_parts, stopped_parts
from studio.ui import conversation as talk_parts
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel


def show(visit: Visit, brief: Brief, dataset: Dataset, known: Sequence[Arm]) -> None:
    """What came of it, the way to ask, and the conversations side by side; nothing where the set has none."""
    held = _there_are(visit.store, str(visit.store.workspace), dataset.id)
    if not held or not known:
        return
    blocks.section(
        "Conversations as a whole",
        f"Each arm goes through {blocks.several(min(len(held), conversations.MOST), 'test conversation')} and answers "
        "every turn, with its own earlier answers before it and not yours (multi-turn replay). Every answer is checked "
        "against the brief; a conversation counts once.",
    )
    job = job_view.active(visit.store, visit.project_id, conversations.KIND)
    if job:
        job_panel(job_view.reader(visit.store, job.id), lambda: conversations.stop(visit.store, job))
        return
    stopped_parts.newest(visit, conversations.KIND, "The last going through ended early.", outputs.go_on)
    found = _found(visit.store, str(visit.store.workspace), answers.figures_as_of(visit), visit.project_id, dataset.id)
    if found:
        _changed(found)
        if found.arms:
            _figures(found)
    if visit.may_edit and model_parts.are_here(visit):
        _ask(visit, dataset, known, again=found is not None)
    if found and found.arms:
        _read(visit, brief, found)


@st.cache_data(max_entries=8, show_spinner=False)
def _there_are(_store: Store, workspace: str, dataset: str) -> list[Example]:
    """What is in a frozen set never changes."""
    found = dataset_rows.get(_store, dataset)
    return conversations.there_are(_store, found) if found else []


@st.cache_data(max_entries=8, show_spinner="Going over the conversations")
def _found(_store: Store, workspace: str, version: int, project: str, dataset: str) -> Found | None:
    return conversations.newest(_store, project, dataset)


def _ask(visit: Visit, dataset: Dataset, known: Sequence[Arm], *, again: bool) -> None:
    names = {arm.id: arm.name for arm in known}
    first = [arm.id for arm in known if arm.model == known[0].model]
    key = f"conversations-arms-{dataset.id}"
    draft_fields.many(visit, "Go through them with", key, names, first, width=560)
    label = "Go through them again" if again else "Go through them"
    st.button(label, key="conversations-start", icon=":material/play_arrow:", on_click=_start,
              type="tertiary" if again else "secondary", args=(visit, dataset.id, key))  # fmt: skip


def _start(visit: Visit, dataset: str, key: str) -> None:
    picked = list(st.session_state[key])
    if frame.attempt(
        lambda: conversations.start(visit.store, visit.person.id, visit.project_id, dataset, picked),
        "They are being gone through. You can leave this page; it goes on.",
    ):
        draft_fields.saved_as(visit, key)


def _changed(found: Found) -> None:
    if found.changed:
        names = " and ".join(f"“{arm.name}”" for arm in found.changed)
        was, it = ("was", "it") if len(found.changed) == 1 else ("were", "they")
        frame.warnings([f"{names} {was} changed since {it} went through them, so what {it} said is left out."])


def _figures(found: Found) -> None:
    for arm in found.arms:
        told = found.through.get(arm.id)
        blocks.item(arm.name, told.sentence if told else "No conversation has two answers that can be checked.")
        if arm.id in found.beside:
            blocks.note(found.beside[arm.id].sentence)
    figure_parts.by_turn(
        [(arm.name, found.through[arm.id].at) for arm in found.arms if arm.id in found.through],
        f"Mean of {found.score} by turn, with 95 % intervals over conversations, and n",
    )
    blocks.note(
        f"{blocks.several(len(found.held), 'conversation')}, gone through {blocks.when(found.job.at)}. Every rule is "
        "asked of every answer, also one that is meant for the end of a conversation; of all arms alike. What a person "
        "would have written next hangs on what they were answered; here it is the message that stands in the example."
    )


def _read(visit: Visit, brief: Brief, found: Found) -> None:
    """One conversation at a time, turn by turn, every arm's answer beside the others'."""
    if visit.person.id not in arm_rows.saw_tests(visit.store, visit.project_id):
        blocks.note("They can be read side by side once you have chosen to see the answers, further down.")
        return
    names = {
        each.id: f"{number}. {blocks.start_of(talk(each).asked[0], 90)}"
        for number, each in enumerate(found.held, start=1)
    }
    picked = st.selectbox("Read a conversation", list(names), format_func=names.__getitem__, key="conversations-read")
    example = next(each for each in found.held if each.id == picked)
    said = {arm.id: found.answers(arm.id, example) for arm in found.arms}
    had = talk(example)
    with st.container(border=True, key=f"conversations-{example.id}"):
        if had.opening or example.system:
            st.html(talk_parts.turns(had.opening, example.system))
        for number, asked in enumerate(had.asked, start=1):
            frame.reading(asked, f"Turn {number} of {len(had.asked)} · they wrote")
            for column, arm in zip(st.columns(len(found.arms), gap="medium"), found.arms, strict=True):
                with column:
                    _answer(brief, example, number, arm.name, said[arm.id])


def _answer(brief: Brief, example: Example, number: int, name: str, said: Sequence[str]) -> None:
    if len(said) < number:
        blocks.item(name, "No answer: it went missing.", "missing")
        return
    frame.reading(said[number - 1], name)
    answers.rules(brief, at_turn(example, number, said[: number - 1]), said[number - 1])
