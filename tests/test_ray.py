"""The Ray backend: a cluster that cannot be reached, and real jobs of the real worker on a real cluster here."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest
from tiny_model import save_tiny_model

from studio.jobs import folder as job_folder
from studio.jobs import place, ray
from studio.jobs.local import LocalBackend
from studio.models.files import own_folder_sha256
from studio.records import JobState, Refusal, to_json
from studio.train.settings import resolve

ROWS = [{"id": f"r{n}", "input": "my kettle is late", "ideal": "thanks for asking about the kettle"} for n in range(12)]
SMALL = replace(resolve("quick_trial", len(ROWS)), epochs=2, upper_layers=1.0, lora_rank=2, row_limit=0)

# On a busy machine Ray's own parts take one another for dead.
PATIENT = {
    "RAY_worker_niceness": "0", "RAY_health_check_timeout_ms": "60000", "RAY_health_check_period_ms": "20000",
    "RAY_health_check_initial_delay_ms": "60000", "RAY_gcs_rpc_server_reconnect_timeout_s": "300",
    "RAY_raylet_start_wait_time_s": "120",
}  # fmt: skip


def until(true: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


def train_job(workspace: Path, epochs: int = 2) -> Path:
    """A fine-tune of a few thousand random weights: the real worker, without any download."""
    model = workspace / "tiny"
    if not model.exists():
        save_tiny_model(model)
    settings = replace(SMALL, epochs=epochs)
    spec = {
        "kind": "train", "id": "job", "project": "p", "settings": to_json(settings), "seed": 0,
        "model": {"name": "tiny", "path": str(model), "sha256": own_folder_sha256(model)},
        "train": "inputs/train.jsonl", "validation": "inputs/validation.jsonl", "samples": [], "dataset_sha256": "",
    }  # fmt: skip
    inputs = {"train.jsonl": job_folder.jsonl(ROWS), "validation.jsonl": job_folder.jsonl(ROWS[:2])}
    return job_folder.create(workspace / "jobs" / job_folder.new_id(), spec, inputs)


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A Ray head with one core to give away; the address of its job server. All of it is on loopback: for 127.0.0.1
    Ray would take the machine's address on the network instead."""
    dashboard = free_port()
    address = f"http://127.0.0.1:{dashboard}"
    with tempfile.TemporaryDirectory(prefix="ray-", dir="/tmp") as folder:  # a socket's path may not be long
        head = subprocess.Popen(
            [str(Path(sys.executable).parent / "ray"), "start", "--head", "--block", "--node-ip-address=127.0.0.2",
             f"--port={free_port()}", "--dashboard-host=127.0.0.1", f"--dashboard-port={dashboard}", "--num-cpus=1",
             "--object-store-memory=80000000", f"--temp-dir={folder}", "--disable-usage-stats"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **PATIENT},
        )  # fmt: skip
        try:
            until(lambda: answers(address), seconds=240.0)
            yield address
        finally:
            own = psutil.Process(head.pid).children(recursive=True) if head.poll() is None else []
            head.terminate()
            for process in psutil.wait_procs(own, timeout=10)[1]:
                process.kill()
            head.kill()
            head.wait()


def answers(address: str) -> bool:
    try:
        return bool(ray.RayBackend(ray.Cluster(address)).told())
    except Refusal:
        return False


@pytest.fixture
def on_cluster(cluster: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(ray.ADDRESS, cluster)
    return cluster


def result(folder: Path) -> dict[str, Any]:
    until(lambda: place.of(folder).state(folder).state not in (JobState.queued, JobState.running), 120.0)
    found = job_folder.read_result(folder)
    assert found is not None, (folder / "log.txt").read_text()
    return found


def test_jobs_work_here_unless_a_cluster_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(ray.ADDRESS, raising=False)
    assert isinstance(place.for_new(), LocalBackend) and place.words() == "this machine"
    monkeypatch.setenv(ray.ADDRESS, "head:8265")
    with pytest.raises(Refusal, match="http://HOST:8265"):
        place.for_new()
    monkeypatch.setenv(ray.ADDRESS, "http://head:8265/")
    monkeypatch.setenv(ray.GPUS, "1")
    assert ray.cluster() == ray.Cluster("http://head:8265", gpus=1)
    monkeypatch.setenv(ray.GPUS, "two")
    with pytest.raises(Refusal, match="YARDSTICK_RAY_GPUS is “two”"):
        place.for_new()


def test_a_cluster_that_is_away_or_says_nothing_is_told_and_loses_nothing(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray, "_ANSWER_SECONDS", 0.3)
    folder = job_folder.create(workspace / "jobs" / "j", {"kind": "train"})
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (free_port(), silent.getsockname()[1]):
            backend = ray.RayBackend(ray.Cluster(f"http://127.0.0.1:{port}"))
            began = time.monotonic()
            with pytest.raises(ray.Unreachable, match="cannot be reached. Nothing is lost"):
                backend.start(folder)
            assert time.monotonic() - began < 20.0  # loading Ray included, on a busy machine
            assert LocalBackend().state(folder).state is JobState.queued and place.is_here(folder)
            # A job that is there already is not given up because nobody can ask about it just now.
            note = {"address": f"http://127.0.0.1:{port}", "gpus": 0, "cpus": 1, "python": "python", "name": "j-1"}
            job_folder.write_note(folder, job_folder.RAY_NOTE, note)
            status = place.of(folder).state(folder)
            assert not place.is_here(folder)
            assert status.state is JobState.running and "cannot be reached" in status.progress.what
            with pytest.raises(ray.Unreachable):
                place.of(folder).reopen(folder)
            place.of(folder).cancel(folder)
            assert job_folder.cancel_asked(folder)
            job_folder.reopen(folder)


@pytest.mark.ray
def test_jobs_on_the_cluster_are_found_again_stopped_and_end_as_they_do_here(workspace: Path, on_cluster: str) -> None:
    first, second, here = train_job(workspace, epochs=2000), train_job(workspace), train_job(workspace)
    assert place.words().startswith(f"the Ray cluster at {on_cluster}, Ray 2.")
    place.for_new().start(first)
    with pytest.raises(Refusal, match="running already"):
        place.for_new().start(first)
    until(lambda: place.of(first).state(first).progress.done > 0)
    # What a restarted studio does, also one that would start new jobs elsewhere: it knows the folder and nothing else.
    code = (
        "import sys; from pathlib import Path; from studio.jobs import place; folder = Path(sys.argv[1]); "
        "print(place.of(folder).state(folder).state.value)"
    )
    environment = {key: value for key, value in os.environ.items() if key != ray.ADDRESS}
    found = subprocess.run([sys.executable, "-c", code, str(first)], capture_output=True, text=True, env=environment)
    assert found.stdout.strip() == "running", found.stderr

    place.for_new().start(second)
    assert place.of(second).state(second).progress.what == "waiting for a free place on the cluster"
    place.of(second).cancel(second)
    assert place.of(second).state(second).state is JobState.cancelled
    place.for_new().start(second)  # by another name, while the cluster still keeps the one that was stopped
    place.of(first).cancel(first)
    stopped = result(first)
    assert stopped["state"] == "cancelled" and (first / stopped["adapter"]).is_dir()

    done = result(second)
    assert done["state"] == "done", done["reason"]
    LocalBackend().start(here)
    alone = result(here)
    assert [row["train"] for row in done["losses"]] == [row["train"] for row in alone["losses"]]
    assert done["adapter_sha256"] == alone["adapter_sha256"] and done["starts"] == 1
    told, as_told = (
        [event["kind"] for event in job_folder.read_events(folder).rows] for folder in (second, here)
    )  # fmt: skip
    assert told == as_told
    with pytest.raises(Refusal, match="done already"):
        place.for_new().start(second)


@pytest.mark.ray
def test_a_worker_that_cannot_begin_there_is_told_in_words(workspace: Path, on_cluster: str) -> None:
    folder = train_job(workspace)
    ray.RayBackend(replace(ray.Cluster(on_cluster), python="/nowhere/python")).start(folder)
    until(lambda: place.of(folder).state(folder).state is JobState.failed)
    assert "/nowhere/python" in place.of(folder).state(folder).reason
