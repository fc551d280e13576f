"""Other checkpoints of a training, on its card: what they were measured at, and comparing one like any arm."""

from __future__ import annotations

import streamlit as st

from studio import baselines
from studio.records import Run
from studio.train import other_checkpoints
from studio.train.other_checkpoints import Saved
from studio.ui import blocks, frame
from studio.ui.access import Visit


def show(visit: Visit, run: Run) -> None:
    """Folded away; nothing where no other checkpoint is on the disk."""
    found = other_checkpoints.others(visit.store, run)
    if not found:
        return
    with st.expander("Compare another of its checkpoints", key=f"train-checkpoints-{run.id}"):
        at, loss = other_checkpoints.taken(run)
        which = f"of step {at:,}" if at else "that was best on what was kept aside"
        measured = f", where the loss on what was kept aside was {loss:.2f}" if loss is not None else ""
        blocks.plain(
            f"The model you have is the checkpoint (the state that was saved) {which}{measured}. The lowest "
            "loss is not always the best answer: another one can be compared like any arm, with figures and a blind "
            "round."
        )
        for each in found:
            _one(visit, run, each)


def _one(visit: Visit, run: Run, saved: Saved) -> None:
    measured = f"Loss on what was kept aside: {saved.loss:.2f}." if saved.loss is not None else "Not measured there."
    used = f" Compared as “{saved.arm.name}”." if saved.arm else ""
    blocks.item(f"Step {saved.step:,}", measured + used)
    key = f"train-checkpoint-{run.id}-{saved.step}"
    if saved.arm is None:
        st.button("Compare this one too", key=key, icon=":material/add:", on_click=_take, args=(visit, run, saved.step))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        blocks.way(visit, "evaluate", "Compare its answers", f"{key}-compare")
        st.button("Compare it no more", key=f"{key}-off", type="tertiary", on_click=_leave,
                  args=(visit, saved.arm.id), help="Its answers stay in the record. Undo brings it back.")  # fmt: skip


def _take(visit: Visit, run: Run, at: int) -> None:
    frame.attempt(
        lambda: other_checkpoints.compare_too(visit.store, visit.person.id, run, at),
        "It is an arm of its own now. Let it answer on the Compare page.",
    )


def _leave(visit: Visit, arm: str) -> None:
    frame.attempt(
        lambda: baselines.retire(visit.store, visit.person.id, visit.project_id, arm),
        "It is compared no more. Undo brings it back.",
    )
