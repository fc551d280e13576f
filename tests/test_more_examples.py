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


def part(store: Store, dataset: Dataset, name: str, share: float, **more: Any) -> None:
    """A part of the curve of "r1", begun or (`waits`) in line; no worker."""
    job_folder.create(store.workspace / "jobs" / name, {"kind": "train", "id": name})
    begun(store, dataset, name, {"curve": {"of": "r1", "share": share, "rows": int(220 * share)}}, **more)


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
    return [each.job.state for each in found.parts]


def test_each_part_stands_as_its_newest_job_and_is_not_asked_for_twice(store: Store, dataset: Dataset) -> None:
    run = finished(store, dataset)
    assert more_examples.curve(store, run) is None and more_examples._missing(store, run) == [0.25, 0.5]
    part(store, dataset, "a", 0.25)
    part(store, dataset, "b", 0.5, waits=True)
    assert states(store, run) == [JobState.running, JobState.queued]
    with pytest.raises(Refusal, match="was asked already"):
        more_examples._refuse(store, run, dataset, more_examples.again.settings_of(run))
    ended(store, dataset, "a", "failed", reason="The disk is full.")
    assert states(store, run) == [JobState.failed, JobState.queued] and more_examples._missing(store, run) == [0.25]
    part(store, dataset, "c", 0.25, waits=True)
    assert states(store, run) == [JobState.queued, JobState.queued]


def test_stopping_reaches_the_parts_that_wait(store: Store, dataset: Dataset) -> None:
    run = finished(store, dataset)
    part(store, dataset, "a", 0.25)
    part(store, dataset, "b", 0.5, waits=True)
    more_examples.stop(store, run)
    assert all(job_folder.cancel_asked(store.workspace / "jobs" / name) for name in "ab")
    supervisor.collect(store)
    assert states(store, run) == [JobState.cancelled, JobState.cancelled]
    assert more_examples._missing(store, run) == [0.25, 0.5]


def test_too_few_kept_aside_and_a_quick_trial_are_refused(store: Store, dataset: Dataset) -> None:
    run = finished(store, dataset)
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
