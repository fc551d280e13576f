"""Where a job works: on this machine, or on a Ray cluster when the environment names one."""

from __future__ import annotations

import os
from pathlib import Path

from studio.jobs import local, ray
from studio.jobs.backend import Backend
from studio.jobs.local import LocalBackend


def send_to(address: str) -> None:
    """From now on new jobs of this process work on the Ray cluster at this address. Raises Refusal for none."""
    os.environ[ray.ADDRESS] = ray.checked(address)


def for_new() -> Backend:
    """Where a job that starts now will work. Raises Refusal when the cluster is named in a way that cannot be."""
    cluster = ray.cluster()
    return ray.RayBackend(cluster) if cluster else LocalBackend()


def of(folder: Path) -> Backend:
    """Where this job was started, whatever the environment names by now."""
    cluster = ray.noted(folder)
    return ray.RayBackend(cluster) if cluster else LocalBackend()


def is_here(folder: Path) -> bool:
    """Whether this job works, or worked, on this machine."""
    return ray.noted(folder) is None


def devices() -> tuple[str, ...]:
    """Where jobs started now can work, one at a time on each: "cpu", or "gpu 0", ...; "" alone when they go to a
    cluster, which keeps a line of its own."""
    return ("",) if ray.cluster() else local.devices()


def gpus() -> int | None:
    """How many GPUs a new job gets on the cluster; None when it works on this machine, with what that has."""
    cluster = ray.cluster()
    return cluster.gpus if cluster else None


def words() -> str:
    """Where new jobs go, for people. Raises Refusal for a cluster that cannot be used or does not answer in seconds."""
    cluster = ray.cluster()
    return ray.RayBackend(cluster).told() if cluster else "this machine"
