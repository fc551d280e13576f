"""Would more examples help? On the Train page: the offer, what is on its way, and the answer with its table."""

from __future__ import annotations

import pytest
from signed_in import opened, person, press, words

from studio import datasets, projects
from studio.jobs import folder as job_folder
from studio.records import Role, Split
from studio.store import Store
from tests.test_more_examples import ended, finished, part


@pytest.mark.parametrize("gain", [0.2, 0.0])
def test_it_is_offered_followed_stopped_and_answered(store: Store, gain: float) -> None:
    _, session = person(store, "Dora", Role.designer)
    dataset = datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)
    run = finished(store, dataset)
    part(store, dataset, "a", 0.25)
    part(store, dataset, "b", 0.5, waits=True)
    at = opened(store, session, "train", project=dataset.project)
    at.session_state[f"train-curve-{run.id}"] = True
    said = words(at.run())
    assert f"A training, from a quarter of {dataset.name}. Started" in said
    assert "a quarter of the examples (55 examples): learning now." in said
    assert "half of the examples (110 examples): waits for its turn." in said
    kept = datasets.rows_in(store, dataset, Split.validation)
    for name, more in (("a", 2 * gain), ("b", gain)):
        rows = [[e.id, 1.0 + more + 0.01 * (place % 5), 9] for place, e in enumerate(kept)]
        ended(store, dataset, name, kept_aside={"step": 9, "rows": rows})
    said = words(at.run())
    word = "Yes: more examples of this kind" if gain else "No: more examples of the same kind would hardly help"
    assert word in said and f"n = {len(kept)} prompts" in said and len(at.get("plotly_chart")) >= 1
    assert "another random start (seed) would move these figures" in said and "<td>110</td>" not in said


def test_a_stop_reaches_those_that_wait_and_a_run_that_was_never_asked_offers_it(store: Store) -> None:
    _, session = person(store, "Dora", Role.designer)
    dataset = datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)
    run = finished(store, dataset)
    at = opened(store, session, "train", project=dataset.project)
    at.session_state[f"train-curve-{run.id}"] = True
    assert "Two trainings, one after the other" in words(at.run())
    press(at, f"train-curve-start-{run.id}")
    assert "is not on this machine" in words(at)
    part(store, dataset, "a", 0.25)
    part(store, dataset, "b", 0.5, waits=True)
    press(at.run(), f"train-curve-stop-{run.id}")
    assert all(job_folder.cancel_asked(store.workspace / "jobs" / name) for name in "ab")
