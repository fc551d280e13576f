"""Preference tuning: what a training on a set of votes starts from, and its figures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from studio import models, vote_sets
from studio.baselines import DEFAULT_MODEL
from studio.records import Dataset, JobState, Refusal, Run
from studio.store import Store, runs
from studio.train import again, step
from studio.train.settings import FROM_VOTES, Settings


def starts(store: Store, project: str) -> list[Run]:
    """The tuned models of this project that a training by votes can go on from, the newest first."""
    return [
        run for run in runs.every(store, project)
        if run.state is JobState.done and run.adapter and step.adapter_of(store, run).is_dir()
        and models.present(run.model, store.workspace)
    ]  # fmt: skip


def asked(
    store: Store, dataset: Dataset, *, start: str = "", model: str = DEFAULT_MODEL,
    changes: Mapping[str, Any] | None = None,
) -> tuple[Settings, str]:  # fmt: skip
    """The figures of a training on a set of votes, and its base model. `start`: the run whose tuned model it goes on
    from, "" for `model` as it is. How far each vote is distrusted is as measured. `changes`: settings an expert edited.

    Raises Refusal for a set of examples, for one not in use, for a start that is not here, and for figures that teach
    nothing.
    """
    told = vote_sets.facts(dataset)
    if dataset.discarded:
        raise Refusal("This set of votes is not in use any more. Nothing was started. Freeze the votes again.")
    begun = _begun(store, dataset.project, start) if start else None
    base = begun.model if begun is not None else model
    made = replace(step.settings_for(store, dataset, FROM_VOTES.name, model=base), label_smoothing=told.smoothing)
    if begun is not None:
        before = again.settings_of(begun)
        made = replace(made, start=begun.id, **{name: getattr(before, name) for name in step.OF_THE_ADAPTER})
    wanted = replace(made, **(changes or {}))
    _refuse_unfit(wanted)
    return wanted, base


def _begun(store: Store, project: str, start: str) -> Run:
    found = next((run for run in starts(store, project) if run.id == start), None)
    if found is None:
        raise Refusal("There is no finished training of that name here to go on from. Nothing was started.")
    return found


def _refuse_unfit(wanted: Settings) -> None:
    if not wanted.beta > 0 or not 0 <= wanted.label_smoothing < 0.5:
        raise Refusal(
            "To learn from votes, beta must be above 0 and label smoothing from 0 to below 0.5. Nothing was started."
        )
    if wanted.canaries:
        raise Refusal("Secrets cannot be planted among votes: nobody chose between them. Nothing was started.")
