"""The learning curve of a run: its parts are trained one after the other, or stopped and gone on with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio import datasets, projects, supervisor
from studio.jobs import folder as job_folder
from studio.records import Dataset, JobState, Refusal, Run, Split
from studio.store import Store, arms, runs
from studio.train import more_examples
from tests.tiny_model import save_tiny_model


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)


def planned(store: Store, dataset: Dataset, *ids: str) -> Run:
    """A finished run "r1" and a curve of these parts, the first of them begun; no worker."""
    run = finished(store, dataset)
    shares = more_examples.SHARES[: len(ids)]
    plan = [{"id": name, "share": share, "rows": int(220 * share)} for name, share in zip(ids, shares, strict=True)]
    for name in ids:
        job_folder.create(store.workspace / "jobs" / name, {"kind": "train", "id": name})
    begun(store, dataset, ids[0], {"curve": {"of": "r1", "dataset": dataset.id, "plan": plan}})
    return run


def finished(store: Store, dataset: Dataset, model: str = "smollm2-135m") -> Run:
    """A finished run "r1" that knows each kept row's loss; it got no arm."""
    look = {"step": 9, "rows": [[e.id, 1.0, 9] for e in datasets.rows_in(store, dataset, Split.validation)]}
    run = {"id": "r1", "dataset": dataset.id, "model": model, "preset": "match_our_tone",
           "settings": {"preset": "match_our_tone", "epochs": 1, "learning_rate": 1e-3, "max_length": 999}}  # fmt: skip
    begun(store, dataset, "r1", {}, run=run)
    ended(store, dataset, "r1", kept_aside=look)
    found = runs.get(store, "r1")
    assert found is not None
    return found


def begun(store: Store, dataset: Dataset, name: str, detail: dict[str, Any], **more: Any) -> None:
    about = {"id": name, "kind": "train", "folder": name, "detail": detail | {"dataset": dataset.id}, **more}
    store.act("job.started", "maker", about, dataset.project)


def ended(store: Store, dataset: Dataset, name: str, state: str = "done", **result: Any) -> None:
    store.act("job.finished", "maker", {"id": name, "state": state, "result": {"state": state, **result}},
              dataset.project)  # fmt: skip


def states(store: Store, run: Run) -> list[JobState]:
    found = more_examples.curve(store, run)
    assert found is not None
    return [part.state for part in found.parts]


def test_the_next_part_comes_when_the_one_before_is_done_and_not_after_a_fault(store: Store, dataset: Dataset) -> None:
    run = planned(store, dataset, "a", "b")
    assert states(store, run) == [JobState.running, JobState.queued] and runs.with_next_part(store) == []
    with pytest.raises(Refusal, match="was asked already"):
        more_examples._refuse(store, run, dataset, more_examples.again.settings_of(run))
    ended(store, dataset, "a", "failed", reason="The disk is full.")
    assert states(store, run) == [JobState.failed] and runs.with_next_part(store) == []
    begun(store, dataset, "c", {"curve": {"of": "r1", "dataset": dataset.id, "plan": [
        {"id": "c", "share": 0.25, "rows": 55}, {"id": "d", "share": 0.5, "rows": 110}]}})  # fmt: skip
    ended(store, dataset, "c")
    assert [(part.next, part.actor, part.curve["of"]) for part in runs.with_next_part(store)] == [("d", "maker", "r1")]
    assert states(store, run) == [JobState.done, JobState.queued]


def test_stopping_reaches_the_parts_that_wait(store: Store, dataset: Dataset) -> None:
    run = planned(store, dataset, "a", "b")
    more_examples.stop(store, run)
    assert all(job_folder.cancel_asked(store.workspace / "jobs" / name) for name in "ab")
    ended(store, dataset, "a")
    more_examples.go_on(store)
    assert runs.job(store, "b") is None and states(store, run) == [JobState.done]


def test_too_few_kept_aside_and_a_quick_trial_are_refused(store: Store, dataset: Dataset) -> None:
    run = planned(store, dataset, "a", "b")
    settings = more_examples.again.settings_of(run)
    for changed, few, said in ((8, 32, "only some of its examples"), (0, 3, "too few to tell")):
        known = more_examples.replace(dataset, splits={**dataset.splits, "validation": few})
        with pytest.raises(Refusal, match=said):
            more_examples._refuse(store, run, known, more_examples.replace(settings, row_limit=changed))


@pytest.mark.model
def test_two_trainings_beside_the_run_answer_and_leave_no_model(store: Store, dataset: Dataset, tmp_path: Path) -> None:
    run = finished(store, dataset, str(save_tiny_model(tmp_path / "tiny")))
    ids = more_examples.start(store, "maker", run.id)
    assert len(ids) == 2 and supervisor.wait(store, ids[0]).state is JobState.done
    assert runs.job(store, ids[1]) is not None  # begun by whoever took in the first
    assert supervisor.wait(store, ids[1]).state is JobState.done
    found = more_examples.curve(store, run)
    assert found is not None and found.answer is not None
    assert [point.rows for point in found.answer.points] == [55, 110, 220]
    assert found.answer.gain.n == dataset.splits["validation"]
    assert [r.id for r in runs.every(store, dataset.project)] == [run.id] and [
        a.run for a in arms.every(store, dataset.project)
    ] == [run.id]
    with pytest.raises(Refusal, match="was asked already"):
        more_examples.start(store, "maker", run.id)
