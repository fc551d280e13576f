"""The local backend: a job's worker as a process of its own on this machine.

All that it knows it reads from the job folder and the process table, so a restarted server finds every job again.
"""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from studio.jobs import folder as job_folder
from studio.jobs.backend import DIED, JobStatus, progress_of
from studio.records import JobState, Refusal

# A start time read at two moments may differ by a clock tick; a reused pid differs by far more.
_SAME_START_SECONDS = 2.0
_LITTLE_DISK_BYTES = 20 * 10**6
_GPU = "gpu "
_DISK_FULL = (
    "The worker stopped because the disk is full. What it had finished is kept. Free some space, then start it again."
)

ANYWHERE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
    # Threads that spin long while they wait make training up to 10 times slower as soon as anything else runs;
    # that never spin, half again slower on a quiet machine (benchmarks/RESULTS.md).
    "GOMP_SPINCOUNT": "3000",
    "PYTHONUNBUFFERED": "1",
}
"""What a worker's environment says on any machine."""


class LocalBackend:
    """Starts, watches and stops workers on this machine, as `Backend` says. Holds no state of its own."""

    def start(self, folder: Path) -> None:
        """Start the worker on a prepared folder, or again on one that failed or was cancelled: it continues.

        The worker is a session of its own: Ctrl-C on the server does not reach it. Raises Refusal when the job
        is running or done, or when the system gives no process, memory or disk for it.
        """
        self.reopen(folder)
        try:
            _launch(folder)
        except OSError as error:
            raise Refusal(
                f"The worker could not be started ({error.strerror or error}). Nothing that was finished is lost. "
                "Close other programs or free some disk space, then start it again."
            ) from error

    def reopen(self, folder: Path) -> None:
        """Make an ended job startable again. Raises Refusal when it is running, done or damaged."""
        job_folder.read_spec(folder)
        if job_folder.read_result(folder) is None and _alive(folder):
            raise Refusal(f"The job {folder.name} is running already. It goes on. Wait for it or stop it first.")
        job_folder.reopen(folder)

    def state(self, folder: Path) -> JobStatus:
        """State and progress. A worker that is gone without a result is `failed`, with a sentence."""
        result = job_folder.read_result(folder)
        progress = progress_of(folder)
        if result is not None:
            return JobStatus(JobState(result["state"]), progress, result.get("reason", ""))
        if job_folder.read_worker(folder) is None:
            return JobStatus(JobState.queued, progress)
        if _alive(folder):
            return JobStatus(JobState.running, progress)
        # It may have written its result and ended between the two looks.
        if (result := job_folder.read_result(folder)) is not None:
            return JobStatus(JobState(result["state"]), progress, result.get("reason", ""))
        full = shutil.disk_usage(folder).free < _LITTLE_DISK_BYTES
        return JobStatus(JobState.failed, progress, _DISK_FULL if full else DIED)

    def cancel(self, folder: Path) -> None:
        """Ask the worker to stop. It keeps what it has finished and then writes its result."""
        job_folder.ask_cancel(folder)


@functools.cache
def devices() -> tuple[str, ...]:
    """What jobs can work on here, one at a time on each: "gpu 0" and so on for the NVIDIA GPUs that this process may
    use, or "cpu" where there are none."""
    told = os.environ.get("CUDA_VISIBLE_DEVICES")
    found = told.split(",") if told is not None else _gpus()
    return tuple(f"{_GPU}{name.strip()}" for name in found if name.strip() not in ("", "-1")) or ("cpu",)


def _gpus() -> list[str]:
    command = shutil.which("nvidia-smi")
    if command is None:
        return []
    query = [command, "--query-gpu=index", "--format=csv,noheader"]
    try:
        return subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout.split()
    except (subprocess.SubprocessError, OSError):
        # A driver that does not answer means that there is no GPU to use.
        return []


def give(folder: Path, device: str) -> None:
    """Notes which device a job has. Raises OSError when the disk refuses."""
    job_folder.write_note(folder, job_folder.DEVICE, {"device": device})


def _launch(folder: Path) -> None:
    with (folder / "log.txt").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "studio.worker", str(folder.resolve())],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env=worker_environment() | _card(folder),
        )
    try:
        # A worker that has ended by now has written its result, or is found dead.
        with contextlib.suppress(psutil.NoSuchProcess):
            job_folder.write_worker(folder, process.pid, psutil.Process(process.pid).create_time())
    except OSError:
        # Nobody could find this worker again: better none than one that is unknown.
        process.kill()
        process.wait()
        raise


def _card(folder: Path) -> dict[str, str]:
    """The one GPU that the job has."""
    noted = job_folder.read_note(folder, job_folder.DEVICE, "device") or {"device": ""}
    has = str(noted["device"])
    return {"CUDA_VISIBLE_DEVICES": has.removeprefix(_GPU)} if has.startswith(_GPU) else {}


def worker_environment() -> dict[str, str]:
    """The worker's environment: offline, one GPU at most, threads for the cores this process may use."""
    cores = str(_cores())
    code = str(Path(__file__).resolve().parents[2])
    return {
        **os.environ,
        **ANYWHERE,
        # The worker runs the code that started it, installed or not.
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), code])),
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", cores),
        "GOMP_SPINCOUNT": os.environ.get("GOMP_SPINCOUNT", ANYWHERE["GOMP_SPINCOUNT"]),
        # Its kernels (oneDNN) are kept for each shape of text read, a thousand of them by default: memory that grows
        # all through a run. Fewer are no slower (benchmarks/RESULTS.md).
        "ONEDNN_PRIMITIVE_CACHE_CAPACITY": os.environ.get("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64"),
        "LRU_CACHE_CAPACITY": os.environ.get("LRU_CACHE_CAPACITY", "64"),
        # Two visible GPUs in one process are refused by the trainer.
        "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "0"),
    }


def _cores() -> int:
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _alive(folder: Path) -> bool:
    noted = job_folder.read_worker(folder)
    return noted is not None and is_running(*noted)


def is_running(pid: int, started: float) -> bool:
    """Whether the process of that pid is the one that started then (seconds since the epoch), and not dead."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - started) <= _SAME_START_SECONDS
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
