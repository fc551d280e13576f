"""The energy that a run took, where this machine lets it be read; otherwise it says that nothing was measured.

Read are the counters that the hardware keeps itself: of the processors (RAPL, in Linux) and of the graphics card
(NVML). Both count whatever runs there, not this run alone, and leave out memory, disks, fans and the power supply.
Nothing is worked out from a data sheet.
"""

from __future__ import annotations

import ctypes
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

RAPL = Path("/sys/class/powercap")
# A processor's counter starts again after about 260 kJ: well under an hour of a busy one.
_EVERY_SECONDS = 60.0


@dataclass(frozen=True)
class Energy:
    """`joules` of the parts of the machine that `of` names; None where no counter could be read."""

    joules: float | None
    of: tuple[str, ...] = ()


@dataclass
class Counter:
    """One counter. `read` gives joules since some start; it begins again from 0 after `wraps` (0: never)."""

    what: str
    read: Callable[[], float]
    wraps: float = 0.0
    last: float = 0.0
    total: float = 0.0

    def went_on(self) -> None:
        now = self.read()
        passed = now - self.last
        self.total += passed + self.wraps if passed < 0 else passed
        self.last = now


class Meter:
    """Counts from the moment it is made; `stop` ends it. A counter that cannot be read any more is left out."""

    def __init__(self, counters: list[Counter]) -> None:
        self._counters, self._done = [], threading.Event()
        for counter in counters:
            try:
                counter.last = counter.read()
            except OSError:
                continue
            self._counters.append(counter)
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def _follow(self) -> None:
        while not self._done.wait(_EVERY_SECONDS):
            self._look()

    def _look(self) -> None:
        for counter in list(self._counters):
            try:
                counter.went_on()
            except OSError:
                self._counters.remove(counter)

    def stop(self) -> Energy:
        """What was counted. Call it once."""
        self._done.set()
        self._thread.join()
        self._look()
        if not self._counters:
            return Energy(None)
        return Energy(round(sum(c.total for c in self._counters), 1), tuple(c.what for c in self._counters))


def counters(card: str = "", rapl: Path = RAPL) -> list[Counter]:
    """The counters of this machine; `card`: the UUID of the graphics card in use ("" for none)."""
    found = [_processor(folder) for folder in sorted(rapl.glob("intel-rapl:*")) if _is_package(folder)]
    return [*found, *([read] if card and (read := _graphics(card)) else [])]


def _is_package(folder: Path) -> bool:
    """A whole processor, and one whose counter this process may read."""
    try:
        return (folder / "name").read_text().startswith("package") and os.access(folder / "energy_uj", os.R_OK)
    except OSError:
        return False


def _processor(folder: Path) -> Counter:
    wraps = int((folder / "max_energy_range_uj").read_text()) / 1e6
    return Counter("processor", lambda: int((folder / "energy_uj").read_text()) / 1e6, wraps)


def _graphics(uuid: str) -> Counter | None:
    try:
        library = ctypes.CDLL("libnvidia-ml.so.1")
    except OSError:
        return None
    handle = ctypes.c_void_p()
    if library.nvmlInit_v2() or library.nvmlDeviceGetHandleByUUID(uuid.encode(), ctypes.byref(handle)):
        return None

    def read() -> float:
        millijoules = ctypes.c_ulonglong()
        if code := library.nvmlDeviceGetTotalEnergyConsumption(handle, ctypes.byref(millijoules)):
            raise OSError(f"the card's energy counter answers with error {code}")
        return millijoules.value / 1000

    return Counter("graphics card", read)
