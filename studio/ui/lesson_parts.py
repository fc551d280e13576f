"""The evidence behind what a finished training says of itself, on the Train page, and the one change to try."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.records import Run
from studio.train import leaning
from studio.ui import again_parts, blocks, train_settings
from studio.ui.access import Visit


def show(visit: Visit, run: Run) -> None:
    """The figures behind the verdict; where a setting would help, a button that opens the form to run it again."""
    found = leaning.lesson(run)
    if found.evidence:
        blocks.bullets(found.evidence)
    for name, value in found.change.items():
        before = train_settings.shown(name, run.settings[name])
        now = train_settings.shown(name, value)
        blocks.note(f"To change: {train_settings.label(name)}, from {before} to {now}.")
        st.button("Run again with this change", key=f"train-lesson-{run.id}", icon=":material/tune:", on_click=_open,
                  args=(visit, run, {name: value}))  # fmt: skip


def _open(visit: Visit, run: Run, change: dict[str, Any]) -> None:
    """Nothing is started yet: the difference is shown first."""
    again_parts.fill(visit, run, change)
