"""The passport of a run on the Train page: in words, its settings, and the record itself to read or to keep."""

from __future__ import annotations

import streamlit as st

from studio import run_export
from studio.records import Run, to_json
from studio.store import Store, people
from studio.train import passport, passport_words
from studio.ui import blocks
from studio.ui.access import Visit


def show(visit: Visit, run: Run) -> None:
    """What the run was made from and under; worked out only when somebody opens it."""
    opened = st.expander("Passport: what it was made from", key=f"train-passport-{run.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        made = of(visit, run.id)
        names = people.names(visit.store)
        blocks.table(
            ["What", "What is recorded"], passport_words.in_words(made, names), "The passport of this training"
        )
        figures = [(name.replace("_", " "), passport_words.figure(value)) for name, value in made.settings.items()]
        blocks.table(["Setting", "Value"], figures, "Its settings")
        _record(run, made)


def of(visit: Visit, run: str) -> passport.Passport:
    """The passport of an ended run; reading the rows of its set is done once."""
    return _passport(visit.store, str(visit.store.workspace), visit.store.version, run)


@st.cache_data(max_entries=8, show_spinner="Reading what it was made from")
def _passport(_store: Store, workspace: str, version: int, run: str) -> passport.Passport:
    return passport.passport(_store, run)


def _record(run: Run, made: passport.Passport) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.download_button(
            "Download the passport", run_export.as_file(to_json(made)), f"passport-{run.id}.json", "application/json",
            key=f"train-passport-file-{run.id}", icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        with st.popover("The record itself (JSON)", key=f"train-passport-json-{run.id}"):
            st.json(to_json(made), expanded=1)
