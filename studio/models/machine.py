"""What this machine can do, asked without loading a model library."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Machine:
    """What this machine can do. Sizes in GB (10^9 bytes). `gpu_memory_gb` is 0 without a GPU."""

    python: str
    device: str
    cores: int
    memory_gb: float
    gpu_memory_gb: float
    disk_free_gb: float


def machine(folder: Path) -> Machine:
    """This machine, asked without loading a model library. Free disk is that of `folder`'s disk."""
    name, gpu_gb = _gpu()
    existing = next(path for path in (folder.resolve(), *folder.resolve().parents) if path.exists())
    affinity = getattr(os, "sched_getaffinity", None)
    cores = len(affinity(0)) if affinity else os.cpu_count() or 1
    return Machine(
        python=platform.python_version(),
        device=name or f"CPU, {cores} cores",
        cores=cores,
        memory_gb=round(_memory_bytes() / 1e9, 1),
        gpu_memory_gb=gpu_gb,
        disk_free_gb=round(shutil.disk_usage(existing).free / 1e9, 1),
    )


def others_at_work() -> float:
    """Programs at work a core over the last minute (the load average); 0 where the system does not tell."""
    told = getattr(os, "getloadavg", None)
    return round(told()[0] / (os.cpu_count() or 1), 2) if told else 0.0


def _gpu() -> tuple[str, float]:
    """Name and memory in GB of the first NVIDIA GPU, or ("", 0)."""
    command = shutil.which("nvidia-smi")
    if command is None:
        return "", 0.0
    query = [command, "--query-gpu=name,memory.total", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(query, capture_output=True, text=True, timeout=10, check=True).stdout
    except (subprocess.SubprocessError, OSError):
        # A driver that does not answer means that there is no GPU to use.
        return "", 0.0
    name, _, mib = answer.strip().splitlines()[0].rpartition(", ")
    return name, round(int(mib) * 2**20 / 1e9, 1)


_CONTAINER = Path("/sys/fs/cgroup")


def _memory_bytes() -> int:
    """Memory this process may use: the machine's, or a container's limit when that is smaller."""
    total: int = psutil.virtual_memory().total
    limit = _number(_CONTAINER / "memory.max")
    return total if limit is None else min(total, limit)


def free_memory_bytes() -> int:
    """Memory that can still be taken now: the machine's, or what a container's limit leaves when that is less."""
    free: int = psutil.virtual_memory().available
    limit, held = _number(_CONTAINER / "memory.max"), _number(_CONTAINER / "memory.current")
    return free if limit is None or held is None else min(free, max(0, limit - held))


def _number(file: Path) -> int | None:
    """What a file of the kernel says, None when there is none or no limit."""
    text = file.read_text().strip() if file.is_file() else "max"
    return int(text) if text.isdigit() else None
