"""Does it remember planted secrets? For a training that was asked to plant some, on the Train page."""

from __future__ import annotations

import streamlit as st

from studio.records import JobState, Run
from studio.train import canaries
from studio.ui import blocks


def show(run: Run) -> None:
    """What came of the planted secrets; nothing for a run without any."""
    if run.state is not JobState.done or not canaries.in_run(run.settings):
        return
    with st.expander("Does it remember planted secrets? Not for release", key=f"train-canaries-{run.id}"):
        measured = canaries.exposures_of(run.result)
        if not measured:
            blocks.plain("Nothing was measured: the made-up secrets are longer than this training reads at all.")
            return
        found = canaries.finding(measured, int(run.settings["epochs"]))
        blocks.lead(found.sentence)
        blocks.plain(found.evidence)
        blocks.table(
            ["Written into", f"Place among {found.levels[0].of}", "Exposure (bits)", "By chance alone"],
            [_row(level) for level in found.levels],
            f"Made-up secrets (canaries), {len(measured)} in all; exposure up to {_ceiling(found.levels[0].of)} bits",
        )
        blocks.note(
            "After the training the model is asked how likely it finds the true code, and others that could have been "
            "it (Carlini and others, 2019). The secrets are in no set and no export; a model that learned them says so "
            "in its name and cannot be taken away."
        )


def _row(level: canaries.Level) -> list[str]:
    written = blocks.several(level.rows, "example") if level.rows else "none, for comparison"
    chance = blocks.percent(level.chance) if level.chance >= canaries.UNLIKELY else "under 1 %"
    return [written, ", ".join(f"{place}" for place in level.places), f"{level.bits:.1f}", chance]


def _ceiling(of: int) -> str:
    return f"{canaries.Exposure(0, 1, of).bits:.0f}"
