"""Find by meaning: examples whose input says about the same as a question, in whatever words.

Meaning is a vector (an embedding) that the resident model makes of a text; two texts are close when the cosine of their
vectors is. Vectors are cached by the content of a text, so an example that was edited is simply one not read yet.
"""

from __future__ import annotations

import json
import os
import threading
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from studio import models
from studio.jobs import resident
from studio.jobs.vectors import Floats, Numbers, Vectors
from studio.records import Refusal
from studio.store import Store, runs, texts

EMBEDDER = "minilm"
LEAST = 0.3
"""A cosine below which nobody would call two texts related (MiniLM; unrelated ones are mostly below 0.2)."""

TEXTS_A_SECOND = 100
"""What two cores read at least; only for saying beforehand how long it takes (benchmarks/meaning.py)."""

_WORDS = ((0.75, "nearly the same"), (0.55, "very close"), (0.4, "close"), (LEAST, "related"))
_PART = 5_000


@dataclass(frozen=True)
class Near:
    """An example and the cosine of its input with what was looked for, -1 to 1."""

    example: str
    cosine: float


@dataclass(frozen=True)
class Coverage:
    """How many examples of a project can be found by meaning, and how many have not been read yet."""

    ready: int
    missing: int


@dataclass(frozen=True)
class Found:
    """The nearest first, of the `coverage.ready` examples that were searched; all of them at least `LEAST` close."""

    near: tuple[Near, ...]
    coverage: Coverage


def in_words(cosine: float) -> str:
    """How close, for people: "very close"."""
    return next((words for least, words in _WORDS if cosine >= least), "hardly related")


def embedder(store: Store) -> dict[str, str]:
    """The model that compares texts: {name, path, sha256}. Raises Refusal when it is not on this machine."""
    return models.reference(EMBEDDER, store.workspace)


def find(store: Store, project: str, query: str, limit: int = 50) -> Found | None:
    """The examples nearest in meaning to `query`; None while the model wakes. Raises Refusal when it cannot be had."""
    vector = query_vector(store, query)
    return None if vector is None else nearest(store, project, vector, limit)


def nearest(store: Store, project: str, vector: Floats, limit: int = 50) -> Found:
    """The examples whose input is nearest to `vector` (384 normalised float32), by exact cosines over all that were
    read."""
    vectors = _vectors(store)
    index = _index(store, project, vectors)
    have = np.flatnonzero(index.rows >= 0)
    cosines = vectors.cosines(vector)[index.rows[have]]
    best = np.flatnonzero(cosines >= LEAST)
    if len(best) > limit:
        best = best[np.argpartition(-cosines[best], limit - 1)[:limit]]
    # Alike: in the order they came.
    best = best[np.lexsort((best, -cosines[best]))]
    at = have[best]
    places = {int(index.texts.positions[i]): int(index.texts.numbers[i]) for i in at}
    ids = texts.ids_at(store, project, places)
    near = [
        Near(ids[place], round(float(cosine), 4))
        for place, cosine in zip(places, cosines[best], strict=True)
        if place in ids  # changed since the index was made: its new text is not read yet
    ]
    return Found(tuple(near), index.coverage)


def vectors_here(store: Store) -> Vectors | None:
    """The cache of vectors; None when the model that reads is not on this machine."""
    try:
        return _vectors(store)
    except Refusal:
        return None


def coverage(store: Store, project: str) -> Coverage:
    """How many examples have been read. Raises Refusal when the model that reads is not on this machine."""
    return _index(store, project, _vectors(store)).coverage


def read_missing(store: Store, project: str) -> bool:
    """Has the resident model read what is missing, in the background. False while it wakes: ask again.

    Raises Refusal while a job has the machine, and when it reads already.
    """
    return read_texts(store, f"texts-{project}", _asked(store, project))


def read_texts(store: Store, name: str, wanted: Iterable[tuple[int, str]]) -> bool:
    """Has the resident model read those of these texts (number, text) that it has not, as `read_missing` does. `name`:
    of the file that hands them over."""
    if runs.jobs(store, active=True):
        raise Refusal(
            "A training or answering job has the machine now, so the examples are read after it. Nothing is lost. "
            "Come back when it is done."
        )
    model, vectors = embedder(store), _vectors(store)
    if not resident.of(store.workspace).state(wake=True).awake:
        return False
    path = store.workspace / "resident" / f"{name}.jsonl"
    try:
        _write_missing(wanted, vectors, path)
    except OSError as error:
        raise Refusal(
            f"The list of texts could not be written ({error.strerror or error}). Your examples are safe. Free some "
            "disk space, then try again."
        ) from error
    return resident.of(store.workspace).read(model, path, vectors.folder)


def _asked(store: Store, project: str) -> Iterator[tuple[int, str]]:
    offset = 0
    while part := texts.asked(store, project, _PART, offset):
        offset += len(part)
        yield from part


def _write_missing(wanted: Iterable[tuple[int, str]], vectors: Vectors, path: Path) -> None:
    known = set(vectors.numbers().tolist())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        for number, text in wanted:
            if number not in known:
                known.add(number)
                file.write(json.dumps(text) + "\n")


def _vectors(store: Store) -> Vectors:
    return Vectors.of(store.workspace, embedder(store)["sha256"])


# -- kept between two searches ---------------------------------------------------------------------


@dataclass(frozen=True)
class _Index:
    """`rows`: for each text of the project its row in the cache of vectors, -1 when it was not read yet."""

    texts: texts.Texts
    rows: NDArray[np.int64]
    coverage: Coverage


K = TypeVar("K")
V = TypeVar("V")
_MOST_KEPT = 64
_LOCK = threading.Lock()
_INDEXES: OrderedDict[tuple[Path, str], tuple[tuple[int, int], _Index]] = OrderedDict()
_QUERIES: OrderedDict[tuple[str, str], Floats] = OrderedDict()


def _index(store: Store, project: str, vectors: Vectors) -> _Index:
    name, state = (vectors.folder, project), (store.version, len(vectors))
    with _LOCK:
        kept = _INDEXES.get(name)
    if kept is None or kept[0] != state:
        before = None if kept is None else kept[1].texts
        kept = (state, _made(texts.numbers(store, project, before), vectors.numbers()))
        with _LOCK:
            _keep(_INDEXES, name, kept)
    return kept[1]


def _made(found: texts.Texts, cached: Numbers) -> _Index:
    rows = np.full(len(found.numbers), -1, np.int64)
    if len(cached) and len(rows):
        order = np.argsort(cached, kind="stable")
        at = np.searchsorted(cached, found.numbers, sorter=order)
        row = order[np.minimum(at, len(cached) - 1)]
        rows = np.where(cached[row] == found.numbers, row, -1)
    ready = int((rows >= 0).sum())
    return _Index(found, rows, Coverage(ready, len(rows) - ready))


def query_vector(store: Store, query: str) -> Floats | None:
    """What a question means (384 normalised float32); None while the model wakes. Raises Refusal when it cannot be
    had."""
    model = embedder(store)
    name = (model["sha256"], query)
    with _LOCK:
        kept = _QUERIES.get(name)
    if kept is not None:
        return kept
    made = resident.of(store.workspace).embed(model, [query])
    if made is None:
        return None
    with _LOCK:
        _keep(_QUERIES, name, made[0])
    return made[0]


def _keep(kept: OrderedDict[K, V], name: K, value: V) -> None:
    kept[name] = value
    kept.move_to_end(name)
    while len(kept) > _MOST_KEPT:
        kept.popitem(last=False)
