"""Which examples taught this? From an output of a tuned model to the training rows that resemble it, and a retrain.

Resemblance is all it is: how near a row's input and ideal output come in meaning (cosines of embeddings), and the words
that they share. It does not show that a row caused the output. That shows only when the model is trained again without
it, which is what `mend` is for; tracing influence through gradients (influence functions) is costly and, on models of
this kind, has been found about as unsure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio import datasets, models
from studio.evaluate import verbatim
from studio.examples import meaning
from studio.examples import step as examples_step
from studio.jobs import resident
from studio.jobs.vectors import Floats, Vectors, text_number
from studio.records import Dataset, Example, Job, Refusal, Run, Split, Status
from studio.store import Store, examples
from studio.store import datasets as dataset_rows
from studio.train import again, preflight

SHOWN = 5


@dataclass(frozen=True)
class Teacher:
    """A training row as frozen, how near it comes to what was asked and to what was answered (cosine, -1 to 1), and the
    longest run of words that its ideal output shares with the answer, phrases of the house left out."""

    row: Example
    asked: float
    answered: float
    shared: verbatim.Run

    @property
    def nearness(self) -> float:
        """What rows are ordered by: both cosines, and a twentieth for each shared word."""
        return self.asked + self.answered + self.shared.words / 20


@dataclass(frozen=True)
class Taught:
    """The nearest rows first, of `n`; none when nothing is even related. `missing` texts are not read yet: then there
    is no answer, and `nearest` is empty. `waking`: nor while the model wakes."""

    nearest: tuple[Teacher, ...]
    n: int
    missing: int = 0
    waking: bool = False


def find(store: Store, dataset: Dataset, asked: str, answer: str) -> Taught:
    """The rows of the set's training split that resemble an answer and what was asked. Raises Refusal when the model
    that compares texts is not on this machine, and for an empty answer."""
    if not answer.strip():
        raise Refusal("Nothing was answered here, so no example resembles it. Nothing was changed.")
    rows = datasets.rows_in(store, dataset, Split.train)
    model = meaning.embedder(store)
    vectors = Vectors.of(store.workspace, model["sha256"])
    known = vectors.of_texts(_texts(rows))
    if missing := len({text for name, text in _texts(rows).items() if name not in known}):
        return Taught((), len(rows), missing)
    made = resident.of(store.workspace).embed(model, [asked, answer])
    if made is None:
        return Taught((), len(rows), waking=True)
    return Taught(ranked(rows, known, made, answer), len(rows))


def ranked(rows: Sequence[Example], known: Mapping[str, Floats], said: Floats, answer: str) -> tuple[Teacher, ...]:
    """The nearest of `rows`, by `Teacher.nearness`. `known`:
    "in/id" and "out/id" -> the vector of a row's input and ideal output; `said`: those of what was asked and answered,
    (2, 384). What is related in neither and shares no words is left out."""
    shared = verbatim.Corpus({row.id: row.ideal for row in rows}).longest(answer)
    found = [
        Teacher(row, float(known[f"in/{row.id}"] @ said[0]), float(known[f"out/{row.id}"] @ said[1]),
                shared if row.id == shared.row else verbatim.Run())
        for row in rows
    ]  # fmt: skip
    related = [each for each in found if max(each.asked, each.answered) >= meaning.LEAST or each.shared.words]
    related.sort(key=lambda each: (-each.nearness, each.row.id))
    return tuple(related[:SHOWN])


def read(store: Store, dataset: Dataset) -> bool:
    """Has the set's inputs and ideal outputs read, once, in the background. False while the model wakes. Raises Refusal
    while a job has the machine, and when something is read already."""
    texts = set(_texts(datasets.rows_in(store, dataset, Split.train)).values())
    return meaning.read_texts(store, f"taught-{dataset.id}", ((text_number(text), text) for text in sorted(texts)))


def _texts(rows: Sequence[Example]) -> dict[str, str]:
    return {f"in/{row.id}": row.prompt.asked for row in rows} | {f"out/{row.id}": row.ideal for row in rows}


# -- train again ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mended:
    """What is other in the training rows now: ids taken out (or to be), rewritten and approved, and not usable as they
    stand (not approved any more since an edit)."""

    left_out: tuple[str, ...]
    rewritten: tuple[str, ...]
    waiting: tuple[str, ...]

    @property
    def anything(self) -> bool:
        return bool(self.left_out or self.rewritten)


def pending(store: Store, dataset: Dataset, leave_out: Sequence[str]) -> Mended:
    """What a set frozen now would have otherwise than `dataset` among its training rows, `leave_out` taken out. Rows
    that are new since are not looked at."""
    frozen = {row.id: row for row in datasets.rows_in(store, dataset, Split.train)}
    now = {example.id: example for example in examples.some(store, list(frozen))}
    out, rewritten, waiting = [], [], []
    for name, row in frozen.items():
        example = now.get(name)
        if example is None or name in leave_out or example.status is Status.rejected:
            out.append(name)
        elif example.status is not Status.approved:
            waiting.append(name)
        elif _said(example) != _said(row):
            rewritten.append(name)
    return Mended(tuple(out), tuple(rewritten), tuple(waiting))


def _said(example: Example) -> tuple[object, ...]:
    return (example.input, example.ideal, example.earlier, example.system)


def mend(store: Store, actor: str, run: Run, leave_out: Sequence[str]) -> Job:
    """Rejects the examples to leave out, freezes what is approved now, and measures a training on it with the run's
    settings: a rewritten example may be too long for them, which nobody has accepted yet.

    Each is a step of its own that can be undone or goes on standing when the next is refused. Raises Refusal when
    nothing is other than in the run's set, when the set cannot be frozen, and when nothing can be measured.
    """
    dataset = dataset_rows.get(store, run.dataset)
    if dataset is None:
        raise Refusal("The set that this model learned from is not known here. Nothing was started.")
    told = pending(store, dataset, leave_out)
    if not told.anything:
        raise Refusal("Nothing is other than in the set it learned from. Nothing was started. Fix or leave out one.")
    settings = again.settings_of(run)
    models.verify(run.model, store.workspace)
    if still := [e.id for e in examples.some(store, leave_out) if e.status is not Status.rejected]:
        examples_step.mark(store, actor, run.project, still, Status.rejected)
    made = datasets.freeze(store, actor, run.project)
    detail = {"of": run.id, "left_out": list(told.left_out), "rewritten": list(told.rewritten)}
    try:
        return preflight.begin(store, actor, made, settings, run.model, {"mended": detail})
    except Refusal as refusal:
        raise Refusal(f"{refusal} The new set is frozen as “{made.name}”; start the training from it later.") from None
