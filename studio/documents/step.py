"""The documents of a project: add, remove, what they give away of the held-out examples, and what an arm may be given.

An arm is given the passages of its documents that hold no input and no ideal output of an example that is held out in
the set that is answered: such a passage would be the answer (`studio.documents.leaks`).
"""

from __future__ import annotations

import functools
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from studio import datasets, people
from studio.documents import leaks, reading
from studio.documents.leaks import Leak
from studio.examples import meaning
from studio.jobs.vectors import Floats, text_number
from studio.record_documents import pieces_sha256
from studio.records import (
    MOST_PASSAGES,
    Arm,
    Dataset,
    Document,
    Passage,
    Passages,
    Refusal,
    Split,
    canonical,
    to_json,
)
from studio.store import Store, arms
from studio.store import documents as rows

CITE = (
    "Answer from the numbered passages that come with the question. Cite each passage you used by its number in square "
    "brackets, such as [1]. If no passage holds the answer, say so."
)
"""What the text of an arm with passages says at first; people may change it as any prompt."""
_LOOKED: dict[Path, tuple[int, tuple[str, ...]]] = {}
"""Workspace -> how many texts were read, and which documents not, when `take_in` looked last."""
_HELD_OUT = (Split.validation, Split.test)
_KEPT = 64  # documents beside sets, of which what they give away is remembered


def add(store: Store, actor: str, project: str, file: Path, name: str) -> Document:
    """Reads an untrusted file and keeps its passages. Raises Refusal for one that cannot be read well, and for words
    that are there already."""
    pieces = reading.read_untrusted(file, name)
    document = f"doc-{uuid.uuid4().hex[:12]}"
    payload = {"id": document, "name": Path(name).name, "sha256": pieces_sha256(pieces),
               "pieces_blob": store.put_blob(canonical(to_json(pieces)))}  # fmt: skip
    store.act("document.added", actor, payload, project)
    added = rows.get(store, document)
    assert added is not None
    return added


def remove(store: Store, actor: str, project: str, document: str) -> None:
    """Takes a document out of use. Arms that are given its passages answer nothing until they are given others."""
    store.act("document.removed", actor, {"id": document}, project)


def using(store: Store, document: Document) -> list[Arm]:
    """The arms in use that are given passages of a document."""
    every = arms.every(store, document.project)
    return [arm for arm in every if arm.recipe.passages and document.sha256 in arm.recipe.passages.documents]


def chosen(store: Store, project: str, count: int, documents: Sequence[str] = ()) -> Passages:
    """What an arm is given: the `count` nearest passages of these documents (ids), or of all there are without any
    named. Raises Refusal without a document, and for a count that is none."""
    here = {each.id: each for each in rows.every(store, project)}
    if not here:
        raise Refusal("There is no document to take passages from. Nothing was saved. Bring one first.")
    if not 1 <= count <= MOST_PASSAGES:
        raise Refusal(f"An arm is given 1 to {MOST_PASSAGES} passages. Nothing was saved. Choose again.")
    if gone := [name for name in documents if name not in here]:
        raise Refusal(f"{len(gone)} of these documents are not in use any more. Nothing was saved. Choose others.")
    wanted = [here[name].sha256 for name in documents or here]
    return Passages(count, tuple(sorted(set(wanted))))


def gone(store: Store, arm: Arm) -> int:
    """How many of the documents that an arm is given passages of are not in use any more."""
    here = {each.sha256 for each in rows.every(store, arm.project)}
    return sum(sha not in here for sha in arm.recipe.passages.documents) if arm.recipe.passages else 0


def refuse_gone(store: Store, chosen_arms: Sequence[Arm]) -> None:
    """Raises Refusal for arms that are given passages of a document that was removed."""
    if named := [arm.name for arm in chosen_arms if gone(store, arm)]:
        raise Refusal(
            f"{', '.join(named)} is given passages of a document that was removed. Nothing was started. Choose its "
            "documents anew on the Prompts page."
        )


# -- what may be given ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """A passage that is given to no model while a set is compared, and what it gives away."""

    passage: Passage
    leak: Leak


def held_back(store: Store, document: Document, dataset: Dataset) -> list[Held]:
    """The passages of a document that hold what is tested or tried on in a set."""
    return list(_held_back(_Both((store.workspace, document.id, dataset.id), store, document, dataset)))


@dataclass(frozen=True)
class _Both:
    """A document and a set of a workspace: what is in either never changes."""

    ids: tuple[Path, str, str]
    store: Store = field(compare=False)
    document: Document = field(compare=False)
    dataset: Dataset = field(compare=False)


@functools.lru_cache(maxsize=_KEPT)
def _held_back(both: _Both) -> tuple[Held, ...]:
    """Seconds, for a long document and many examples."""
    found = rows.passages_of(both.store, [both.document.id])
    examples = [each for split in _HELD_OUT for each in datasets.rows_in(both.store, both.dataset, split)]
    leaking = leaks.find([each.piece for each in found], examples)
    return tuple(Held(found[at], leaking[at]) for at in sorted(leaking))


def library(store: Store, chosen_arms: Sequence[Arm], dataset: Dataset | None) -> list[Passage]:
    """All that these arms, of one project, may be given while a set is answered; without a set nothing is kept back."""
    wanted = {sha for arm in chosen_arms if arm.recipe.passages for sha in arm.recipe.passages.documents}
    found = list[Passage]()
    for document in rows.every(store, chosen_arms[0].project) if chosen_arms else ():
        if document.sha256 in wanted:
            back = {each.passage.id for each in held_back(store, document, dataset)} if dataset else ()
            found += [each for each in rows.passages_of(store, [document.id]) if each.id not in back]
    return found


@dataclass(frozen=True)
class Near:
    """A passage, and the cosine of what it means with an input, -1 to 1."""

    passage: Passage
    cosine: float


def nearest(store: Store, arm: Arm, dataset: Dataset | None, vector: Floats) -> list[Near]:
    """What an arm would be given with an input (its `vector`), the nearest first, of the passages that were read
    already."""
    found = library(store, [arm], dataset)
    known = vectors(store, found)
    near = [Near(each, float(known[each.id] @ vector)) for each in found if each.id in known]
    count = arm.recipe.passages.count if arm.recipe.passages else 0
    return sorted(near, key=lambda each: -each.cosine)[:count]


def vectors(store: Store, passages: Sequence[Passage]) -> Mapping[str, Floats]:
    """Passage -> its vector, of those that were read already."""
    return rows.vectors(store, [each.id for each in passages], _embedder(store))


def _embedder(store: Store) -> str:
    """The hash of the model that compares meanings; "" where it is not on this machine."""
    try:
        return str(meaning.embedder(store)["sha256"])
    except Refusal:
        return ""


def take_in(store: Store) -> int:
    """Stores the vectors of documents that the resident model has read since; of how many. Called each second."""
    waiting = rows.unread(store)
    cache = meaning.vectors_here(store) if waiting else None
    if cache is None:
        return 0
    state = (len(cache), tuple(each.id for each in waiting))
    if _LOOKED.get(store.workspace) == state:
        return 0  # nothing was read since
    _LOOKED[store.workspace] = state
    embedder, taken = meaning.embedder(store)["sha256"], 0
    for document in waiting:
        passages = rows.passages_of(store, [document.id])
        found = cache.of_texts({each.id: each.piece.read for each in passages})
        if len(found) == len(passages):
            content = np.stack([found[each.id] for each in passages]).astype("<f4").tobytes()
            payload = {"document": document.id, "embedder": embedder, "vectors_blob": store.put_blob(content)}
            store.act("passages.read", people.SYSTEM, payload, document.project)
            taken += 1
    return taken


def unread(store: Store, project: str) -> int:
    """How many passages have no vector yet; a job reads those itself, each time."""
    return rows.passages_unread(store, project, _embedder(store))


def read_missing(store: Store, project: str) -> bool:
    """Has the resident model read them in the background. False while it wakes: ask again. Raises Refusal while a job
    has the machine, and when it reads already."""
    every = rows.passages_of(store, [each.id for each in rows.every(store, project)])
    texts = ((text_number(each.piece.read), each.piece.read) for each in every)
    return meaning.read_texts(store, f"documents-{project}", texts)
