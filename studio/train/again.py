"""Run again: the same set, base model and settings as an earlier run, or with some settings changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from studio import models
from studio.records import Dataset, Job, Refusal, Run, from_json, to_json
from studio.store import Store, runs
from studio.store import datasets as dataset_rows
from studio.train import elsewhere, preflight, step
from studio.train.settings import Settings


@dataclass(frozen=True)
class Repeat:
    """How a repetition with nothing changed came out. `same`: every loss, to the four decimals kept."""

    same: bool
    sentence: str


def settings_of(run: Run) -> Settings:
    """The settings a run was made with. Raises Refusal when this version knows other ones, or nobody here does."""
    if elsewhere.is_elsewhere(run):
        raise Refusal("This model was tuned elsewhere, so it cannot be trained again here. Nothing was started.")
    try:
        return from_json(Settings, run.settings)
    except ValueError as error:
        raise Refusal(
            "This run was made with settings that this version of the studio does not have. Nothing was started. "
            "Start a new training."
        ) from error


def run_again(store: Store, actor: str, run: str) -> Run:
    """Starts it with nothing changed; what it takes is expected to be what it took.

    Raises Refusal when the set is not in use any more, the base model's files are not those of that run, or nothing
    can be started now.
    """
    first, dataset = _again(store, run)
    detail: dict[str, Any] = {"again": {"of": first.id, "changed": {}}, **_watched(store, first)}
    if first.result.get("starts") == 1:
        detail["estimate"] = {key: first.result[key] for key in ("seconds", "peak_memory_mb")}
    return step.begin(store, actor, dataset, settings_of(first), first.model, detail)


def measure_again(store: Store, actor: str, run: str, changes: Mapping[str, Any]) -> Job:
    """Starts the pre-flight of a repetition with `changes`: settings by name, with their new values; those that change
    nothing are left out. Raises Refusal as `run_again`, and when nothing would be changed."""
    first, dataset = _again(store, run)
    before = settings_of(first)
    settings = replace(before, **changes)
    told = {"of": first.id, "changed": changed(before, settings)}
    if not told["changed"]:
        raise Refusal("Nothing is changed. Nothing was started. Change a setting, or run it again as it was.")
    return preflight.begin(store, actor, dataset, settings, first.model, {"again": told, **_watched(store, first)})


def _watched(store: Store, run: Run) -> dict[str, Any]:
    """The prompts that were chosen to be watched, for the job's detail."""
    job = runs.job(store, run.job)
    return {"pinned": job.detail["pinned"]} if job and "pinned" in job.detail else {}


def _again(store: Store, run: str) -> tuple[Run, Dataset]:
    first = runs.get(store, run)
    if first is None:
        raise Refusal("There is no such run. Nothing was started.")
    settings_of(first)  # before its files are looked for, which may be elsewhere
    dataset = dataset_rows.get(store, first.dataset)
    if dataset is None or dataset.discarded:
        raise Refusal("The set that this run learned from is not in use any more. Nothing was started.")
    models.verify(first.model, store.workspace)
    noted = first.result.get("base", {}).get("sha256", "")
    if noted not in ("", models.sha256(first.model, store.workspace)):
        raise Refusal(
            f"The files of {first.model} are not those that this run was tuned from, so it would not be the same "
            "again. Nothing was started. Fetch that version of the model, or start a new training."
        )
    return first, dataset


def changed(before: Settings, after: Settings) -> dict[str, tuple[Any, Any]]:
    """Setting -> (before, after), only what differs, in the order of the settings."""
    now = to_json(after)
    return {name: (was, now[name]) for name, was in to_json(before).items() if was != now[name]}


def repeated(first: Run, second: Run) -> Repeat:
    """How `second`, a repetition of `first` with nothing changed, came out; both are done."""
    if first.result.get("losses") == second.result.get("losses"):
        n = len(second.result.get("losses", ()))
        bytes_too = first.adapter_sha256 == second.adapter_sha256
        adapter = (
            "and what it learned (the adapter) is the same file, byte for byte"
            if bytes_too
            else "though what it learned (the adapter) differs in some last digits"
        )
        return Repeat(True, f"It came out the same: all {n} measured losses are equal, {adapter}.")
    return Repeat(False, f"It came out otherwise: {_difference(first, second)}. {_why(first, second)}")


def _difference(first: Run, second: Run) -> str:
    measured = [{(row["step"], kind): row[kind] for row in run.result.get("losses", ())
                 for kind in ("train", "validation") if row[kind] is not None} for run in (first, second)]  # fmt: skip
    shared = measured[0].keys() & measured[1].keys()
    if not shared:
        return "no loss of the two was measured at the same step"
    step, kind = max(shared, key=lambda key: (abs(measured[0][key] - measured[1][key]), key))
    most = abs(measured[0][step, kind] - measured[1][step, kind])
    return f"a loss differs by up to {most:.4f} (at step {step})"


def _why(first: Run, second: Run) -> str:
    pairs = {
        name: (first.result.get(part, {}).get(name, "?"), second.result.get(part, {}).get(name, "?"))
        for part in ("versions", "hardware")
        for name in first.result.get(part, {}) | second.result.get(part, {})
    }
    other = [f"{name} {was} → {now}" for name, (was, now) in pairs.items() if was != now]
    if other:
        return f"Not the same any more: {', '.join(other)}."
    return "The machine and the versions are the same; a busy machine can add numbers in another order."
