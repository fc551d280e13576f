"""How any job, of training or of outputs, is started and continued: one at a time, and never recorded by halves."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from studio.jobs import place, resident
from studio.records import Job, Refusal
from studio.store import Store, runs

ONE_AT_A_TIME = threading.Lock()
"""Held while a job's folder and its record change together, so that nobody takes in a job that is just starting."""


def start(store: Store, actor: str, project: str, payload: dict[str, Any], folder: Path) -> None:
    """Records and starts the job in a prepared folder. `payload`: of the act job.started.

    Raises Refusal when another job of the kind is active, or when no worker can be started; it is then recorded
    as failed.
    """
    with ONE_AT_A_TIME:
        store.act("job.started", actor, payload, project)
        _start_worker(store, actor, project, payload["id"], folder)


def resume(store: Store, actor: str, job: Job) -> None:
    """Continues a job that was stopped or died, in the same folder. Raises Refusal when it cannot go on."""
    folder = store.workspace / "jobs" / job.folder
    with ONE_AT_A_TIME:
        if any(other.kind == job.kind for other in runs.jobs(store, active=True)):
            raise Refusal(runs.ANOTHER)
        # Reopened first: were its old result still there, the job would be taken in as ended at once.
        place.of(folder).reopen(folder)
        store.act("job.resumed", actor, {"id": job.id}, job.project)
        _start_worker(store, actor, job.project, job.id, folder)


def _start_worker(store: Store, actor: str, project: str, job: str, folder: Path) -> None:
    # A job needs the memory and the cores more than whoever searches: the resident model wakes again when asked.
    resident.of(store.workspace).make_room()
    try:
        place.for_new().start(folder)
    except Refusal as refusal:
        result = {"state": "failed", "reason": str(refusal)}
        store.act("job.finished", actor, {"id": job, "state": "failed", "result": result}, project)
        raise
