"""What there is to show of a job, read from its folder and its record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from studio.jobs import folder as job_folder
from studio.records import Job, JobState
from studio.store import Store, runs
from studio.ui.job_panel import RUNNING, JobView


def view(store: Store, name: str) -> JobView:
    """The job as the store and its events tell it. It runs until its result was taken into the store."""
    job = runs.job(store, name)
    if job is None:
        return JobView(name, JobState.failed, reason="This job is not known here any more.")
    folder = store.workspace / "jobs" / job.folder
    events, waiting = job_folder.read_events(folder).rows, job_folder.read_note(folder, job_folder.WAITING, "what")
    last: dict[str, Any] = next((e for e in reversed(events) if e["kind"] == "progress"), {})
    result = job.detail.get("result", {}) if job.state not in RUNNING else {}
    return JobView(
        name, job.state,
        what=waiting["what"] if waiting else last.get("what") or "starting",
        done=last.get("done", 0), total=last.get("total", 0),
        seconds_left=last.get("seconds_left"), seconds=result.get("seconds"), reason=result.get("reason", ""),
        losses=tuple((e["step"], e["train"], e["validation"]) for e in events if e["kind"] == "loss"),
        samples=tuple((e["input"], e["output"]) for e in events if e["kind"] == "sample"),
        warnings=tuple(dict.fromkeys(e["text"] for e in events if e["kind"] == "warning")),
    )  # fmt: skip


def reader(store: Store, name: str, *, samples: bool = False) -> Callable[[], JobView]:
    """Reads a job for the panel; its sample answers only with `samples`, for those who may see whose words they are."""
    if samples:
        return lambda: view(store, name)
    return lambda: replace(view(store, name), samples=())


def active(store: Store, project: str, *kinds: str) -> Job | None:
    """The job of one of these kinds that is going on in this project (of any kind, when none is named)."""
    return next((j for j in runs.jobs(store, project, active=True) if not kinds or j.kind in kinds), None)
