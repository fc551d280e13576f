"""How any job, of training or of outputs, is started and continued: one a device, the others wait in line."""

from __future__ import annotations

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio import models
from studio.jobs import local, place, resident
from studio.records import Job, JobState, Refusal
from studio.store import Store, runs

ONE_AT_A_TIME = threading.Lock()
"""Held while a job's folder and its record change together, so that nobody takes in a job that is just starting."""


def device(store: Store) -> str:
    """Where a job that starts now computes: "cpu", or "cuda" for a GPU, here or on the cluster."""
    there = place.gpus()
    return "cuda" if (models.machine(store.workspace).gpu_memory_gb if there is None else there) else "cpu"


def start(
    store: Store, actor: str, project: str, payload: dict[str, Any], folder: Path, *, needs_device: bool = True
) -> None:
    """Records the job in a prepared folder, and starts it if a device is free and nobody waits for one; else it stands
    in line. `payload`: of the act job.started, without its device.

    Raises Refusal when no worker can be started; it is then recorded as failed.
    """
    with ONE_AT_A_TIME:
        device = _free(store) if needs_device else ""
        if device is None:
            store.act("job.started", actor, {**payload, "waits": True}, project)
            return
        detail = {**payload["detail"], "device": device}
        store.act("job.started", actor, {**payload, "detail": detail}, project)
        _start_worker(store, actor, project, payload["id"], folder, device)


def resume(store: Store, actor: str, job: Job) -> None:
    """A job that was stopped or died goes on in the same folder, or stands in line for that. Raises Refusal when it
    cannot go on."""
    folder = store.workspace / "jobs" / job.folder
    with ONE_AT_A_TIME:
        # Reopened first: were its old result still there, the job would be taken in as ended at once.
        place.of(folder).reopen(folder)
        store.act("job.resumed", actor, {"id": job.id, "waits": True}, job.project)
        begin_next(store)


def begin_next(store: Store) -> None:
    """Gives each free device to the next in line. Whoever calls it holds `ONE_AT_A_TIME`."""
    for job in runs.line(store):
        folder = store.workspace / "jobs" / job.folder
        device = _free(store, next_in_line=True)
        if device is None:
            return
        store.act("job.begun", job.actor, {"id": job.id, "device": device}, job.project)
        with suppress(Refusal):  # it is recorded as failed, and the next one has its turn
            _start_worker(store, job.actor, job.project, job.id, folder, device)


def _free(store: Store, *, next_in_line: bool = False) -> str | None:
    """A device that no job has; None when there is none, or when others wait for it already."""
    active = runs.jobs(store, active=True)
    if not next_in_line and any(job.state is JobState.queued for job in active):
        return None
    there = place.devices()
    # A job from before devices were noted has the first one.
    taken = {job.detail.get("device", there[0]) for job in active if job.state is JobState.running}
    return next((device for device in there if device == "" or device not in taken), None)


def _start_worker(store: Store, actor: str, project: str, job: str, folder: Path, device: str) -> None:
    # A job needs the memory and the cores more than whoever searches: the resident model wakes again when asked.
    resident.of(store.workspace).make_room()
    try:
        _give(folder, device)
        place.for_new().start(folder)
    except Refusal as refusal:
        result = {"state": "failed", "reason": str(refusal)}
        store.act("job.finished", actor, {"id": job, "state": "failed", "result": result}, project)
        raise


def _give(folder: Path, device: str) -> None:
    try:
        local.give(folder, device)
    except OSError as error:
        raise Refusal(
            f"The job could not be started ({error.strerror or error}). Nothing that was finished is lost. "
            "Free some disk space, then start it again."
        ) from error
