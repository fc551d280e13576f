"""Memory that runs out: as an error that can be caught, and how to know it. Loads no model library."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import psutil

# Of the free memory; the rest is for what other programs take meanwhile.
_SHARE = 0.95

_SAID = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "failed to map segment",
    "could not create a primitive",  # what the CPU's kernels say when their scratch memory is refused
    "could not create a memory",
)


def ran_out(error: BaseException) -> bool:
    """True for a want of memory of any kind, of the machine or of the GPU."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _SAID)


def keep_within(free: int) -> None:
    """From now on, taking more than about `free` further bytes raises an error here, which can be answered, instead of
    the system ending this process, or another. Only where the kernel counts what a process holds (Linux)."""
    held = getattr(psutil.Process().memory_info(), "data", None)
    if held is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    most = held + int(_SHARE * free)
    for limit in (soft, hard):
        if limit != resource.RLIM_INFINITY:
            most = min(most, limit)
    resource.setrlimit(resource.RLIMIT_DATA, (most, hard))


def peak_memory_mb() -> float:
    """The most memory this process has held at once, in MB (2^20 bytes)."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 2**10), 1)


def peak_starts_now() -> bool:
    """From now on `peak_memory_mb` tells the most that is held from this moment; False where the system does not let a
    process begin anew (all but Linux), and then nothing was changed."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return False
    return True
