"""Which examples taught this? From an answer of a tuned model to the examples nearest to it, and the retrain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from studio import datasets, outputs
from studio.examples import meaning
from studio.jobs import resident
from studio.records import ArmKind, Dataset, Example, Prompt, Refusal, Run, Split
from studio.store import arms, runs
from studio.store import datasets as dataset_rows
from studio.train import elsewhere, step, taught
from studio.train.taught import Teacher
from studio.ui import answers, blocks, conversation, frame, job_view, keys
from studio.ui.access import Visit
from studio.wording import duration

_TITLE = "Which examples taught this?"
_NOT_PROOF = (
    "Near is not proof: these examples resemble the answer, which does not show that they caused it. Training again "
    "without them does."
)
_GATE = "Here you would read what the tuned model answers, beside the examples nearest to it."


# -- on the Train page ------------------------------------------------------------------------------


def show(visit: Visit, run: Run) -> None:
    """For a run that left a model: choose one of its answers, and see; worked out only when somebody opens it."""
    if not step.is_used(visit.store, run):
        return
    opened = st.expander(_TITLE, key=f"train-taught-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        if not answers.known_to(visit):
            answers.gate(visit, run.dataset, f"train-taught-{run.id}", _GATE)
            return
        found = _answers(visit, run)
        if not found:
            blocks.note("It has not answered anything yet. Let it answer the validation split, or watch it learn.")
            blocks.way(visit, "evaluate", "Let it answer", f"train-taught-evaluate-{run.id}")
            return
        answers.read(visit, run.dataset)
        labels = [blocks.start_of(prompt.input, 90) or "No input" for prompt, _ in found]
        at = st.selectbox("An answer to", range(len(found)), format_func=labels.__getitem__,
                          key=f"train-taught-answer-{run.id}", width=680)  # fmt: skip
        prompt, output = found[at]
        conversation.shown(prompt, "Asked")
        frame.reading(output, "It answered")
        _found(visit, run, prompt.asked, output, f"train-taught-{run.id}")


def _answers(visit: Visit, run: Run) -> list[tuple[Prompt, str]]:
    """What the model that came of it answered while it learned, and to the validation split; each prompt once."""
    arm, dataset = arms.get(visit.store, f"tuned-{run.id}"), dataset_rows.get(visit.store, run.dataset)
    view = job_view.view(visit.store, run.job)
    said = [(each.prompt, each.of_model(view.taken)) for each in view.watched]
    found = {prompt.asked: (prompt, answer.text) for prompt, answer in said if answer.step}
    if arm and dataset:
        written = outputs.current(visit.store, dataset.id, arm)
        kept = datasets.rows_in(visit.store, dataset, Split.validation) if written else []
        found |= {e.prompt.asked: (e.prompt, written[e.id].output) for e in kept if e.id in written}
    return list(found.values())


# -- on the Compare page ----------------------------------------------------------------------------


def beside(visit: Visit, dataset: Dataset, example: Example, shown: Sequence[outputs.Compared],
           written: answers.Written) -> None:  # fmt: skip
    """Under one prompt: the question for each tuned model's answer, and what was found for the one that is open."""
    opened = st.session_state.get(keys.TAUGHT_OPEN)
    tuned = [each.arm for each in shown if each.arm.kind is ArmKind.tuned and example.id in written[each.arm.id]]
    for arm in tuned:
        mine = [arm.id, example.id]
        label = "Close" if opened == mine else f"{_TITLE} ({arm.name})" if len(tuned) > 1 else _TITLE
        st.button(label, key=f"evaluate-taught-{arm.id}-{example.id}", type="tertiary", icon=":material/school:",
                  on_click=_open, args=(None if opened == mine else mine,))  # fmt: skip
        run = runs.get(visit.store, arm.run) if opened == mine else None
        if run is not None:
            with st.container(key=f"evaluate-taught-panel-{arm.id}-{example.id}"):
                if example.split is Split.test:
                    blocks.note(
                        "This is a test prompt. Whoever mends examples by its answers uses the test set up a little; "
                        "the answers to the validation split, on the Train page, are there for this."
                    )
                _found(visit, run, example.prompt.asked, written[arm.id][example.id].output,
                       f"evaluate-taught-{arm.id}-{example.id}-in")  # fmt: skip


def _open(wanted: list[str] | None) -> None:
    st.session_state[keys.TAUGHT_OPEN] = wanted


# -- what was found ---------------------------------------------------------------------------------


def _found(visit: Visit, run: Run, asked: str, output: str, key: str) -> None:
    dataset = dataset_rows.get(visit.store, run.dataset)
    if dataset is None:
        return
    try:
        found = taught.find(visit.store, dataset, asked, output)
    except Refusal as refusal:
        frame.refused(refusal)
        return
    if found.missing or found.waking:
        _wait(visit, dataset, asked, output, key)
        return
    if not found.nearest:
        blocks.note(f"None of the {blocks.several(found.n, 'example')} it learned from is even related to this answer. "
                    "It may come from what the base model knew.")  # fmt: skip
        return
    blocks.note(f"The nearest of {blocks.several(found.n, 'example')} it learned from. {_NOT_PROOF}")
    for teacher in found.nearest:
        with st.container(border=True, key=f"{key}-{teacher.row.id}"):
            _teacher(visit, run, teacher, key)
    if visit.may_edit and not elsewhere.is_elsewhere(run):
        _retrain(visit, run, dataset, key)


def _teacher(visit: Visit, run: Run, teacher: Teacher, key: str) -> None:
    row = teacher.row
    frame.reading(blocks.start_of(row.prompt.asked, 400), "The example asks")
    frame.reading(row.ideal, "and answers")
    blocks.note(_how_near(teacher))
    with st.container(horizontal=True, vertical_alignment="center"):
        blocks.way(visit, "examples", "Fix this example", f"{key}-fix-{row.id}", example=row.id)
        if visit.may_edit and not elsewhere.is_elsewhere(run):
            ticked = row.id in st.session_state.get(keys.TAUGHT_OUT, [])
            st.checkbox("Leave it out of the next training", ticked, key=f"{key}-out-{row.id}-{ticked}",
                        on_change=_tick, args=(row.id, not ticked))  # fmt: skip


def _tick(name: str, out: bool) -> None:
    kept = [each for each in st.session_state.get(keys.TAUGHT_OUT, []) if each != name]
    st.session_state[keys.TAUGHT_OUT] = [*kept, name] if out else kept


def _how_near(teacher: Teacher) -> str:
    """In words, with the cosines: how near the input and the ideal output come, and the words in common."""
    asked, answered = meaning.in_words(teacher.asked), meaning.in_words(teacher.answered)
    said = f"Its question is {asked} ({teacher.asked:.2f}), its answer {answered} ({teacher.answered:.2f})."
    if not teacher.shared.words:
        return said
    words = blocks.several(teacher.shared.words, "word")
    return f"{said} {words} in a row are the same: “{blocks.start_of(teacher.shared.text, 120)}”."


@st.fragment(run_every=1.0)
def _wait(visit: Visit, dataset: Dataset, asked: str, output: str, key: str) -> None:
    """Has the examples read and the model woken, asked again each second; the page runs again with what was found."""
    state = resident.of(visit.store.workspace).state()
    try:
        found = taught.find(visit.store, dataset, asked, output)
        if not found.missing and not found.waking:
            st.rerun()
        if state.reading.reason:
            raise Refusal(state.reading.reason)
        if found.missing and not state.reading.running:
            taught.read(visit.store, dataset)
    except Refusal as refusal:
        frame.refused(refusal)
        return
    if found.missing:
        about = duration(found.missing / meaning.TEXTS_A_SECOND)
        blocks.item("Reading the examples", f"The model reads their questions and answers once: {found.missing:,} "
                    f"texts left, about {about}. You can go on elsewhere meanwhile.")  # fmt: skip
    else:
        blocks.item("Waking the model", "It takes a moment after a pause.", "a few seconds")


# -- train again ------------------------------------------------------------------------------------


def _retrain(visit: Visit, run: Run, dataset: Dataset, key: str) -> None:
    told = taught.pending(visit.store, dataset, st.session_state.get(keys.TAUGHT_OUT, []))
    if told.waiting:
        blocks.note(f"{blocks.several(len(told.waiting), 'example')} of its set were changed and wait for approval; "
                    "until then they are not learned from.")  # fmt: skip
    if not told.anything:
        blocks.note("Tick examples to leave out, or fix and approve some; then you can train again from here.")
        return
    blocks.plain(
        f"{_what(told)} A new set is frozen from what is approved now, and a training on it with the same settings is "
        "measured; you start it after that. What is left out is marked as rejected; undo brings it back."
    )
    st.button(f"Measure a training {_with(told)}", key=f"{key}-again", icon=":material/speed:", on_click=_again,
              args=(visit, run))  # fmt: skip


def _what(told: taught.Mended) -> str:
    said = [f"{blocks.several(len(told.left_out), 'example')} left out"] if told.left_out else []
    said += [f"{blocks.several(len(told.rewritten), 'example')} rewritten"] if told.rewritten else []
    return f"Other than before: {' and '.join(said)}."


def _with(told: taught.Mended) -> str:
    said = [f"without {blocks.several(len(told.left_out), 'example')}"] if told.left_out else []
    said += [f"with {blocks.several(len(told.rewritten), 'fixed example')}"] if told.rewritten else []
    return " and ".join(said)


def _again(visit: Visit, run: Run) -> None:
    out = list(st.session_state.get(keys.TAUGHT_OUT, []))

    def started() -> None:
        taught.mend(visit.store, visit.person.id, run, out)
        st.session_state[keys.TAUGHT_OUT] = []

    frame.attempt(
        started, "A new set is frozen, and a training on it is being measured, on the Train page; you start it there."
    )


def came_from(visit: Visit, run: Run) -> None:
    """That a run was made after examples of another one's set were mended. Nothing for others."""
    job = runs.job(visit.store, run.job)
    if told := job.detail.get("mended") if job else None:
        mended(visit, told)


def mended(visit: Visit, told: Mapping[str, Any]) -> None:
    """Which model is trained again, without or with which examples. `told`: of a job's detail."""
    first = arms.get(visit.store, f"tuned-{told['of']}")
    changed = taught.Mended(tuple(told["left_out"]), tuple(told["rewritten"]), ())
    blocks.note(f"{first.name if first else 'An earlier training'} trained again {_with(changed)}.")
