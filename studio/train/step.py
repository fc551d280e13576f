"""The train step: start a run on a frozen dataset, watch it, take its result in, discard it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from textwrap import shorten
from typing import Any

from studio import baselines, datasets, models
from studio.baselines import DEFAULT_MODEL
from studio.jobs import folder as job_folder
from studio.jobs import place
from studio.records import Arm, Brief, Check, CheckKind, Dataset, Example, Job, JobState, Refusal, Run, Split, to_json
from studio.store import Store, arms, briefs, runs
from studio.store import datasets as dataset_rows
from studio.train import launch, lengths, release
from studio.train import settings as presets
from studio.train.watched import PINNED

NOT_FOR_RELEASE = ", not for release"
"""Ends the name of a model that may never be released (see `release`)."""

OF_THE_ADAPTER = ("method", "lora_rank", "lora_alpha", "upper_layers")
"""Settings that an adapter is made of: what goes on from one has the same."""


def asked(
    store: Store, dataset: str, *, preset: str, model: str = DEFAULT_MODEL, changes: dict[str, Any] | None = None,
    method: str = presets.LORA,
) -> tuple[Dataset, presets.Settings]:  # fmt: skip
    """The set and the figures of a fine-tune that somebody wants. `changes`: settings an expert edited.

    Raises Refusal when the set is not in use, or the model is an endpoint, whose weights are not here.
    """
    found = dataset_rows.get(store, dataset)
    if found is None or found.discarded:
        raise Refusal("This dataset is not in use any more. Nothing was started. Freeze one first.")
    if models.entry(model).kind == "endpoint":
        raise Refusal(
            "An endpoint's weights are elsewhere, so it cannot be trained here. Nothing was started. "
            "Choose a model whose files are on this machine."
        )
    return found, replace(settings_for(store, found, preset, method, model), **(changes or {}))


def begin(
    store: Store, actor: str, dataset: Dataset, settings: presets.Settings, model: str, detail: dict[str, Any]
) -> Run:
    """Starts the fine-tune, as its own process, with exactly these settings; it goes on when this one ends. `detail` is
    kept with the job. What it leaves out has been accepted (`preflight.start`) or is known (`again.run_again`).

    Raises Refusal when the model is missing or damaged, the set is too small, or a run is going on.
    """
    models.verify(model, store.workspace)
    samples = pinned_of(store, dataset, detail.get("pinned", ()))
    folder = prepare(store, dataset, settings, model, datasets.rows_in(store, dataset, Split.train), samples)
    name = folder.name
    run = {"id": name, "dataset": dataset.id, "model": model, "preset": settings.preset, "settings": to_json(settings)}
    payload = {"id": name, "kind": "train", "folder": name, "detail": {"dataset": dataset.id, **detail}, "run": run}
    launch.start(store, actor, dataset.project, payload, folder)
    made = runs.get(store, name)
    assert made is not None
    return made


def prepare(
    store: Store,
    dataset: Dataset,
    settings: presets.Settings,
    model: str,
    train: list[Example],
    samples: Sequence[Example],
    kind: str = "train",
) -> Path:
    """The folder of a job that learns, or rehearses to, from these rows of the set; not started and not recorded.
    Raises Refusal when all of them have one answer, and for examples to be learned as votes or votes as examples."""
    if dataset.of_votes != bool(settings.beta):
        held, way = ("votes", "by votes") if dataset.of_votes else ("examples", "by examples")
        raise Refusal(
            f"“{dataset.name}” holds {held}, which teach in another way than these settings. Nothing was started. "
            f"Start a training {way}."
        )
    if not dataset.of_votes and train and len({" ".join(e.ideal.split()).casefold() for e in train}) == 1:
        raise Refusal(
            f"All {len(train)} training examples have the same ideal output (“{shorten(train[0].ideal, 60)}”), so a "
            "model would learn to say that to everything. Nothing was started. Add examples with other outputs, then "
            "freeze anew."
        )
    validation, name = datasets.rows_in(store, dataset, Split.validation), job_folder.new_id()
    spec = _spec(store, name, dataset, settings, model, samples) | {"kind": kind}
    inputs = {"train.jsonl": _lines(train, settings), "validation.jsonl": _lines(validation, settings)}
    return job_folder.create(store.workspace / "jobs" / name, spec, inputs)


def pinned_of(store: Store, dataset: Dataset, chosen: Sequence[str]) -> list[Example]:
    """The examples kept aside that are answered on the way: those chosen, or a few spread over the slices.

    Raises Refusal for one that is not among those kept aside: the test stays unseen, and what is learned shows nothing.
    """
    kept = datasets.rows_in(store, dataset, Split.validation)
    if not chosen:
        return datasets.spread(kept, PINNED)
    found = [e for e in kept if e.id in chosen]
    if len(found) < len(set(chosen)) or len(found) > PINNED:
        raise Refusal(
            f"Up to {PINNED} prompts can be watched, each of the examples kept aside (validation) in this set. Nothing "
            "was started. Choose others, or leave the choice to the studio."
        )
    return found


def settings_for(
    store: Store, dataset: Dataset, preset: str, method: str = presets.LORA, model: str = DEFAULT_MODEL
) -> presets.Settings:
    """The figures of a preset for this set and model where the run will work. An adapter becomes one beside weights in
    four bits where the model fits the graphics card in no other way."""
    # What a cluster's cards hold is not known here.
    if method == presets.LORA and place.gpus() is None:
        found, machine = models.described(model, store.workspace), models.machine(store.workspace)
        method = presets.QLORA if found.only_in_four_bits(machine) else method
    rows, known = dataset.splits.get(Split.train.value, 0), lengths.of(store, dataset, model)
    return presets.resolve(
        preset, rows=rows, device=launch.device(store), method=method, longest=known.longest, context=known.context
    )


def _spec(
    store: Store, name: str, dataset: Dataset, settings: presets.Settings, model: str, samples: Sequence[Example]
) -> dict[str, Any]:  # fmt: skip
    return {
        "kind": "train", "id": name, "project": dataset.project, "model": models.reference(model, store.workspace),
        "settings": to_json(settings), "seed": settings.seed, "train": "inputs/train.jsonl",
        "validation": "inputs/validation.jsonl", "dataset_sha256": dataset.sha256,
        "samples": [job_folder.prompt_row(e.id, e.prompt) | {"ideal": e.ideal, "slice": e.slice} for e in samples],
        "phrases": exact_phrases(briefs.version(store, dataset.project, dataset.brief_version)),
        "start": _start(store, settings),
    }  # fmt: skip


def _start(store: Store, settings: presets.Settings) -> dict[str, str]:
    """The adapter to go on from: its folder and its hash; empty for the base."""
    if not settings.start:
        return {}
    begun = runs.get(store, settings.start)
    if begun is None or not begun.adapter:
        raise Refusal("What this training should go on from is not here any more. Nothing was started. Choose another.")
    if other := [name for name in OF_THE_ADAPTER if begun.settings.get(name) != getattr(settings, name)]:
        raise Refusal(
            f"It goes on from a tuned model, whose {other[0].replace('_', ' ')} cannot change any more. Nothing was "
            "started. Leave it as it is, or start from the base."
        )
    return {"run": begun.id, "adapter": str(adapter_of(store, begun)), "adapter_sha256": begun.adapter_sha256}


def adapter_of(store: Store, run: Run) -> Path:
    """Where a finished run's adapter lies, if it still does."""
    return (store.workspace / "jobs" / run.job / run.adapter).resolve()


def exact_phrases(brief: Brief | None) -> list[str]:
    """What the brief wants word for word in an answer, each phrase once, in the brief's order."""
    checks = [check for criterion in (brief.criteria if brief else ()) for check in criterion.checks]
    found = [p for c in checks for p in (*(c.phrases if c.kind is CheckKind.required else ()), *_by_slice(c))]
    return list(dict.fromkeys(found))


def _by_slice(check: Check) -> list[str]:
    return [phrase for phrases in check.by_slice.values() for phrase in phrases]


def _lines(examples: list[Example], settings: presets.Settings) -> bytes:
    return job_folder.jsonl(
        job_folder.prompt_row(e.id, e.prompt) | {"ideal": e.ideal} | ({"worse": e.worse} if settings.beta else {})
        for e in examples
    )


def stop(store: Store, job: Job) -> None:
    """Asks the worker to stop after this step; it keeps the last checkpoint."""
    folder = store.workspace / "jobs" / job.folder
    place.of(folder).cancel(folder)


def resume(store: Store, actor: str, job: str) -> Run:
    """Continues a job that was stopped or died, in the same folder. Raises Refusal when it cannot go on, or when what
    it had learned is in use (`keep`)."""
    found = runs.job(store, job)
    run = runs.get(store, job)
    if found is None or run is None:
        raise Refusal(f"There is no training job {job}. Nothing was started.")
    raise_if_done(found)
    if (arm := arms.get(store, f"tuned-{run.id}")) is not None:
        raise Refusal(
            f"What this training had learned is in use as {arm.name}, which must stay what it is. Nothing was started. "
            "Run it again instead."
        )
    launch.resume(store, actor, found)
    return run


def raise_if_done(job: Job) -> None:
    if job.state.value == "done":
        raise Refusal("This job is done; there is nothing to resume. Nothing was started.")


def keep(store: Store, actor: str, run: str) -> Arm:
    """A training that was stopped becomes a tuned model as far as it came: its best checkpoint by validation.

    Raises Refusal when it was not stopped, or before it had a checkpoint.
    """
    found = runs.get(store, run)
    if found is None or found.state is not JobState.cancelled or not found.adapter_sha256:
        raise Refusal("Nothing was learned yet that could be used. Nothing was changed. Go on with the training.")
    return baselines.tuned(store, actor, found.project, run, found.model, run_name(store, found))


def is_used(store: Store, run: Run) -> bool:
    """Whether there is a model to ask and to take away: the training ended, or was stopped and then kept (`keep`)."""
    return run.state is JobState.done or arms.get(store, f"tuned-{run.id}") is not None


def discard(store: Store, actor: str, project: str, run: str) -> None:
    """Takes a run and its arm off the pages. Its files stay, and it can be undone."""
    store.act("run.discarded", actor, {"id": run}, project)


def run_name(store: Store, run: Run) -> str:
    """What the tuned arm of a run is called: Tuned 1, Tuned 2, ... in the order made; no name is given twice. One that
    is not for release says so in its name, on every page."""
    known = arms.every(store, run.project, retired=True)
    taken, number = {arm.name for arm in known}, 1 + sum(arm.kind.value == "tuned" for arm in known)
    marked = NOT_FOR_RELEASE if release.why_not(store, run) else ""
    while taken & {f"Tuned {number}", f"Tuned {number}{NOT_FOR_RELEASE}"}:
        number += 1
    return f"Tuned {number}{marked}"
