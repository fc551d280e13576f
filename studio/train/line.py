"""The line of jobs that wait for a device: where one stands, when its turn may come, and who is let before others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.jobs import place
from studio.records import Job, JobState
from studio.store import Store, runs


@dataclass(frozen=True)
class Standing:
    """`place` in line, 1 for the next; `running`: jobs that have a device; `seconds` until its turn may come, an
    estimate from how long those before it may take, None where that is not known of one of them."""

    place: int
    running: int
    seconds: float | None


def standing(store: Store, job: Job) -> Standing | None:
    """Where a job stands in line, across all projects; None for one that does not wait."""
    waiting = runs.line(store)
    before = next((n for n, other in enumerate(waiting) if other.id == job.id), None)
    if before is None:
        return None
    running = [other for other in runs.jobs(store, active=True) if other.state is JobState.running]
    having = [other for other in running if other.detail.get("device", "cpu")]
    left = [remaining(store, other) for other in having]
    free = len(place.devices()) - len(having)
    ahead = [expected(store, other) for other in waiting[:before]]
    return Standing(before + 1, len(having), turn([0.0] * free + left, ahead))


def turn(left: Sequence[float | None], ahead: Sequence[float | None]) -> float | None:
    """Seconds until a device is free for whoever comes after `ahead`, which take so long; `left`: until each device is
    free now. None when one of these is not known."""
    if not left or None in left or None in ahead:
        return None
    devices = sorted(seconds for seconds in left if seconds is not None)
    for seconds in ahead:
        devices[0] += seconds or 0.0
        devices.sort()
    return devices[0]


def expected(store: Store, job: Job) -> float | None:
    """How many seconds a job may take: by its own estimate, or as the last one of its kind in its project took."""
    if told := job.detail.get("estimate"):
        return float(told["seconds"])
    done = (other for other in runs.jobs(store, job.project) if other.kind == job.kind and other.state is JobState.done)
    took = next((other.detail.get("result", {}).get("seconds") for other in done), None)
    return None if took is None else float(took)


def remaining(store: Store, job: Job) -> float | None:
    """How many seconds a running job may still take, as its worker says; before it does, as it was expected to."""
    folder = store.workspace / "jobs" / job.folder
    left = place.of(folder).state(folder).progress.seconds_left
    return expected(store, job) if left is None else left


def to_front(store: Store, actor: str, job: Job) -> None:
    """This job is the next one that gets a device. Raises Refusal when it does not wait any more."""
    store.act("job.moved", actor, {"id": job.id}, job.project)
