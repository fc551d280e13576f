"""The learning curve of a run: trainings on a quarter and half of its rows, started in one step, and what they say.

The parts take as many steps as the run, as nearly as whole passes allow, at the same settings: a part that was simply
read as often would learn in fewer steps, and look worse for that alone. Each counts at its closest look at the rows
kept aside, so that reading a few rows often is not held against them when it turns into learning by heart. The parts
are measurements, not models: they get no arm and never take part in a comparison.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from studio import datasets, models
from studio.records import Dataset, Job, JobState, Refusal, Run, Split
from studio.store import Store, runs
from studio.store import datasets as dataset_rows
from studio.train import again, kept_aside, launch, learning_curve, step
from studio.train.portions import SHARES, portion
from studio.train.settings import Settings

_GOING_ON = (JobState.queued, JobState.running)


@dataclass(frozen=True)
class Measured:
    """One part: its share, its rows and the newest job of it."""

    share: float
    rows: int
    job: Job


@dataclass(frozen=True)
class Curve:
    """Where the question stands: its parts, the smallest first, and the answer once all have been measured."""

    parts: tuple[Measured, ...]
    answer: learning_curve.Answer | None = None

    @property
    def going_on(self) -> bool:
        return any(part.job.state in _GOING_ON for part in self.parts)


def start(store: Store, actor: str, run: str) -> list[str]:
    """Starts what is still to be measured, one after the other, or lines it up; the ids of the jobs, the smallest share
    first. The whole set is trained on again only for a run from before losses were kept prompt by prompt.

    Raises Refusal when the set or the base model is not what it was, for a run that was told to read only some of its
    rows, when too little is kept aside, and when it was asked already.
    """
    found, dataset = _asked_of(store, run)
    settings = again.settings_of(found)
    models.verify(found.model, store.workspace)
    _refuse(store, found, dataset, settings)
    rows = datasets.rows_in(store, dataset, Split.train)
    started = []
    for share in _missing(store, found):
        part = portion(rows, share, settings.seed)
        changed = replace(settings, epochs=passes(settings, len(rows), len(part)))
        folder = step.prepare(store, dataset, changed, found.model, part, samples=())
        detail = {"dataset": dataset.id, "curve": {"of": found.id, "share": share, "rows": len(part)}}
        payload = {"id": folder.name, "kind": "train", "folder": folder.name, "detail": detail}
        launch.start(store, actor, found.project, payload, folder)
        started.append(folder.name)
    return started


def _asked_of(store: Store, run: str) -> tuple[Run, Dataset]:
    found = runs.get(store, run)
    dataset = dataset_rows.get(store, found.dataset) if found else None
    if found is None or found.state is not JobState.done or dataset is None or dataset.discarded:
        raise Refusal("This can be asked of a finished training whose set is in use. Nothing was started.")
    return found, dataset


def _refuse(store: Store, run: Run, dataset: Dataset, settings: Settings) -> None:
    noted = run.result.get("base", {}).get("sha256", "")
    if noted not in ("", models.sha256(run.model, store.workspace)):
        raise Refusal(f"The files of {run.model} are not those of this run. Nothing was started. Train anew first.")
    if settings.beta:
        raise Refusal(
            "This training learned from votes; the question is asked of trainings that learned from examples. Nothing "
            "was started."
        )
    if settings.row_limit:
        raise Refusal(
            "This run was told to read only some of its examples, so parts of them would say nothing about all. "
            "Nothing was started. Ask this of a training that read all of them."
        )
    if settings.canaries:
        raise Refusal(
            "This run was trained with planted secrets, which parts of the set would not have. Nothing was "
            "started. Ask this of a training without them."
        )
    kept = dataset.splits.get(Split.validation.value, 0)
    if kept < learning_curve.LEAST_GROUPS:
        raise Refusal(
            f"{kept} examples are kept aside (validation), too few to tell two trainings apart; at least "
            f"{learning_curve.LEAST_GROUPS} are needed. Nothing was started. Approve more examples and freeze a set."
        )
    if not _missing(store, run):
        raise Refusal("This was asked already. Nothing was started. Its answer stands here, or is being worked out.")


def _missing(store: Store, run: Run) -> list[float]:
    """The shares that are neither measured nor on their way."""
    have = {part.share for part in _parts(store, run) if part.job.state in (JobState.done, *_GOING_ON)}
    return [s for s in SHARES if s not in have and not (s == 1 and kept_aside.look_of(run.result))]


def stop(store: Store, run: Run) -> None:
    """Asks those that are going on or waiting to stop; what was measured is kept."""
    for part in _parts(store, run):
        if part.job.state in _GOING_ON:
            step.stop(store, part.job)


def passes(settings: Settings, rows: int, part: int) -> int:
    """How often `part` rows are read to make about as many steps as `rows` do under these settings."""
    together = settings.micro_batch * settings.accumulation
    return max(1, round(math.ceil(rows / together) * settings.epochs / math.ceil(part / together)))


def curve(store: Store, run: Run) -> Curve | None:
    """Where the question stands for a run; None when it was never asked."""
    parts = _parts(store, run)
    if not parts:
        return None
    dataset = dataset_rows.get(store, run.dataset)
    results = [(part, part.job.detail.get("result", {})) for part in parts]
    measured = [made for part, result in results if (made := _part(part.share, part.rows, result))]
    if dataset is not None and all(part.share != 1 for part in measured):
        whole = _part(1.0, dataset.splits[Split.train.value], run.result)
        measured += [whole] if whole else []
    if dataset is None or len(measured) < len(SHARES):
        return Curve(parts)
    kept = datasets.rows_in(store, dataset, Split.validation)
    told = learning_curve.answer(measured, {e.id: e.group for e in kept}, {e.id: e.slice for e in kept})
    return Curve(parts, told)


def _part(share: float, rows: int, result: dict[str, Any]) -> learning_curve.Part | None:
    look = kept_aside.look_of(result)
    return learning_curve.Part(share, rows, look.step, {n: x for n, x, _ in look.rows}) if look else None


def _parts(store: Store, run: Run) -> tuple[Measured, ...]:
    found: dict[float, Measured] = {}
    for job in runs.jobs(store, run.project):
        told = job.detail.get("curve", {})
        if told.get("of") == run.id:
            share = float(told["share"])
            found.setdefault(share, Measured(share, int(told["rows"]), job))
    return tuple(found[share] for share in sorted(found))
