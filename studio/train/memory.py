"""Whether an error says that memory ran out. Pure: the libraries raise plain RuntimeErrors on a CPU."""

from __future__ import annotations

_SAID = (
    "out of memory",
    "not enough memory",
    "can't allocate memory",
    "cannot allocate memory",
    "bad_alloc",
    "failed to map segment",
)


def ran_out(error: BaseException) -> bool:
    """True for a want of memory of any kind, of the machine or of the GPU."""
    return isinstance(error, MemoryError) or any(words in str(error).lower() for words in _SAID)
