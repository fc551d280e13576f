"""What was read, kept in memory until anything is written: for what one page asks for several times."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 24


class Once:
    """The last values that were read at one version of the store. Safe to share between threads.

    Two threads that ask at the same moment may both read. Nothing here is a record, and no value may be changed by
    whoever gets it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()

    def get(self, version: int, key: Hashable, read: Callable[[], T]) -> T:
        """What `read` gave at this version. `version`: of an act that was committed before this was asked."""
        with self._lock:
            if version > self._version:
                self._version, self._kept = version, OrderedDict()
            if version == self._version and key in self._kept:
                self._kept.move_to_end(key)
                found: T = self._kept[key]
                return found
        found = read()
        with self._lock:
            if version == self._version:
                self._kept[key] = found
                while len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
        return found
