"""Try an input: what every arm says to it, from the resident model process, in seconds. Nothing of it is stored.

Whoever asks sees raw outputs, which is noted; an input that an open blind round asks about is refused.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from studio import datasets, models, outputs
from studio.documents import step as documents
from studio.generation import Asked
from studio.generation.passages import Library
from studio.generation.shots import Floats, Shelf
from studio.jobs import resident
from studio.jobs.resident import Answer
from studio.records import Arm, Dataset, Decoding, Example, Prompt, Refusal, Split, to_json
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.train import elsewhere

_TEXTS_AT_ONCE = 200
_SHELVES = 4


class _Waking(Exception):
    """The model that compares meanings is not awake yet."""


def ask(store: Store, person: str, project: str, text: str) -> None:
    """Notes that this person sees what every arm says. Raises Refusal without a text, and where an open round asks for
    a vote on that very input."""
    if not text.strip():
        raise Refusal("Nothing is written to ask. Nothing was asked. Write an input first.")
    outputs.draft_asked(store, person, project, Prompt(text.strip()))


def answer(store: Store, arm: Arm, text: str) -> Answer | None:
    """What an arm says to an input, greedy as everywhere; None while the model wakes or writes: ask again.

    Raises Refusal when it cannot be had: its model is not here, its address is not allowed, its set is not in use.
    """
    elsewhere.require_allowed(store, arm.model)
    spec = outputs.arm_spec(store, arm)
    try:
        prompt = _prompt(store, arm, text.strip())
    except _Waking:
        return None
    reference = _reference(arm.model, store.workspace, text)
    told = {name: spec[name] for name in ("id", "system_prompt", "adapter", "adapter_sha256")}
    return resident.of(store.workspace).answer(reference, prompt, told, to_json(Decoding()))


@functools.lru_cache(maxsize=16)
def _reference(model: str, workspace: Path, asked: str) -> dict[str, str]:
    """Looked up once for each input, not each second: of a folder of somebody's own all files are read."""
    return models.reference(model, workspace)


def _prompt(store: Store, arm: Arm, text: str) -> Prompt:
    """The input as the arm asks it, with the examples it shows before it and the passages it is given."""
    typed = Example("playground", text, "")
    asked = Asked(typed.prompt)
    if arm.recipe.shots:
        dataset = dataset_rows.get(store, arm.recipe.shots.dataset)
        if dataset is None:
            raise Refusal(f"The set whose examples {arm.name} shows is not in use any more. Nothing was asked.")
        (asked,) = _shelf(_Key(store, dataset)).around(arm.recipe.shots, [typed])
    if arm.recipe.passages:
        (asked,) = _library(store, arm).around(arm.recipe.passages, [typed], [asked])
    return asked.prompt


def _library(store: Store, arm: Arm) -> Library:
    """What the arm may be given beside the newest frozen set. Raises Refusal for a document that was removed."""
    documents.refuse_gone(store, [arm])
    dataset = dataset_rows.latest(store, arm.project)
    if dataset is None:
        raise Refusal(f"There is no frozen set, so {arm.name} has nothing to be held against. Nothing was asked.")
    found = documents.library(store, [arm], dataset)
    return Library(found, functools.partial(_vectors, store), documents.vectors(store, found))


class _Key:
    """A set of a workspace: what is in one never changes."""

    def __init__(self, store: Store, dataset: Dataset) -> None:
        self.store, self.dataset = store, dataset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._name == other._name

    def __hash__(self) -> int:
        return hash(self._name)

    @property
    def _name(self) -> tuple[str, str]:
        return str(self.store.workspace), self.dataset.id


@functools.lru_cache(maxsize=_SHELVES)
def _shelf(key: _Key) -> Shelf:
    return Shelf(datasets.rows_in(key.store, key.dataset, Split.train), functools.partial(_vectors, key.store))


def _vectors(store: Store, texts: Sequence[str]) -> Floats:
    reference: dict[str, Any] = models.reference("minilm", store.workspace)
    found = []
    for start in range(0, len(texts), _TEXTS_AT_ONCE):
        part = resident.of(store.workspace).embed(reference, texts[start : start + _TEXTS_AT_ONCE])
        if part is None:
            raise _Waking
        found.append(part)
    return np.concatenate(found)
