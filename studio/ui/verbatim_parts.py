"""Whether a tuned model repeats its examples word for word, on the Train page, with the way to the example."""

from __future__ import annotations

import streamlit as st

from studio.evaluate.verbatim import Verbatim, verbatim
from studio.records import Run
from studio.store import Store, arms, runs
from studio.train import recited, step
from studio.ui import answers, blocks
from studio.ui.access import Visit

_SHOWN = 5


def show(visit: Visit, run: Run) -> None:
    """For a run that left a model; worked out only when somebody opens it."""
    if not step.is_used(visit.store, run):
        return
    opened = st.expander("Does it repeat its examples?", key=f"train-verbatim-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        if answers.held_back(visit):
            answers.come_back_later(visit)
            return
        found = _found(visit.store, str(visit.store.workspace), visit.store.version, run.id)
        blocks.plain(recited.in_words(found))
        if not found.n:
            blocks.way(visit, "evaluate", "Let it answer", f"train-verbatim-evaluate-{run.id}")
        elif found.repeated and answers.known_to(visit):
            answers.read(visit, run.dataset)
            _listed(visit, run, found)


@st.cache_data(max_entries=8, show_spinner="Looking for its examples in its answers")
def _found(_store: Store, workspace: str, version: int, run: str) -> Verbatim:
    tuned, asked = arms.get(_store, f"tuned-{run}"), runs.get(_store, run)
    return recited.recited(_store, asked, tuned, asked.dataset) if asked and tuned else verbatim({}, {}, {})


def _listed(visit: Visit, run: Run, found: Verbatim) -> None:
    for prompt, each in list(found.repeated.items())[:_SHOWN]:
        blocks.excerpt(each.text)
        blocks.note(f"{each.words} words in a row, from an example it learned from.")
        blocks.way(visit, "examples", "Open that example", f"train-verbatim-{run.id}-{prompt}", example=each.row)
    if len(found.repeated) > _SHOWN:
        blocks.note(f"And {len(found.repeated) - _SHOWN:,} more answers.")
