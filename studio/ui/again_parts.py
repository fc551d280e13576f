"""Run a training again, as it was or with settings changed; on a repetition, what it repeats and how it came out."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.records import JobState, Refusal, Run
from studio.store import arms, runs
from studio.train import again, passport, passport_words
from studio.train.settings import Settings
from studio.ui import blocks, frame
from studio.ui.access import Visit
from studio.ui.train_settings import changed, fields_again, typed
from studio.ui.train_settings import fill as fill_fields


def came_from(visit: Visit, run: Run) -> None:
    """Which run this one repeats, what was changed, and whether it came out the same. Nothing for a first run."""
    job = runs.job(visit.store, run.job)
    told = passport.again(job.detail) if job else passport.Again()
    first = runs.get(visit.store, told.of) if told.of else None
    if first is None:
        return
    name = _name(visit, first)
    if told.changed:
        blocks.note(f"{name} run again, with a change:")
        differences(told.changed)
    elif run.state is JobState.done and first.state is JobState.done:
        blocks.note(f"{name} run again, with nothing changed. {again.repeated(first, run).sentence}")
    else:
        blocks.note(f"{name} run again, with nothing changed.")


def show(visit: Visit, run: Run) -> None:
    """The form: the settings of the run to change, the difference before the start, and the button."""
    opened = st.expander("Run it again", key=f"train-again-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        try:
            figures = again.settings_of(run)
        except Refusal as refusal:
            frame.refused(refusal)
            return
        blocks.note("The same examples and base model. Change a setting to see what difference it makes.")
        changes = changed(visit, figures, fields_again(run.id))
        if changes:
            differences({name: (getattr(figures, name), now) for name, now in changes.items()})
        else:
            blocks.note(
                "Nothing is changed: it repeats this training. On this machine and these versions every loss should "
                "come out the same, which is checked at the end."
            )
        label = "Measure with this change" if len(changes) == 1 else "Measure with these changes"
        st.button(label if changes else "Run again as it was", key=f"train-again-start-{run.id}",
                  icon=":material/replay:", on_click=_start, args=(visit, run, figures))  # fmt: skip


def fill(visit: Visit, run: Run, changes: dict[str, Any]) -> None:
    """Opens the form with these settings filled in; nothing is started."""
    fill_fields(visit, fields_again(run.id), changes)
    st.session_state[f"train-again-{run.id}"] = True


def _start(visit: Visit, run: Run, figures: Settings) -> None:
    changes, who = typed(figures, fields_again(run.id)), visit.person.id
    if changes:
        said = "It is being measured, at the head of this page; you start it after that."
        frame.attempt(lambda: again.measure_again(visit.store, who, run.id, changes), said)
    else:
        said = "It runs again. You can leave this page or close the browser; it goes on."
        frame.attempt(lambda: again.run_again(visit.store, who, run.id), said)


def differences(differing: dict[str, tuple[Any, Any]]) -> None:
    """Settings that differ from those of the run that is repeated."""
    blocks.table(["Setting", "Before", "Now"], passport_words.changes(differing), "What is changed")


def _name(visit: Visit, run: Run) -> str:
    arm = arms.get(visit.store, f"tuned-{run.id}")
    return arm.name if arm else "An unfinished training"
