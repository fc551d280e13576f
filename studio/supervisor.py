"""Takes in the results of finished jobs, and lets the next in line begin. Called each second by the server, and while a
command waits."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from studio import baselines, changed, conversations, judging, outputs, people, twice
from studio.documents import step as documents
from studio.jobs import folder as job_folder
from studio.jobs import place
from studio.jobs.backend import JobStatus
from studio.records import Job, JobState, Refusal, canonical
from studio.store import Store, runs
from studio.store.writes import load_bulk
from studio.train import launch, line
from studio.train import step as train_step

_KEPT_APART = {*changed.KINDS.values(), conversations.KIND, judging.KIND, twice.KIND}
"""Jobs whose outputs belong to no split: they are kept whole with the job's result."""
_ENDED = (JobState.done, JobState.failed, JobState.cancelled)
_TO_BEGIN_SECONDS = 15.0
_OUTPUT = {"arm", "example", "output", "tokens_in", "tokens_out", "seconds", "similarity", "hashes"}


def collect(store: Store) -> int:
    """Takes in every job that has ended, and gives its device to the next; how many. Safe to repeat: what was taken in
    is not taken twice.

    A job whose files are damaged is recorded as failed, with that sentence, and holds up no other.
    """
    with launch.ONE_AT_A_TIME:
        ended = sum(_collect_one(store, job) for job in runs.jobs(store, active=True))
        for run in runs.without_arm(store):
            job = runs.job(store, run.job)
            baselines.tuned(
                store, job.actor if job else people.SYSTEM, run.project, run.id, run.model,
                train_step.run_name(store, run),
            )  # fmt: skip
        documents.take_in(store)
        launch.begin_next(store)
    return ended


def _collect_one(store: Store, job: Job) -> bool:
    folder = store.workspace / "jobs" / job.folder
    if job.state is JobState.queued:
        return _left_the_line(store, job, folder)
    try:
        status = place.of(folder).state(folder)
        if status.state is JobState.queued:
            status = _never_began(job, folder)
        if status.state not in _ENDED:
            return False
        result = job_folder.read_result(folder) or {"state": status.state.value, "reason": status.reason}
        if job.kind == outputs.KIND:
            _store_outputs(store, job, folder)
        elif job.kind in _KEPT_APART:
            result["outputs_blob"] = store.put_blob(canonical(_outputs(job, folder)))
    except Refusal as refusal:
        if folder.is_dir():
            job_folder.ask_cancel(folder)  # its worker, if there is one, works for nobody now
        result = {"state": JobState.failed.value, "reason": str(refusal)}
    payload = {"id": job.id, "state": result["state"], "result": result}
    store.act("job.finished", job.actor, payload, job.project)
    return True


def _left_the_line(store: Store, job: Job, folder: Path) -> bool:
    """Somebody who waits was asked to stop before it had a device."""
    if not job_folder.cancel_asked(folder):
        return False
    # What it had come to before it stood in line once more is still so.
    before = job.detail.get("result", {})
    said = "went on. What it had finished is kept." if before else "began. Nothing was lost."
    result = {**before, "state": "cancelled", "reason": f"Taken out of the line before it {said}"}
    store.act("job.finished", job.actor, {"id": job.id, "state": "cancelled", "result": result}, job.project)
    return True


def _never_began(job: Job, folder: Path) -> JobStatus:
    """What a job without a worker is: none is just starting, because starting and collecting take turns."""
    if job_folder.cancel_asked(folder):
        return JobStatus(JobState.cancelled, reason="Stopped before it began. Nothing was lost.")
    waited = datetime.now(UTC) - datetime.fromisoformat(job.detail.get("stood", job.at))
    if waited.total_seconds() <= _TO_BEGIN_SECONDS:
        return JobStatus(JobState.queued)
    return JobStatus(
        JobState.failed,
        reason="The studio ended before the worker was started. Everything else is safe. Start it again.",
    )


def _store_outputs(store: Store, job: Job, folder: Path) -> None:
    if lines := _outputs(job, folder):
        payload = {"dataset": job.detail["dataset"], "job": job.id, "rows_blob": store.put_blob(canonical(lines))}
        load_bulk()
        store.act("generations.stored", job.actor, payload, job.project)


def _outputs(job: Job, folder: Path) -> list[dict[str, Any]]:
    lines = list(job_folder.read_lines(folder / "outputs.jsonl").rows)
    if any(not line.keys() >= _OUTPUT for line in lines):
        raise Refusal(f"The outputs of job {job.id} are damaged. Everything outside this job is safe. Start a new job.")
    return lines


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
        time.sleep(0.2)


def spoken_progress(store: Store, job: Job) -> str:
    """One line: what it is doing, how far, and the time left."""
    folder = store.workspace / "jobs" / job.folder
    if (stands := line.standing(store, job)) is not None:
        return f"waiting, number {stands.place} in line"
    progress = place.of(folder).state(folder).progress
    left = f", about {progress.seconds_left:.0f} s left" if progress.seconds_left is not None else ""
    count = f" {progress.done} of {progress.total}" if progress.total else ""
    return f"{progress.what or 'starting'}{count}{left}"
