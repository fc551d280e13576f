"""Which examples taught this? On the Train and the Compare page, with the real model that compares texts."""

from __future__ import annotations

import time

import pytest
from signed_in import opened, person, press, sound, words

from studio import baselines, datasets, projects
from studio.jobs import folder as job_folder
from studio.jobs import resident
from studio.records import Role, Split, canonical, sha256
from studio.store import Store
from tests.test_more_examples import finished


@pytest.mark.model
@pytest.mark.usefixtures("models_cache")
def test_the_nearest_examples_are_shown_left_out_and_trained_without(store: Store) -> None:
    who, session = person(store, "Dora", Role.designer)
    dataset = datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)
    run = finished(store, dataset)
    baselines.tuned(store, "maker", dataset.project, run.id, run.model, "Tuned 1")
    learned = datasets.rows_in(store, dataset, Split.train)[7]
    folder = job_folder.create(store.workspace / "jobs" / run.job, {"kind": "train", "id": run.job})
    job_folder.append(folder, "sample", step=9, example="e", input=learned.input, output=learned.ideal)
    at = opened(store, session, "train", project=dataset.project)
    at.session_state[f"train-taught-{run.id}"] = True
    assert learned.ideal[:30] not in words(at.run())
    press(at, f"train-taught-{run.id}-show")
    end = time.monotonic() + 90
    while "Near is not proof" not in words(sound(at.run())):
        assert time.monotonic() < end, words(at)
        time.sleep(0.3)
    assert "Its question is nearly the same (1.00), its answer nearly the same (1.00)." in words(at)
    at.checkbox(key=f"train-taught-{run.id}-out-{learned.id}-False").check().run()
    assert "Other than before: 1 example left out." in words(at)
    assert at.button(key=f"train-taught-{run.id}-again").label == "Measure a training without 1 example"
    resident.of(store.workspace).make_room()


def test_beside_a_test_answer_it_says_what_that_costs(store: Store) -> None:
    _, session = person(store, "Dora", Role.designer)
    dataset = datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)
    run = finished(store, dataset)
    arm = baselines.tuned(store, "maker", dataset.project, run.id, run.model, "Tuned 1")
    test = datasets.spread(datasets.rows_in(store, dataset, Split.test), 2)  # they stand on the first page
    rows = [{"arm": arm.id, "example": e.id, "output": "{}", "tokens_in": 9, "tokens_out": 9, "seconds": 0.1,
             "similarity": 0.5, "hashes": {"prompt": sha256("")}} for e in test]  # fmt: skip
    payload = {"dataset": dataset.id, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", "maker", payload, dataset.project)
    at = opened(store, session, "evaluate", project=dataset.project)
    press(at, "evaluate-show")
    (first, *_) = [b for b in at.button if b.key and b.key.startswith("evaluate-taught-")]
    assert first.label == "Which examples taught this?" and "This is a test prompt." not in words(at)
    assert "This is a test prompt." in words(press(at, str(first.key)))
    assert at.button(key=first.key).label == "Close"
