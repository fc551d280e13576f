"""How long a set's rows are for a model, before anything is loaded: so that a preset makes room for them."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, replace
from pathlib import Path

from studio import datasets, models
from studio.generation import reader
from studio.records import Dataset, Example, Refusal, Split
from studio.store import Store

# Of a large set only the rows of the most letters are counted in tokens;
# among them is the longest, or one much like it.
_COUNTED = 200


@dataclass(frozen=True)
class Lengths:
    """Tokens, 0 where not known: the `longest` row, question and answer together, and what the model can read."""

    longest: int
    context: int


def of(store: Store, dataset: Dataset, model: str) -> Lengths:
    """Of the rows that are learned from or measured on; nothing is known of a model that is not here."""
    if models.entry(model).kind == "endpoint" or not models.present(model, store.workspace):
        return Lengths(0, 0)
    folder = models.path(model, store.workspace)
    try:
        made = (folder / "tokenizer.json").stat().st_mtime_ns
    except OSError:
        return Lengths(0, 0)
    return _lengths(_Rows(store, dataset), folder, made)


class _Rows:
    """The rows of a set, read when they are asked for. Equal where the sets are: what is in one never changes."""

    def __init__(self, store: Store, dataset: Dataset) -> None:
        self._store, self._dataset = store, dataset

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Rows) and self._dataset.id == other._dataset.id

    def __hash__(self) -> int:
        return hash(self._dataset.id)

    def longest(self) -> list[Example]:
        splits = (Split.train, Split.validation)
        rows = [row for split in splits for row in datasets.rows_in(self._store, self._dataset, split)]
        if self._dataset.of_votes:
            rows = [replace(row, ideal=max(row.ideal, row.worse, key=len)) for row in rows]
        return sorted(rows, key=lambda e: len(e.prompt.asked) + len(e.ideal), reverse=True)[:_COUNTED]


@functools.lru_cache(maxsize=32)
def _lengths(rows: _Rows, folder: Path, made: int) -> Lengths:
    """`made`: when the model's tokenizer was written; with another the figures are others."""
    try:
        counted = reader.of(folder).lengths(rows.longest()).values()
    except Refusal:
        return Lengths(0, 0)
    return Lengths(max((each.prompt + each.ideal for each in counted), default=0), context(folder))


def context(folder: Path) -> int:
    """How many tokens a model can read, by its configuration; 0 where it does not say."""
    try:
        told = json.loads((folder / "config.json").read_text("utf-8")).get("max_position_embeddings", 0)
    except (OSError, ValueError):
        return 0
    return told if isinstance(told, int) else 0
