"""The pre-flight: measure a fine-tune before it starts, show what it comes to, and start exactly what was accepted.

A fine-tune with settings or rows that nobody has seen the consequences of is never started: `start` takes a finished
pre-flight. To repeat a run with nothing changed needs none: what it took is known, and what it left out was accepted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio import datasets, models
from studio.jobs import folder as job_folder
from studio.records import Dataset, Job, JobState, Refusal, Run, Split, from_json, to_json
from studio.store import Store, runs
from studio.store import datasets as dataset_rows
from studio.train import launch, step
from studio.train.forecast import Compared, Measured, Shown
from studio.train.settings import Settings

KIND = "preflight"


@dataclass(frozen=True)
class Report:
    """A finished pre-flight of `dataset`, `settings` and `model`: what was `measured`, and what is `shown`."""

    job: Job
    dataset: Dataset
    settings: Settings
    model: str
    measured: Measured
    shown: Shown


def begin(
    store: Store, actor: str, dataset: Dataset, settings: Settings, model: str, detail: dict[str, Any] | None = None
) -> Job:
    """Starts measuring. `detail`: kept with the run that comes of it. Raises Refusal when the model is missing or
    damaged, or the set teaches nothing."""
    models.verify(model, store.workspace)
    samples = step.pinned_of(store, dataset, (detail or {}).get("pinned", ()))
    train = datasets.rows_in(store, dataset, Split.train)
    folder = step.prepare(store, dataset, settings, model, train, samples, KIND)
    asked = {"dataset": dataset.id, "settings": to_json(settings), "model": model, "run": detail or {}}
    payload = {"id": folder.name, "kind": KIND, "folder": folder.name, "detail": asked}
    launch.start(store, actor, dataset.project, payload, folder)
    job = runs.job(store, folder.name)
    assert job is not None
    return job


def start(store: Store, actor: str, job: str) -> Run:
    """Starts the fine-tune that this pre-flight measured; to call it is to accept what it showed.

    Raises Refusal when it is unknown, unfinished, set aside, started already, or no longer of what is there now; and
    as `step.begin`.
    """
    found = runs.job(store, job)
    report = of(store, found) if found is not None and found.kind == KIND else None
    if report is None:
        raise Refusal("Nothing was measured to start from. Nothing was started. Measure it first.")
    if runs.is_started(store, job):
        raise Refusal(runs.STARTED)
    if report.dataset.discarded:
        raise Refusal("The set that was measured is not in use any more. Nothing was started. Choose another set.")
    if models.sha256(report.model, store.workspace) != models_hash(store, report.job):
        raise Refusal("The model's files changed since it was measured. Nothing was started. Measure it again.")
    free = models.machine(store.workspace).disk_free_gb * 1e9 / 2**20
    if report.measured.disk_mb > free:
        raise Refusal(
            f"Its checkpoints need {report.measured.disk_mb:,.0f} MB of disk and {free:,.0f} are free. Nothing was "
            "started. Free some space, then start it."
        )
    estimate = {"seconds": round(report.measured.seconds, 1), "peak_memory_mb": report.measured.peak_memory_mb}
    accepted = {"preflight": report.job.id, "estimate": estimate}
    return step.begin(
        store, actor, report.dataset, report.settings, report.model, {**report.job.detail["run"], **accepted}
    )


def of(store: Store, job: Job) -> Report | None:
    """What a pre-flight found; None while it is not done, when it was set aside, or when its files are gone."""
    dataset = dataset_rows.get(store, str(job.detail.get("dataset", "")))
    if job.state is not JobState.done or job.detail.get("set_aside") or dataset is None:
        return None
    measured = from_json(Measured, job.detail["result"]["measured"])
    try:
        shown = from_json(Shown, job_folder.read_shown(store.workspace / "jobs" / job.folder))
    except Refusal:
        # Nobody can accept what cannot be shown: it counts as not measured, and is measured again.
        return None
    settings = from_json(Settings, job.detail["settings"])
    return Report(job, dataset, settings, job.detail["model"], measured, shown)


def ready(store: Store, project: str) -> Report | None:
    """The newest pre-flight of a project, if it is done and waits for an answer."""
    newest = next(
        (job for job in runs.jobs(store, project) if job.kind == KIND and job.state is not JobState.cancelled), None
    )
    if newest is None or runs.is_started(store, newest.id):
        return None
    return of(store, newest)


def set_aside(store: Store, actor: str, job: Job) -> None:
    """Nobody wants to start this one; it can be undone."""
    store.act("preflight.set_aside", actor, {"id": job.id}, job.project)


def models_hash(store: Store, job: Job) -> str:
    """The hash of the model that a job was given."""
    return str(job_folder.read_spec(store.workspace / "jobs" / job.folder)["model"]["sha256"])


def compared(store: Store, run: Run) -> Compared | None:
    """The estimate of a run beside what it took; None without one, or when it did not go through whole in one go."""
    job = runs.job(store, run.job)
    told = job.detail.get("estimate") if job else None
    result = run.result
    if told is None or run.state is not JobState.done or result.get("starts", 1) != 1 or result.get("early"):
        return None
    return Compared(told["seconds"], result["seconds"], told["peak_memory_mb"], result["peak_memory_mb"])


def beside(store: Store, run: Run) -> dict[str, float] | None:
    """`compared` as plain JSON, with how far each estimate was off as a share of what came of it."""
    found = compared(store, run)
    return {**to_json(found), "time_off": found.time_off, "memory_off": found.memory_off} if found else None


def earlier(store: Store, project: str) -> Sequence[Compared]:
    """Every pre-flight of this project that can be held against what came of it, the newest first. What a repetition
    was expected to take is no estimate of this kind."""
    measured = {job.id for job in runs.jobs(store, project) if "preflight" in job.detail}
    return [found for run in runs.every(store, project) if run.job in measured and (found := compared(store, run))]


def spoken(report: Report) -> dict[str, Any]:
    """A pre-flight as plain JSON: every figure, what they come to, and what would be left out, without its text."""
    measured = report.measured
    left_out = [{"id": row.id, "reason": row.reason} for row in report.shown.left_out]
    return {**to_json(measured), "seconds": round(measured.seconds, 1), "left_out": left_out}
