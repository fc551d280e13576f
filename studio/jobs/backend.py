"""What every backend does, whatever machine the worker is on: start it, watch it, stop it, find it again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from studio.jobs import folder as job_folder
from studio.records import JobState

DIED = (
    "The worker stopped before it was finished; most often the system ends it when memory runs out. "
    "What it had finished is kept. Close other programs or choose something smaller, then start it again."
)


@dataclass(frozen=True)
class Progress:
    """`done` of `total` steps; `seconds_left` is an estimate, None while there is none; `what` in plain words."""

    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    what: str = ""


@dataclass(frozen=True)
class JobStatus:
    """Where a job stands. `reason` is a sentence when it failed, else empty."""

    state: JobState
    progress: Progress = Progress()
    reason: str = ""


class Backend(Protocol):
    """Starts, watches and stops the worker of a job folder. It keeps all that it knows in that folder, so that a
    restarted server finds every job again. It promises nothing about when a worker stops that was asked to."""

    def start(self, folder: Path) -> None:
        """Start the worker on a prepared folder, or again on one that failed or was cancelled: it continues.

        Raises Refusal when the job is running or done, or when no worker can be started.
        """

    def reopen(self, folder: Path) -> None:
        """Make an ended job startable again. Raises Refusal when it is running, done or damaged."""

    def state(self, folder: Path) -> JobStatus:
        """State and progress. `queued` only while no worker was ever asked for; one that is gone without a result is
        `failed`, with a sentence. Raises Refusal when the folder is damaged."""

    def cancel(self, folder: Path) -> None:
        """Ask the worker to stop. It keeps what it has finished and then writes its result."""


def progress_of(folder: Path) -> Progress:
    """How far the worker says it is."""
    event = job_folder.last_event(folder, "progress") or {}
    return Progress(event.get("done", 0), event.get("total", 0), event.get("seconds_left"), event.get("what", ""))
