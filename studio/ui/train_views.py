"""The parts of Train behind one switch, once a training has ended: what came of them, two side by side, the next."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio.records import Dataset
from studio.store import runs
from studio.ui import (
    elsewhere_parts,
    form_fields,
    keys,
    model_parts,
    preflight_parts,
    side_by_side_parts,
    train_parts,
    vote_training_parts,
)
from studio.ui.access import Visit
from studio.ui.job_panel import RUNNING


def show(visit: Visit, sets: Sequence[Dataset]) -> None:
    """What is measured or waits for an answer, then the part that was chosen; before anything has ended, the form."""
    measuring = bool(sets) and preflight_parts.show(visit)
    views = _views(visit)
    st.space("small")  # apart from what goes on above
    chosen = form_fields.view(keys.TRAIN_VIEW, views, "Which part of Train") if len(views) > 1 else "start"
    if chosen == "runs":
        train_parts.finished(visit)
    elif chosen == "compare":
        side_by_side_parts.show(visit)
    elif chosen == "votes":
        if model_parts.models_here(visit) and not measuring:
            vote_training_parts.show(visit)
    else:
        _start(visit, sets, measuring)


def _views(visit: Visit) -> dict[str, str]:
    ended = sum(run.state not in RUNNING for run in runs.every(visit.store, visit.project_id))
    views = {"runs": f"Trainings ({ended:,})"} if ended else {}
    if ended > 1:
        views["compare"] = "Side by side"
    views["start"] = "Start a training"
    return {**views, "votes": "Teach it from votes"} if vote_training_parts.offered(visit) else views


def _start(visit: Visit, sets: Sequence[Dataset], measuring: bool) -> None:
    if not sets:
        train_parts.no_set(visit)
        return
    if model_parts.models_here(visit) and not measuring:
        train_parts.start_form(visit, sets)
    elsewhere_parts.register(visit, sets)
