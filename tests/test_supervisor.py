"""Starting, continuing and taking in jobs: what crashes, damage and a full machine leave behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from round_seed import Seeded, ready

from studio import outputs, supervisor
from studio.jobs import folder as job_folder
from studio.records import Job, JobState, Refusal, Split
from studio.review import rounds
from studio.store import Store, arms, runs
from studio.train import launch
from studio.train import step as train_step

ABOUT = {"dataset": "d", "model": "smollm2-135m", "preset": "match_our_tone", "settings": {}}


def noted(store: Store, name: str, kind: str = "train") -> Path:
    """A job that was recorded as started and has its folder, but no worker: the studio ended in between."""
    run = {"run": {"id": name, **ABOUT}} if kind == "train" else {}
    detail = {"dataset": "d"}
    store.act("job.started", "ann", {"id": name, "kind": kind, "folder": name, "detail": detail, **run}, "p")
    return job_folder.create(store.workspace / "jobs" / name, {"kind": kind})


def job(store: Store, name: str) -> Job:
    found = runs.job(store, name)
    assert found is not None
    return found


def long_ago(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "_TO_BEGIN_SECONDS", -1.0)


def reason(store: Store, name: str) -> str:
    return str(job(store, name).detail["result"]["reason"])


def test_a_worker_that_cannot_be_started_is_a_refusal_and_a_failed_job(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*args: object, **options: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    folder = job_folder.create(store.workspace / "jobs" / "j", {"kind": "train"})
    payload = {"id": "j", "kind": "train", "folder": "j", "detail": {}, "run": {"id": "j", **ABOUT}}
    with monkeypatch.context() as patch, pytest.raises(Refusal, match="Cannot allocate memory"):
        patch.setattr(subprocess, "Popen", none_left)
        launch.start(store, "ann", "p", payload, folder)
    assert job(store, "j").state is JobState.failed and "allocate" in reason(store, "j")
    noted(store, "next")


def test_a_job_whose_worker_never_came_ends(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    noted(store, "j")
    job_folder.ask_cancel(noted(store, "g", "generate"))
    assert supervisor.collect(store) == 1
    assert (job(store, "j").state, job(store, "g").state) == (JobState.running, JobState.cancelled)
    long_ago(store, monkeypatch)
    assert supervisor.collect(store) == 1
    assert job(store, "j").state is JobState.failed and "before the worker was started" in reason(store, "j")


def test_a_job_that_goes_on_has_its_time_to_begin_once_more(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("studio.store.now", lambda: "2026-01-01T00:00:00.000+00:00")
        noted(store, "j")
        store.act("job.finished", "ann", {"id": "j", "state": "failed", "result": {"state": "failed"}}, "p")
    store.act("job.resumed", "ann", {"id": "j"}, "p")
    assert supervisor.collect(store) == 0 and job(store, "j").state is JobState.running


@pytest.mark.parametrize(
    ("file", "content"),
    [("result.json", "{"), ("result.json", '{"state": "fine"}'), ("worker.json", "{}"), ("events.jsonl", "[]\n")],
)
def test_a_damaged_job_fails_in_words_and_holds_up_no_other(store: Store, file: str, content: str) -> None:
    (noted(store, "j") / file).write_text(content)
    job_folder.write_result(noted(store, "g", "generate"), {"state": "done", "reason": ""})
    assert supervisor.collect(store) == 2
    assert (job(store, "j").state, job(store, "g").state) == (JobState.failed, JobState.done)
    assert "damaged" in reason(store, "j") and (store.workspace / "jobs" / "j" / "cancel").exists()


def test_a_done_run_without_its_arm_gets_it_once(store: Store) -> None:
    job_folder.write_result(noted(store, "j"), {"state": "done", "reason": ""})
    result = {"state": "done", "adapter": "checkpoints/final", "adapter_sha256": "w"}
    store.act("job.finished", "ann", {"id": "j", "state": "done", "result": result}, "p")
    supervisor.collect(store)
    assert [a.name for a in arms.every(store, "p")] == ["Tuned 1"]
    store.undo(store.version, "ann")
    supervisor.collect(store)
    assert arms.every(store, "p") == []


def test_names_of_tuned_arms_are_not_given_twice(store: Store) -> None:
    for name in ("j", "k"):
        job_folder.write_result(noted(store, name), {"state": "done", "reason": ""})
        supervisor.collect(store)
        train_step.discard(store, "ann", "p", name)
    assert [a.name for a in arms.every(store, "p", retired=True)] == ["Tuned 1", "Tuned 2"]


def test_going_on_is_by_who_pressed_and_behind_another(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = noted(store, "j")
    job_folder.write_result(folder, {"state": "cancelled", "reason": ""})
    supervisor.collect(store)
    noted(store, "other")
    train_step.resume(store, "bob", "j")
    assert job(store, "j").state is JobState.queued and job_folder.read_result(folder) is None
    long_ago(store, monkeypatch)
    supervisor.collect(store)
    assert (job(store, "other").state, job(store, "j").state) == (JobState.failed, JobState.running)
    assert [a.actor for a in store.history("p", ["job.resumed"])] == ["bob"]
    assert supervisor.wait(store, "j").state is JobState.failed  # its spec says next to nothing


def test_an_open_round_keeps_its_outputs(store: Store) -> None:
    seeded: Seeded = ready(store, tests=24)
    rounds.open_round(store, "pia", seeded.project, seeded.plan)
    with pytest.raises(Refusal, match="Finish or cancel the round first"):
        outputs.generate(store, "ann", seeded.project, seeded.dataset, [seeded.base], Split.test)
    payload = {"id": "g", "kind": "generate", "folder": "g", "detail": {"dataset": seeded.dataset}}
    store.act("job.started", "ann", payload, seeded.project)
    folder = job_folder.create(store.workspace / "jobs" / "g", {"kind": "generate"})
    row = {"arm": seeded.base, "example": "e", "output": "x", "tokens_in": 1, "tokens_out": 1, "seconds": 1.0,
           "similarity": None, "hashes": {}}  # fmt: skip
    job_folder.append_lines(folder / "outputs.jsonl", [row])
    job_folder.write_result(folder, {"state": "done", "reason": ""})
    supervisor.collect(store)
    assert job(store, "g").state is JobState.failed and "stay in the folder" in reason(store, "g")
