"""Which examples taught this? The nearest rows of a set, what is other in it since, and the training without some."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from studio import datasets, projects
from studio.examples import step as examples_step
from studio.jobs.vectors import WIDTH
from studio.models.files import seal
from studio.records import Dataset, Example, JobState, Refusal, Split, Status, to_json
from studio.store import Store, examples, runs
from studio.store import datasets as dataset_rows
from studio.train import again, taught
from tests.test_more_examples import begun, finished


def axis(number: int) -> np.ndarray:
    made = np.zeros(WIDTH, np.float32)
    made[number] = 1
    return made


def test_both_nearnesses_and_shared_words_count_and_what_is_unrelated_is_not_shown() -> None:
    texts = ["Your parcel left our house on Monday evening", "We look at it", "Thanks", "No"]
    rows = [Example(f"e{n}", f"Question {n}", text) for n, text in enumerate(texts)]
    near = {"e0": (9, 9), "e1": (0, 1), "e2": (9, 1), "e3": (9, 9)}
    known = {f"{side}/{name}": axis(at) for name, both in near.items() for side, at in zip(("in", "out"), both,
                                                                                       strict=True)}  # fmt: skip
    said = np.stack([axis(0), axis(1)])
    found = taught.ranked(rows, known, said, "I hear your parcel left our house on Monday, yes")
    assert [each.row.id for each in found] == ["e1", "e2", "e0"]
    assert (found[0].asked, found[0].answered, found[0].shared.words) == (1.0, 1.0, 0)
    assert found[2].shared.words == 7 and found[2].shared.text == "your parcel left our house on monday"


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)


@pytest.fixture
def models_here(store: Store) -> None:
    """A folder that stands for the base model; nothing here reads weights."""
    folder = store.workspace / "models" / "smollm2-135m"
    folder.mkdir(parents=True)
    (folder / "model.safetensors").write_bytes(b"weights")
    seal(folder, "smollm2-135m", "", "Apache-2.0")


def test_what_is_other_since_is_told_and_without_anything_nothing_starts(store: Store, dataset: Dataset) -> None:
    run = finished(store, dataset)
    assert taught.pending(store, dataset, []) == taught.Mended((), (), ())
    with pytest.raises(Refusal, match="Nothing is other"):
        taught.mend(store, "maker", run, [])
    first, second, third = [e.id for e in datasets.rows_in(store, dataset, Split.train)][:3]
    for name, ideal in ((first, '{"team": "billing"}'), (second, "")):
        example = examples.get(store, name)
        assert example is not None
        examples_step.save(
            store,
            "maker",
            dataset.project,
            replace(example, ideal=ideal or example.ideal + " ", revision=example.revision + 1),
        )
        examples_step.mark(store, "maker", dataset.project, [name], Status.approved if ideal else Status.draft)
    told = taught.pending(store, dataset, [third])
    assert told == taught.Mended((third,), (first,), (second,)) and told.anything


@pytest.mark.usefixtures("models_here")
def test_training_again_rejects_freezes_and_measures_before_anything_is_learned(store: Store, dataset: Dataset) -> None:
    run = finished(store, dataset)
    out = datasets.rows_in(store, dataset, Split.train)[0].id
    begun(store, dataset, "busy", {})
    job = taught.mend(store, "maker", run, [out])
    assert (job.kind, job.state) == ("preflight", JobState.queued) and len(runs.every(store, run.project)) == 1
    assert job.detail["run"]["mended"] == {"of": run.id, "left_out": [out], "rewritten": []}
    assert job.detail["settings"] == to_json(again.settings_of(run)) and job.detail["dataset"] != run.dataset
    made = dataset_rows.latest(store, dataset.project)
    assert made is not None and made.id != dataset.id
    kept = {e.id: e.split for e in dataset_rows.rows_of(store, made)}
    before = {e.id: e.split for e in dataset_rows.rows_of(store, dataset)}
    assert kept == {name: split for name, split in before.items() if name != out}
    gone = examples.get(store, out)
    assert gone is not None and gone.status is Status.rejected
