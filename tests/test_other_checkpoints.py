"""A checkpoint other than the best as an arm: its own hash, its run's rules, never another's weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from studio import baselines, costs, datasets, looks, outputs, projects
from studio.evaluate import integrity
from studio.integrity import report
from studio.models.checked import check_adapter
from studio.models.files import ADAPTER_FILES, adapter_sha256
from studio.records import ArmKind, Dataset, Refusal, Run, Split, canonical, sha256
from studio.review import opening
from studio.store import Store, arms, runs
from studio.train import other_checkpoints, step


@pytest.fixture
def dataset(store: Store) -> Dataset:
    return datasets.freeze(store, "maker", projects.from_demo(store, "maker", "ticket-triage").id)


def trained(store: Store, dataset: Dataset, settings: dict[str, Any] | None = None) -> Run:
    """A finished run that took step 8 of 8 and 12, with both on the disk."""
    about = {"id": "r1", "dataset": dataset.id, "model": "smollm2-135m", "preset": "match_our_tone",
             "settings": settings or {}}  # fmt: skip
    store.act("job.started", "maker", {"id": "r1", "kind": "train", "folder": "r1", "detail": {}, "run": about},
              dataset.project)  # fmt: skip
    for at in (8, 12):
        folder = store.workspace / "jobs" / "r1" / "checkpoints" / f"final-{at}"
        folder.mkdir(parents=True)
        folder.with_name(f"step-{at}").mkdir()
        for name in ADAPTER_FILES:
            (folder / name).write_bytes(f"{name} of step {at}".encode())
    losses = [{"step": 8, "train": None, "validation": 1.5}, {"step": 12, "train": None, "validation": 1.625}]
    result = {"adapter": "checkpoints/final", "adapter_sha256": "own", "taken": 8, "losses": losses}
    store.act("job.finished", "maker", {"id": "r1", "state": "done", "result": result}, dataset.project)
    run = runs.get(store, "r1")
    assert run is not None
    return run


def test_the_other_checkpoint_becomes_an_arm_with_its_own_weights(store: Store, dataset: Dataset) -> None:
    run = trained(store, dataset)
    own = baselines.tuned(store, "maker", dataset.project, run.id, run.model, step.run_name(store, run))
    (found,) = other_checkpoints.others(store, run)
    assert (found.step, found.loss, found.arm, other_checkpoints.taken(run)) == (12, 1.625, None, (8, 1.5))
    arm = other_checkpoints.compare_too(store, "dora", run, 12)
    folder = store.workspace / "jobs" / "r1" / "checkpoints" / "final-12"
    assert (arm.name, arm.kind, arm.run, arm.step) == ("Tuned 1, step 12", ArmKind.tuned, "r1", 12)
    assert arm.adapter_sha256 == adapter_sha256(folder) == runs.weights(store, arm) != runs.weights(store, own) == "own"
    spec = outputs.arm_spec(store, arm)
    assert spec["adapter"] == str(folder.resolve()) and spec["adapter_sha256"] == arm.adapter_sha256
    assert costs.fingerprint(store, arm) != costs.fingerprint(store, own)
    assert other_checkpoints.others(store, run)[0].arm == arm
    with pytest.raises(Refusal, match="not there any more"):
        other_checkpoints.compare_too(store, "dora", run, 8)
    baselines.retire(store, "dora", dataset.project, arm.id)
    assert other_checkpoints.others(store, run)[0].arm is None
    assert other_checkpoints.compare_too(store, "dora", run, 12) == arm
    step.discard(store, "dora", dataset.project, run.id)
    assert arms.every(store, dataset.project) == []
    assert store.audit() == []


def test_answers_of_its_runs_own_weights_do_not_count_as_its(store: Store, dataset: Dataset) -> None:
    run = trained(store, dataset)
    arm = other_checkpoints.compare_too(store, "dora", run, 12)
    rows = [
        {"arm": arm.id, "example": e.id, "output": "refund", "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "similarity": None, "hashes": {"prompt": sha256(""), "adapter": "own", "settings": "s"}}
        for e in datasets.rows_in(store, dataset, Split.test)
    ]  # fmt: skip
    payload = {"dataset": dataset.id, "job": "", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", "maker", payload, dataset.project)
    compared = outputs.compare(store, dataset.project, dataset.id)
    (told,) = report(store, dataset.id, compared, [row["example"] for row in rows])
    author: integrity.Check = told.checks[1]
    assert author.passed is False and f"{len(rows):,} answers carry the hash of other weights" in author.sentence
    with pytest.raises(Refusal, match="not written by its trained weights"):
        opening._refuse_foreign(store, arm, outputs.current(store, dataset.id, arm))


def test_what_is_not_for_release_of_the_run_is_not_of_a_checkpoint(store: Store, dataset: Dataset) -> None:
    run = trained(store, dataset, {"canaries": 2})
    arm = other_checkpoints.compare_too(store, "dora", run, 12)
    assert arm.name == "Tuned 1, step 12, not for release" and not opening.may_ship(store, arm.run)
    spec = outputs.arm_spec(store, arm)
    (Path(spec["adapter"]) / ADAPTER_FILES[1]).write_bytes(b"something else")
    with pytest.raises(Refusal, match="its files changed"):
        check_adapter(spec["adapter"], spec["adapter_sha256"])


def test_to_choose_a_checkpoint_after_the_first_scores_is_a_look(store: Store, dataset: Dataset) -> None:
    run = trained(store, dataset)
    detail = {"dataset": dataset.id, "split": "test", "arms": ["base"]}
    store.act("job.started", "maker", {"id": "j", "kind": "generate", "folder": "j", "detail": detail}, dataset.project)
    store.act("job.finished", "maker", {"id": "j", "state": "done", "result": {}}, dataset.project)
    before = looks.spent(store, dataset)
    other_checkpoints.compare_too(store, "dora", run, 12)
    assert looks.spent(store, dataset).choices == before.choices + 1
