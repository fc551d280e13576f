"""Takes the results of finished jobs into the store. Called each second by the server and while a command waits."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

from studio import baselines
from studio.jobs import folder as job_folder
from studio.jobs.local import LocalBackend
from studio.records import Job, JobState, canonical
from studio.store import Store, runs
from studio.train import step as train_step

_ENDED = (JobState.done, JobState.failed, JobState.cancelled)
_ONE_AT_A_TIME = threading.Lock()


def collect(store: Store) -> int:
    """Takes in every job that has ended; how many. Safe to repeat: what was taken in is not taken twice."""
    ended = 0
    with _ONE_AT_A_TIME:
        for job in runs.jobs(store, active=True):
            status = LocalBackend().state(store.workspace / "jobs" / job.folder)
            if status.state in _ENDED:
                _take_in(store, job, status.state, status.reason)
                ended += 1
    return ended


def _take_in(store: Store, job: Job, state: JobState, reason: str) -> None:
    folder = store.workspace / "jobs" / job.folder
    result = job_folder.read_result(folder) or {"state": state.value, "reason": reason}
    if job.kind == "generate":
        _store_outputs(store, job, folder)
    store.act("job.finished", job.actor, {"id": job.id, "state": state.value, "result": result}, job.project)
    if job.kind == "train" and state is JobState.done and (run := runs.get(store, job.id)):
        baselines.tuned(store, job.actor, job.project, run.id, run.model, train_step.run_name(store, run))


def _store_outputs(store: Store, job: Job, folder: Path) -> None:
    lines = job_folder.read_lines(folder / "outputs.jsonl").rows
    if lines:
        payload = {"dataset": job.detail["dataset"], "job": job.id, "rows_blob": store.put_blob(canonical(list(lines)))}
        store.act("generations.stored", job.actor, payload, job.project)


def wait(store: Store, job: str, report: Callable[[str], None] | None = None) -> Job:
    """Waits for a job to be taken in; `report` is told how far it is, when that changes."""
    told = ""
    while True:
        collect(store)
        found = runs.job(store, job)
        assert found is not None
        if found.state in _ENDED:
            return found
        text = spoken_progress(store, found)
        if report and text != told:
            report(told := text)
        time.sleep(0.5)


def spoken_progress(store: Store, job: Job) -> str:
    """One line: what it is doing, how far, and the time left."""
    progress = LocalBackend().state(store.workspace / "jobs" / job.folder).progress
    left = f", about {progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
    count = f" {progress.done} of {progress.total}" if progress.total else ""
    return f"{progress.what or 'starting'}{count}{left}"
