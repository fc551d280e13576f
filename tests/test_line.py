"""One job a device: the others wait in line, in order, across projects, restarts and kills."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from studio import supervisor
from studio.jobs import folder as job_folder
from studio.jobs import local
from studio.jobs.local import LocalBackend
from studio.records import Job, JobState, Refusal
from studio.store import Store, runs
from studio.train import launch, line
from studio.train import step as train_step

# A worker that waits for its folder to say go, or to say stop, as a real one does between steps.
WORKER = """
import json, os, sys, time
folder = sys.argv[-1]
def there(name): return os.path.exists(os.path.join(folder, name))
while not there("go") and not there("cancel"): time.sleep(0.02)
state = "done" if there("go") else "cancelled"
with open(os.path.join(folder, "result.part"), "w") as file:
    json.dump({"state": state, "reason": "", "seconds": 30.0, "cards": os.environ.get("CUDA_VISIBLE_DEVICES")}, file)
os.replace(os.path.join(folder, "result.part"), os.path.join(folder, "result.json"))
"""


@pytest.fixture(autouse=True)
def _machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine without GPUs whose workers are the one above."""
    stand_in = tmp_path / "worker"
    stand_in.write_text(f"#!/bin/sh\nexec {os.path.realpath('/proc/self/exe')} -c '{WORKER}' \"$@\"\n")
    stand_in.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(stand_in))
    monkeypatch.setattr(local, "devices", lambda: ("cpu",))
    yield


def asked(store: Store, name: str, project: str = "p", kind: str = "train", **detail: Any) -> Job:
    folder = job_folder.create(store.workspace / "jobs" / name, {"kind": kind, "id": name})
    run = {"id": name, "dataset": "d", "model": "m", "preset": "match_our_tone", "settings": {}}
    payload = {"id": name, "kind": kind, "folder": name, "detail": {"dataset": "d", **detail}}
    launch.start(store, "ann", project, payload | ({"run": run} if kind == "train" else {}), folder)
    return job(store, name)


def job(store: Store, name: str) -> Job:
    found = runs.job(store, name)
    assert found is not None
    return found


def states(store: Store, *names: str) -> str:
    """The first letter of each state: q, r, d, f or c."""
    return "".join(job(store, name).state.value[0] for name in names)


def until(store: Store, true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end, "waited too long"
        supervisor.collect(store)
        time.sleep(0.02)


def go(store: Store, name: str) -> None:
    (store.workspace / "jobs" / name / "go").touch()
    until(store, lambda: job(store, name).state is JobState.done)


def test_further_jobs_wait_in_order_and_each_gets_its_turn(store: Store) -> None:
    asked(store, "a")
    asked(store, "b", project="q", kind="generate")
    asked(store, "c", estimate={"seconds": 50.0, "peak_memory_mb": 1.0})
    assert states(store, "a", "b", "c") == "rqq" and [each.id for each in runs.line(store)] == ["b", "c"]
    run = runs.get(store, "c")
    assert run is not None and run.state is JobState.queued
    with pytest.raises(Refusal, match="or waits for it"):
        train_step.discard(store, "ann", "p", "c")
    go(store, "a")
    assert states(store, "a", "b", "c") == "drq"
    go(store, "b")
    go(store, "c")
    assert [runs.get(store, name).state for name in ("a", "c")] == [JobState.done] * 2  # type: ignore[union-attr]


def test_one_is_let_before_the_others_and_one_taken_out(store: Store) -> None:
    for name in "abcd":
        asked(store, name)
    line.to_front(store, "bob", job(store, "d"))
    assert [each.id for each in runs.line(store)] == ["d", "b", "c"]
    store.undo(store.version, "bob")
    assert [each.id for each in runs.line(store)] == ["b", "c", "d"]
    line.to_front(store, "bob", job(store, "d"))
    train_step.stop(store, job(store, "b"))
    supervisor.collect(store)
    assert states(store, "a", "b", "c", "d") == "rcqq"
    assert "out of the line" in job(store, "b").detail["result"]["reason"]
    with pytest.raises(Refusal, match="does not stand in line"):
        line.to_front(store, "bob", job(store, "a"))
    # One that was taken out can be gone on with: it stands behind those that came meanwhile.
    train_step.resume(store, "bob", "b")
    assert [each.id for each in runs.line(store)] == ["d", "c", "b"]
    # Nor does one that was let before the others once stay so when it comes again.
    train_step.stop(store, job(store, "d"))
    supervisor.collect(store)
    train_step.resume(store, "bob", "d")
    assert [each.id for each in runs.line(store)] == ["c", "b", "d"]
    go(store, "a")
    assert states(store, "c", "b", "d") == "rqq"
    for name in "cbd":
        go(store, name)


def test_what_a_run_had_learned_is_still_known_after_it_left_the_line_again(store: Store) -> None:
    asked(store, "b")
    learned = {"state": "cancelled", "reason": "", "adapter": "final", "adapter_sha256": "abc", "losses": [1, 2]}
    store.act("job.finished", "ann", {"id": "b", "state": "cancelled", "result": learned}, "p")
    (store.workspace / "jobs" / "b" / "go").touch()
    until(store, lambda: LocalBackend().state(store.workspace / "jobs" / "b").state is JobState.done)
    (store.workspace / "jobs" / "b" / "result.json").write_text('{"state": "cancelled"}')
    asked(store, "a")
    train_step.resume(store, "ann", "b")
    assert states(store, "a", "b") == "rq"
    train_step.stop(store, job(store, "b"))
    supervisor.collect(store)
    run = runs.get(store, "b")
    assert run is not None and run.state is JobState.cancelled
    assert (run.adapter_sha256, run.result["losses"]) == ("abc", [1, 2]) and "What it had finished is kept" in str(run)
    go(store, "a")


def test_a_killed_worker_and_a_restarted_server_hold_nobody_up(store: Store, workspace: Path) -> None:
    for name in "abc":
        asked(store, name)
    store.close()
    again = Store.open(workspace)
    try:
        supervisor.collect(again)
        assert states(again, "a", "b", "c") == "rqq"
        worker = job_folder.read_worker(again.workspace / "jobs" / "a")
        assert worker is not None
        os.kill(worker[0], signal.SIGKILL)
        until(again, lambda: states(again, "a", "b", "c") == "frq")
        # What cannot be started is told of, and the next one has its turn.
        (again.workspace / "jobs" / "c" / "spec.json").unlink()
        asked(again, "d")
        go(again, "b")
        until(again, lambda: states(again, "c", "d") == "fr")
        assert "spec.json" in job(again, "c").detail["result"]["reason"]
        go(again, "d")
    finally:
        again.close()


def test_each_gpu_has_a_job_of_its_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "devices", lambda: ("gpu 0", "gpu 3"))
    for name in "abc":
        asked(store, name)
    assert states(store, "a", "b", "c") == "rrq"
    go(store, "b")
    go(store, "c")
    go(store, "a")
    cards = [LocalBackend().state(store.workspace / "jobs" / name) and job(store, name).detail["result"]["cards"]
             for name in "abc"]  # fmt: skip
    assert cards == ["0", "3", "3"]


def test_a_job_that_computes_elsewhere_waits_for_nobody(store: Store) -> None:
    asked(store, "a")
    folder = job_folder.create(store.workspace / "jobs" / "e", {"kind": "generate"})
    payload = {"id": "e", "kind": "generate", "folder": "e", "detail": {"dataset": "d"}}
    launch.start(store, "ann", "p", payload, folder, needs_device=False)
    assert states(store, "a", "e") == "rr"
    go(store, "e")
    go(store, "a")


def test_when_its_turn_may_come(store: Store) -> None:
    asked(store, "a")
    asked(store, "b", estimate={"seconds": 50.0, "peak_memory_mb": 1.0})
    asked(store, "c")
    assert line.standing(store, job(store, "c")) == line.Standing(2, 1, None)
    job_folder.append(store.workspace / "jobs" / "a", "progress", done=1, total=4, seconds_left=90.0, what="learning")
    assert line.standing(store, job(store, "b")) == line.Standing(1, 1, 90.0)
    assert line.standing(store, job(store, "c")) == line.Standing(2, 1, 140.0)
    assert supervisor.spoken_progress(store, job(store, "c")) == "waiting, number 2 in line"
    for name in "abc":
        go(store, name)
    assert line.standing(store, job(store, "c")) is None and line.expected(store, job(store, "c")) == 30.0


@pytest.mark.parametrize(
    ("left", "ahead", "seconds"),
    [
        ([90.0], [], 90.0),
        ([90.0, 10.0], [], 10.0),
        ([90.0, 10.0], [30.0, 30.0], 70.0),
        ([90.0, None], [], None),
        ([90.0], [None], None),
        ([], [], None),
    ],
)
def test_the_turn_on_several_devices(
    left: list[float | None], ahead: list[float | None], seconds: float | None
) -> None:
    assert line.turn(left, ahead) == seconds
