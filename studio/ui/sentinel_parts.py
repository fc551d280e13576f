"""A/A sentinels on the set-up page of a round: how many, and the way to have them written."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from studio import outputs, twice
from studio.records import Arm
from studio.review.sentinels import Sentinels
from studio.store import Store, arms
from studio.ui import blocks, draft_fields, frame, job_view, model_parts, stopped_parts
from studio.ui.access import Visit
from studio.ui.job_panel import job_panel

_USUAL = 4


@st.cache_data(max_entries=16, show_spinner=False)
def _written(_store: Store, workspace: str, version: int, dataset: str, arm: Arm) -> Sentinels:
    return twice.written(_store, dataset, arm)


def of(visit: Visit, dataset: str, candidate: str) -> Sentinels:
    """What can be mixed in of this candidate's."""
    arm = arms.get(visit.store, candidate)
    if arm is None:
        return Sentinels()
    return _written(visit.store, str(visit.store.workspace), visit.store.version, dataset, arm)


def choose(visit: Visit, dataset: str, candidate: str, key: Callable[[str], str]) -> None:
    """How many of the candidate's are mixed in; where it has none, the job that writes them."""
    arm = arms.get(visit.store, candidate)
    if arm is None:
        return
    if job := job_view.active(visit.store, visit.project_id, twice.KIND):
        job_panel(job_view.reader(visit.store, job.id), lambda: twice.stop(visit.store, job))
        return
    known = of(visit, dataset, candidate)
    blocks.note(
        f"A/A sentinel: two answers of {arm.name} to one message, drawn with chance. Nobody should prefer one of them; "
        "how often people do says how far their other preferences go."
    )
    if known.answers:
        draft_fields.whole(
            visit, "Sentinels for each reviewer", key("sentinels"), min(_USUAL, len(known.answers)),
            (0, len(known.answers)), width=280,
        )  # fmt: skip
    elif model_parts.are_here(visit):
        st.button(
            f"Let it answer {twice.PROMPTS} messages twice", key="review-twice", icon=":material/content_copy:",
            on_click=_start, args=(visit, dataset, candidate),
        )  # fmt: skip
    stopped_parts.newest(visit, twice.KIND, "The last writing of sentinels ended early.", outputs.go_on)


def _start(visit: Visit, dataset: str, candidate: str) -> None:
    frame.attempt(lambda: twice.start(visit.store, visit.person.id, dataset, candidate))
