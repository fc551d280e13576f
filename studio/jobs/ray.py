"""The Ray backend: the same worker on the same job folder, started on a cluster through Ray's Jobs API.

The cluster must see the workspace and the models at the same paths as the studio does (shared storage). Where a job
went lies in its folder (`ray.json`: which cluster, and the job's name there), written before the cluster is asked, so
that a studio that is killed at any moment finds the job again. Ray is loaded when it is first needed.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from studio.jobs import folder as job_folder
from studio.jobs.backend import DIED, JobStatus, progress_of
from studio.jobs.local import ANYWHERE
from studio.records import JobState, Refusal

ADDRESS, GPUS, CPUS, PYTHON = "YARDSTICK_RAY", "YARDSTICK_RAY_GPUS", "YARDSTICK_RAY_CPUS", "YARDSTICK_RAY_PYTHON"
"""Environment: the cluster's job server (http://HOST:8265), what a job takes there, the Python there."""

_ANSWER_SECONDS, _SUBMIT_SECONDS, _QUIET_SECONDS = 5.0, 60.0, 10.0
_UNREACHABLE = "the cluster cannot be reached now; if it is well, the job goes on there"
_PENDING = "waiting for a free place on the cluster"


@dataclass(frozen=True)
class Cluster:
    """A Ray cluster. `gpus`, `cpus`: what a job takes there; `python`: the interpreter there that has the studio."""

    address: str
    gpus: int = 0
    cpus: int = 1
    python: str = sys.executable


class Unreachable(Refusal):
    """Nobody can tell now how a job on the cluster stands; it may well go on."""


def cluster() -> Cluster | None:
    """The cluster that the environment names, or None. Raises Refusal for an address or a number that is none."""
    address = os.environ.get(ADDRESS, "")
    if not address:
        return None
    python = os.environ.get(PYTHON) or sys.executable
    return Cluster(checked(address), _number(GPUS, 0, 1), _number(CPUS, 1, 1024), python)


def checked(address: str) -> str:
    """The address of a job server without what may follow it. Raises Refusal when it is none; asks nobody."""
    if not address.startswith(("http://", "https://")):
        raise Refusal(
            f"“{address}” is no address of a Ray job server. Nothing was started. Give it as http://HOST:8265."
        )
    return address.rstrip("/")


def _number(variable: str, least: int, most: int) -> int:
    said = os.environ.get(variable) or str(least)
    if not said.isdecimal() or not least <= int(said) <= most:
        raise Refusal(f"{variable} is “{said}”. Nothing was started. Give it as a number from {least} to {most}.")
    return int(said)


def noted(folder: Path) -> Cluster | None:
    """The cluster this job was handed to, or None: it works on this machine. Raises Refusal for a damaged note."""
    note = job_folder.read_note(folder, job_folder.RAY_NOTE, "name", *Cluster.__dataclass_fields__)
    return Cluster(**{key: note[key] for key in Cluster.__dataclass_fields__}) if note else None


class RayBackend:
    """Hands jobs to one cluster, as `Backend` says."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster, self._server = cluster, _server(cluster.address)

    def told(self) -> str:
        """Whether the cluster answers, in words. Raises Refusal when it does not."""
        return f"the Ray cluster at {self._cluster.address}, Ray {self._server.greet()}"

    def start(self, folder: Path) -> None:
        """See Backend.start. Raises Refusal, too, when the cluster cannot be reached. It does not promise that the
        worker begins: the job waits on the cluster until what it takes is free."""
        self.reopen(folder)
        self._server.greet()
        name, home = f"{folder.name}-{job_folder.new_id()}", folder.resolve()
        job_folder.write_note(folder, job_folder.RAY_NOTE, {**asdict(self._cluster), "name": name})
        note, log = (shlex.quote(str(home / file)) for file in (job_folder.RAY_NOTE, "log.txt"))
        # Ray keeps a job that was stopped while it waited until its turn comes. By then another may be at this folder.
        command = (
            f"grep -qF {name} {note} && exec {shlex.join([self._cluster.python, '-m', 'studio.worker', str(home)])}"
        )
        environment = {**ANYWHERE, "OMP_NUM_THREADS": str(self._cluster.cpus)}
        if not self._cluster.gpus:
            environment["CUDA_VISIBLE_DEVICES"] = ""  # a card that was not asked for belongs to somebody else
        self._server.submit(
            entrypoint=f"{command} >> {log} 2>&1", submission_id=name,
            # Without a core of its own, Ray would run it on the head node, however busy that is.
            entrypoint_num_cpus=self._cluster.cpus, entrypoint_num_gpus=self._cluster.gpus or None,
            runtime_env={"env_vars": environment},
        )  # fmt: skip

    def reopen(self, folder: Path) -> None:
        """See Backend.reopen. Raises Unreachable while nobody can tell whether the worker still runs."""
        job_folder.read_spec(folder)
        asked = job_folder.read_result(folder) is None and self._told(folder)
        if asked == "RUNNING" or (asked == "PENDING" and not job_folder.cancel_asked(folder)):
            raise Refusal(f"The job {folder.name} is running already. It goes on. Wait for it or stop it first.")
        job_folder.reopen(folder)

    def state(self, folder: Path) -> JobStatus:
        """See Backend.state. What the job waits for is noted in its folder, for the pages, and in `progress.what`;
        while the cluster cannot be reached the job is `running`."""
        if (ended := _ended(folder)) is not None:
            return ended
        try:
            told = self._told(folder)
        except Unreachable:
            return _waits(folder, _UNREACHABLE)
        if told == "PENDING" and job_folder.cancel_asked(folder):
            return JobStatus(JobState.cancelled, progress_of(folder), "Stopped before it began. Nothing was lost.")
        if told == "PENDING":
            return _waits(folder, _PENDING)
        (folder / job_folder.WAITING).unlink(missing_ok=True)
        if told == "RUNNING":
            return JobStatus(JobState.running, progress_of(folder))
        # It may have written its result and ended between the two looks.
        return _ended(folder) or self._without_result(folder, told)

    def cancel(self, folder: Path) -> None:
        """See Backend.cancel. A job that waits on the cluster counts as stopped at once; to one that runs only the file
        speaks: Ray would kill it three seconds after its signal, in the middle of a save."""
        job_folder.ask_cancel(folder)
        try:
            if self._told(folder) == "PENDING":
                self._server.stop(_name(folder))
        except Unreachable:
            return  # its worker sees the file once it begins

    def _told(self, folder: Path) -> str | None:
        return self._server.status(name) if (name := _name(folder)) else None

    def _without_result(self, folder: Path, told: str | None) -> JobStatus:
        progress, began = progress_of(folder), job_folder.read_worker(folder) is not None
        if told is None and not began:
            return JobStatus(JobState.queued, progress)
        if told == "STOPPED" and job_folder.cancel_asked(folder):
            return JobStatus(JobState.cancelled, progress, "It was stopped. What it had finished is kept.")
        return JobStatus(JobState.failed, progress, DIED if began else (
            f"The cluster could not start the worker. Nothing is lost. Check that its machines see the folder "
            f"{folder.resolve().parent} and have the studio in {self._cluster.python} ({PYTHON}), then start it again."
        ))  # fmt: skip


def _name(folder: Path) -> str:
    note = job_folder.read_note(folder, job_folder.RAY_NOTE, "name")
    return str(note["name"]) if note else ""


def _ended(folder: Path) -> JobStatus | None:
    result = job_folder.read_result(folder)
    if result is None:
        return None
    (folder / job_folder.WAITING).unlink(missing_ok=True)
    return JobStatus(JobState(result["state"]), progress_of(folder), result.get("reason", ""))


def _waits(folder: Path, what: str) -> JobStatus:
    note = {"what": what}
    if job_folder.read_note(folder, job_folder.WAITING) != note:
        job_folder.write_note(folder, job_folder.WAITING, note)
    progress = progress_of(folder)
    return JobStatus(JobState.running, replace(progress, what=what, seconds_left=None))


@dataclass
class _Server:
    """The job server of a cluster, asked with a limit of time; after a silence it is left alone for some seconds, so
    that whoever looks at many jobs does not wait for each."""

    address: str
    _client: Any = field(default=None, init=False)
    _silent_until: float = field(default=0.0, init=False)

    def greet(self) -> str:
        """The version of Ray there. Raises Refusal when it does not answer, however recently it was asked, or is no
        job server of Ray's."""
        self._silent_until = 0.0
        try:
            return str(self._asked(lambda client: client.server_version()))
        except (RuntimeError, KeyError) as error:
            raise Refusal(
                f"What answers at {self.address} is no Ray job server that takes jobs from here. Nothing was started. "
                "Check the address; it is the one of Ray's dashboard."
            ) from error

    def submit(self, **job: Any) -> None:
        """Hands a job over. Raises Refusal when the cluster says no; a silence is no no: `status` tells later."""
        try:
            self._asked(lambda client: client.submit_job(**job))
        except Unreachable:
            return
        except RuntimeError as error:
            raise Refusal(
                f"The cluster at {self.address} did not take the job ({str(error).strip().splitlines()[-1][:200]}). "
                "Nothing is lost. Mend that there, then start it again."
            ) from error

    def status(self, name: str) -> str | None:
        """PENDING, RUNNING, STOPPED, SUCCEEDED or FAILED; None when it knows no such job. Raises Unreachable."""
        try:
            return str(self._asked(lambda client: client.get_job_status(name)).value)
        except RuntimeError as error:
            # Ray tells all that went wrong as one kind of error.
            if "status code 404" in str(error):
                return None
            raise self._silence(error) from error

    def stop(self, name: str) -> None:
        """Raises Unreachable."""
        try:
            self._asked(lambda client: client.stop_job(name))
        except RuntimeError as error:
            raise self._silence(error) from error

    def _asked(self, question: Callable[[Any], Any]) -> Any:
        if time.monotonic() < self._silent_until:
            raise self._silence(None)
        try:
            self._client = self._client or _connected(self.address)
            return question(self._client)
        except OSError as error:  # those of `requests` are OSErrors, too
            self._silent_until = time.monotonic() + _QUIET_SECONDS
            raise self._silence(error) from error

    def _silence(self, error: Exception | None) -> Unreachable:
        return Unreachable(
            f"The Ray cluster at {self.address} cannot be reached. Nothing is lost; what works there already goes on. "
            "Start the cluster or mend the address, then try again; without --ray, jobs work on this machine."
        )


@cache
def _server(address: str) -> _Server:
    return _Server(address)


def _connected(address: str) -> Any:
    try:
        from ray.exceptions import RayError
        from ray.job_submission import JobSubmissionClient
    except ImportError as error:
        raise Refusal(
            "Ray is not installed where the studio runs. Nothing was started and nothing is lost. Install it "
            "(pip install 'yardstick[ray]'), or start the studio without --ray."
        ) from error

    class Client(JobSubmissionClient):  # type: ignore[misc]
        """Ray's own, which would wait for ever for a server that says nothing."""

        def _do_request(self, method: str, endpoint: str, **more: Any) -> Any:
            submits = (method, endpoint) == ("POST", "/api/jobs/")
            more.setdefault("timeout", _SUBMIT_SECONDS if submits else _ANSWER_SECONDS)
            try:
                return super()._do_request(method, endpoint, **more)
            except RayError as error:  # a token that the cluster does not accept
                raise RuntimeError(str(error)) from error

        def server_version(self) -> str:
            return str(self._do_request("GET", "/api/version").json()["ray_version"])

    client = Client(address)
    if client.get_address() != address:
        raise Refusal(
            f"The environment (RAY_ADDRESS) sends jobs to {client.get_address()}, the studio to {address}. Nothing was "
            "started. Start the studio without RAY_ADDRESS."
        )
    return client
