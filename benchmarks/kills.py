"""Kills: the worker in the middle of its saves, and the server while a worker trains.

    python -m benchmarks.kills [--saves 50] [--servers 20] [--seed 0]

The worker is killed (SIGKILL) within a save, goes on, and is killed again; at the end its loss curve and its adapter
must be those of a run that nobody disturbed. The server is killed, and stopped by Ctrl-C (SIGINT to its process group),
and started again, while the worker it started trains. The model is a Llama of a few thousand random weights with the
real trainer: what is measured is what is kept, not how well it learns.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from studio import datasets, projects, supervisor
from studio.jobs import folder as job_folder
from studio.jobs.local import LocalBackend, is_running
from studio.models.files import own_folder_sha256
from studio.records import JobState, to_json
from studio.store import Store, arms, runs
from studio.train import step as train_step
from studio.train.settings import Settings, resolve
from tests.tiny_model import save_tiny_model

_ROWS = 12
_SAVE_SECONDS = 0.06  # about as long as one of these saves takes


@dataclass(frozen=True)
class SaveKills:
    """`during`: kills that met a save (something half written, or an old checkpoint not yet removed). `lost`: steps of
    each kill that had to be made again; `between`: steps from one checkpoint to the next. `broken`: checkpoints under
    their name that were not whole. `elsewhere`: starts that did not go on from the newest checkpoint."""

    during: int
    lost: tuple[int, ...]
    between: int
    broken: int
    elsewhere: int
    same_losses: bool
    same_adapter: bool
    continuous: bool


@dataclass(frozen=True)
class ServerKills:
    """`unharmed`: ends of the server after which the same worker went on; `seconds`: of a restart, until it answers.
    `taken_in`: the last server recorded the run as done, with its arm. `said`: what the command that waited said."""

    ends: int
    unharmed: int
    seconds: tuple[float, ...]
    taken_in: bool
    said: str


def until(true: Callable[[], bool], seconds: float = 120.0, pause: float = 0.02) -> None:
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError("waited too long")
        time.sleep(pause)


def settings(passes: int) -> Settings:
    """A checkpoint after each pass, which is of three steps."""
    return replace(resolve("quick_trial", _ROWS), epochs=passes, upper_layers=1.0, row_limit=0, evaluations=0)


def train_job(workspace: Path, settings: Settings) -> Path:
    """A prepared fine-tune of the tiny model."""
    model = workspace / "tiny"
    if not model.exists():
        save_tiny_model(model)
    rows = [
        {"id": f"r{n}", "input": f"my {what} is late", "ideal": f"thanks for asking about the {what}"}
        for n, what in zip(range(_ROWS), ("kettle", "lamp", "rug") * _ROWS, strict=False)
    ]
    spec = {
        "kind": "train", "id": "job", "project": "p", "settings": to_json(settings), "seed": 0,
        "model": {"name": "tiny", "path": str(model), "sha256": own_folder_sha256(model)},
        "train": "inputs/train.jsonl", "validation": "inputs/validation.jsonl", "samples": [], "dataset_sha256": "",
    }  # fmt: skip
    inputs = {"train.jsonl": job_folder.jsonl(rows), "validation.jsonl": job_folder.jsonl(rows[:2])}
    return job_folder.create(workspace / "jobs" / job_folder.new_id(), spec, inputs)


def ended(folder: Path) -> dict[str, Any]:
    """The result, once there is one."""
    until(lambda: LocalBackend().state(folder).state not in (JobState.queued, JobState.running), seconds=600.0)
    result = job_folder.read_result(folder)
    if result is None or result["state"] != "done":
        raise RuntimeError((folder / "log.txt").read_text())
    return result


def kill_in_saves(workspace: Path, kills: int, seed: int, passes: int) -> SaveKills:
    """Kills the worker of one run in its saves, and compares its end with that of a run that is left alone."""
    alone, folder = (train_job(workspace, settings(passes)) for _ in range(2))
    draw = random.Random(seed)
    LocalBackend().start(alone)
    reference = ended(alone)
    during = broken = elsewhere = 0
    lost: list[int] = []
    for _ in range(kills):
        kept = newest(folder)
        pid = _start(folder)
        _in_a_save(folder, draw, pid)
        os.kill(pid, signal.SIGKILL)
        until(lambda: LocalBackend().state(folder).state is JobState.failed)
        begun = [e["done"] for e in job_folder.read_events(folder).rows if e.get("what") == "learning"]
        elsewhere += _first_of_this_start(folder) != kept
        during += any((folder / "checkpoints" / ".writing").glob("*")) or len(_steps(folder)) > 2
        broken += not _whole(folder / "checkpoints" / f"step-{newest(folder)}") if newest(folder) else 0
        lost.append(begun[-1] - newest(folder))
    LocalBackend().start(folder)
    result = ended(folder)
    steps = [row["step"] for row in result["losses"] if row["train"] is not None]
    return SaveKills(
        during, tuple(lost), result["steps"] // passes, broken, elsewhere, result["losses"] == reference["losses"],
        result["adapter_sha256"] == reference["adapter_sha256"],
        steps == [row["step"] for row in reference["losses"] if row["train"] is not None],
    )  # fmt: skip


def _start(folder: Path) -> int:
    """Starts the worker, and waits until it learns."""
    begun = _count(folder)
    LocalBackend().start(folder)
    until(lambda: _count(folder) > begun)
    noted = job_folder.read_worker(folder)
    assert noted is not None
    return noted[0]


def _count(folder: Path) -> int:
    """How often a worker began to learn here."""
    rows = job_folder.read_events(folder).rows
    return sum(e.get("what") == "learning" and e["seconds_left"] is None for e in rows)


def _first_of_this_start(folder: Path) -> int:
    """The step that the last worker went on from."""
    rows = job_folder.read_events(folder).rows
    return [int(e["done"]) for e in rows if e.get("what") == "learning" and e["seconds_left"] is None][-1]


def _in_a_save(folder: Path, draw: random.Random, pid: int) -> None:
    """Returns at a random moment of one of the next three saves."""
    writing, seen = folder / "checkpoints" / ".writing", set[str]()
    saves = draw.randint(1, 3)
    while len(seen) < saves:
        if job_folder.read_result(folder) is not None:
            raise RuntimeError("The run ended before its last kill: give it more passes.")
        seen |= {path.name for path in writing.glob("checkpoint-*")}
        time.sleep(0.001)
    time.sleep(draw.uniform(0.0, _SAVE_SECONDS))


def _steps(folder: Path) -> list[int]:
    return sorted(int(path.name.removeprefix("step-")) for path in (folder / "checkpoints").glob("step-*"))


def newest(folder: Path) -> int:
    """The step of the newest checkpoint under its name; 0 without one."""
    return _steps(folder)[-1] if _steps(folder) else 0


def _whole(checkpoint: Path) -> bool:
    """Whether the adapter has all its bytes and the state is JSON; asks none of the studio's own checks."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_bytes())
        content = (checkpoint / "adapter_model.safetensors").read_bytes()
        head = int.from_bytes(content[:8], "little")
        told = json.loads(content[8 : 8 + head])
    except (OSError, ValueError):
        return False
    last = max(entry["data_offsets"][1] for name, entry in told.items() if name != "__metadata__")
    return bool(len(content) == 8 + head + last)


# -- the server ------------------------------------------------------------------------------------


def kill_servers(workspace: Path, signals: Sequence[signal.Signals], seed: int, passes: int) -> ServerKills:
    """Ends the server by each of `signals` in turn while the worker that it started trains, and starts it again."""
    project, job = _stopped_run(workspace, passes)
    folder, draw = workspace / "jobs" / job, random.Random(seed)
    server, seconds = _serve(workspace), []
    command = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "train", "--project", project, "--resume", job,
         "--workspace", str(workspace)], stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until(lambda: LocalBackend().state(folder).state is JobState.running and _count(folder) > 1)
    noted, unharmed = job_folder.read_worker(folder), 0
    assert noted is not None
    for each in signals:
        time.sleep(draw.uniform(0.0, 1.0))
        os.killpg(server.pid, each)
        server.wait(30)
        unharmed += is_running(*noted) and job_folder.read_worker(folder) == noted
        began = time.monotonic()
        server = _serve(workspace)
        seconds.append(time.monotonic() - began)
    if job_folder.read_result(folder) is not None:
        raise RuntimeError("The run ended before the server's last end: give it more passes.")
    said = command.communicate(timeout=30)[1].strip()
    ended(folder)
    time.sleep(3.0)  # a server looks each second
    os.killpg(server.pid, signal.SIGTERM)
    server.wait(30)
    store = Store.open(workspace)
    run = runs.get(store, job)
    taken = run is not None and run.state is JobState.done and any(a.run == job for a in arms.every(store, project))
    store.close()
    return ServerKills(len(signals), unharmed, tuple(seconds), taken, said)


def _stopped_run(workspace: Path, passes: int) -> tuple[str, str]:
    """A project with a run of the tiny model that was stopped at its first step: project, job."""
    model = save_tiny_model(workspace / "tiny")
    store = Store.open(workspace)
    try:
        project = projects.from_demo(store, "bench", "support-replies").id
        dataset = datasets.freeze(store, "bench", project).id
        changes = {"epochs": passes, "upper_layers": 1.0, "evaluations": 0, "sample_tokens": 4}
        found, settings = train_step.asked(store, dataset, preset="quick_trial", model=str(model), changes=changes)
        run = train_step.begin(store, "bench", found, settings, str(model), {})
        job = runs.job(store, run.job)
        assert job is not None
        train_step.stop(store, job)
        supervisor.wait(store, run.job)
        return project, run.job
    finally:
        store.close()


def _serve(workspace: Path) -> subprocess.Popen[str]:
    """A server in a process group of its own, once it has said its address."""
    server = subprocess.Popen(
        [sys.executable, "-m", "studio.cli", "serve", "--workspace", str(workspace), "--port", "0"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )  # fmt: skip
    assert server.stdout is not None
    for line in server.stdout:
        if "http://127.0.0.1:" in line:
            return server
    raise RuntimeError("the server did not start")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=50, help="kills of the worker (0: none)")
    parser.add_argument("--servers", type=int, default=20, help="kills of the server, and as often Ctrl-C (0: none)")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print("| what | of | result |\n|---|---|---|")
    if args.saves:
        with tempfile.TemporaryDirectory() as place:
            _told_saves(args.saves, kill_in_saves(Path(place), args.saves, args.seed, passes=3 * args.saves + 2))
    for each in (signal.SIGKILL, signal.SIGINT) if args.servers else ():
        with tempfile.TemporaryDirectory() as place:
            found = kill_servers(Path(place), [each] * args.servers, args.seed, passes=12 * args.servers)
            _told_servers(each.name, found)


def _told_saves(kills: int, found: SaveKills) -> None:
    print(f"| kills of the worker that met a save | {kills} | {found.during} |")
    most = f"{max(found.lost)} of {found.between}; mean {sum(found.lost) / kills:.1f}"
    print(f"| most steps lost by a kill, of those between two checkpoints | {kills} | {most} |")
    print(
        f"| broken checkpoints under their name; starts from elsewhere | {kills} | {found.broken}; {found.elsewhere} |"
    )
    same = (found.continuous, found.same_losses, found.same_adapter)
    words = ["yes" if each else "NO" for each in same]
    print(f"| steps continuous; losses; adapter as undisturbed | 1 run | {'; '.join(words)} |")


def _told_servers(name: str, found: ServerKills) -> None:
    slowest = max(found.seconds)
    print(f"| {name} to the server: same worker goes on | {found.ends} | {found.unharmed} |")
    print(f"| {name}: slowest restart of the server | {found.ends} | {slowest:.1f} s |")
    print(f"| {name}: the run was taken in, with its arm | 1 run | {'yes' if found.taken_in else 'NO'} |")


if __name__ == "__main__":
    main()
