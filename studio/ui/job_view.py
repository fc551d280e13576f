"""What there is to show of a job, read from its folder and its record."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio.jobs import folder as job_folder
from studio.records import Job, JobState
from studio.store import Store, arms, briefs, runs
from studio.store import datasets as dataset_rows
from studio.train import line
from studio.train.diary import diary
from studio.train.watched import Watched, watched
from studio.ui.job_panel import RUNNING, JobView

_READ: dict[Path, job_folder.Lines] = {}
_READING = threading.Lock()


def view(store: Store, name: str) -> JobView:
    """The job as the store and its events tell it. It runs until its result was taken into the store."""
    job = runs.job(store, name)
    if job is None:
        return JobView(name, JobState.failed, reason="This job is not known here any more.")
    folder = store.workspace / "jobs" / job.folder
    events = _events(folder, going_on=job.state in RUNNING)
    waiting = job_folder.read_note(folder, job_folder.WAITING, "what")
    last: dict[str, Any] = next((e for e in reversed(events) if e["kind"] == "progress"), {})
    result = job.detail.get("result", {}) if job.state not in RUNNING else {}
    stands = line.standing(store, job)
    return JobView(
        name, job.state, place=stands.place if stands else 0, turn=stands.seconds if stands else None,
        what=waiting["what"] if waiting else last.get("what") or "starting",
        done=last.get("done", 0), total=last.get("total", 0),
        seconds_left=last.get("seconds_left"), seconds=result.get("seconds"), reason=result.get("reason", ""),
        losses=_losses(events), leanings=_leanings(events), started_as=_started_as(store, name),
        log=diary(events), watched=_watched(store, job, folder, events),
        taken=result.get("taken", 0),
        warnings=tuple(dict.fromkeys(e["text"] for e in events if e["kind"] == "warning")),
    )  # fmt: skip


def _events(folder: Path, *, going_on: bool) -> tuple[dict[str, Any], ...]:
    """All events so far. Of a job that goes on, and so is looked at each second, only what was appended is read."""
    with _READING:
        known = _READ.pop(folder, job_folder.Lines((), 0))
        new = job_folder.read_events(folder, known.offset)
        rows = known.rows + new.rows
        if going_on:
            _READ[folder] = job_folder.Lines(rows, new.offset)
        return rows


def _losses(events: Sequence[dict[str, Any]]) -> tuple[tuple[int, float | None, float | None], ...]:
    """One row a step; what a run that went on after a crash measured again counts once."""
    found: dict[int, list[float | None]] = {}
    for event in events:
        if event["kind"] == "loss":
            row = found.setdefault(event["step"], [None, None])
            for place, kind in enumerate(("train", "validation")):
                row[place] = row[place] if event[kind] is None else event[kind]
    return tuple((step, *found[step]) for step in sorted(found))  # type: ignore[misc]


def _leanings(events: Sequence[dict[str, Any]]) -> tuple[tuple[int, float], ...]:
    found = {event["step"]: event["accuracy"] for event in events if event["kind"] == "loss" and "accuracy" in event}
    return tuple(sorted(found.items()))


def _started_as(store: Store, name: str) -> str:
    run = runs.get(store, name)
    begun = arms.get(store, f"tuned-{run.settings['start']}") if run and run.settings.get("start") else None
    return begun.name if begun is not None else "the base"


def _watched(store: Store, job: Job, folder: Path, events: Sequence[dict[str, Any]]) -> tuple[Watched, ...]:
    """What was answered on the way, checked by the brief that the set was frozen under."""
    if not any(event["kind"] == "sample" for event in events):
        return ()
    dataset = dataset_rows.get(store, str(job.detail.get("dataset", "")))
    brief = briefs.version(store, dataset.project, dataset.brief_version) if dataset else None
    return watched(events, job_folder.read_spec(folder).get("samples", ()), brief)


def reader(store: Store, name: str, *, samples: bool = False) -> Callable[[], JobView]:
    """Reads a job for the panel; its sample answers only with `samples`, for those who may see whose words they are."""
    if samples:
        return lambda: view(store, name)
    return lambda: replace(view(store, name), watched=())


def active(store: Store, project: str, *kinds: str) -> Job | None:
    """The job of one of these kinds that is going on in this project (of any kind, when none is named)."""
    return next((j for j in runs.jobs(store, project, active=True) if not kinds or j.kind in kinds), None)
