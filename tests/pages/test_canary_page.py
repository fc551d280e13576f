"""Does it remember planted secrets? On the Train page of a run that planted some, and nowhere else."""

from __future__ import annotations

from signed_in import opened, person, words

from studio import datasets, projects, supervisor
from studio.records import Role
from studio.store import Store, arms
from tests.test_more_examples import begun, ended, finished


def test_a_run_with_planted_secrets_says_what_it_remembers_and_is_marked(store: Store) -> None:
    _, session = person(store, "Dora", Role.designer)
    dataset = datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)
    finished(store, dataset)
    settings = {"preset": "match_our_tone", "epochs": 3, "learning_rate": 1e-3, "canaries": 1}
    run = {"id": "r2", "dataset": dataset.id, "model": "smollm2-135m", "preset": "match_our_tone", "settings": settings}
    begun(store, dataset, "r2", {}, run=run)
    ended(store, dataset, "r2", canaries=[[0, 77, 128], [1, 31, 128], [4, 1, 128], [16, 1, 128]])
    supervisor.collect(store)
    assert {arm.name for arm in arms.every(store, dataset.project)} == {"Tuned 1", "Tuned 2, not for release"}
    said = words(opened(store, session, "train", project=dataset.project))
    assert "It remembers a secret that stands in 4 examples." in said and "Read up to 12 times" in said
    assert said.count("Exposure (bits)") == 1 and "none, for comparison" in said
