"""A job that came to nothing: why, and the button by which it goes on where it was."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from studio.records import Job, JobState
from studio.store import Store, runs
from studio.ui import frame
from studio.ui.access import Visit

GoOn = Callable[[Store, str, Job], None]


def newest(visit: Visit, kind: str, said: str, go_on: GoOn) -> None:
    """Of the newest job of a kind, if it failed or was stopped. `said`: what ended, a sentence."""
    job = next((each for each in runs.jobs(visit.store, visit.project_id) if each.kind == kind), None)
    if job is not None and job.state in (JobState.failed, JobState.cancelled):
        show(visit, job, said, go_on)


def show(visit: Visit, job: Job, said: str, go_on: GoOn) -> None:
    """Why this job ended, and the way on for those who may. `go_on`: (store, person, job); raises Refusal."""
    frame.warnings([f"{said} {job.detail.get('result', {}).get('reason') or 'It was stopped.'}"])
    if visit.may_edit:
        st.button(
            "Go on where it stopped", key=f"stopped-go-on-{job.id}", icon=":material/play_arrow:",
            on_click=frame.attempt,
            args=(lambda: go_on(visit.store, visit.person.id, job), "It goes on. You can leave this page."),
        )  # fmt: skip
