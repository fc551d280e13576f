"""Small reads that many ask for again and again, kept in memory until what they read changes. No record."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 2_000


def acts_of(kinds: Iterable[str]) -> tuple[str, ...]:
    """The acts of some kinds, to be named like tables; an undo may take any of them back."""
    return tuple(f"act:{kind}" for kind in (*kinds, "undone"))


class Kept:
    """Safe to share between threads. What is kept is handed to all who ask: nobody may change it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._changed: dict[str, int] = {}
        self._values: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()

    def changed(self, names: Iterable[str], seq: int) -> None:
        """Act `seq`, which is committed but not acknowledged yet, wrote to these tables."""
        with self._lock:
            self._changed.update(dict.fromkeys(names, seq))

    def read(self, key: Hashable, names: Sequence[str], read: Callable[[], T]) -> T:
        """What `read` gave last, if no act wrote to the tables `names` since it was begun, else what it gives now.

        `key` says what is read, and `names` must hold every table (or `acts_of`) that it depends on.
        """
        with self._lock:
            stamp = max((self._changed.get(name, 0) for name in names), default=0)
            kept = self._values.get(key)
            if kept is not None and kept[0] == stamp:
                self._values.move_to_end(key)
                return kept[1]  # type: ignore[no-any-return]
        value = read()  # what is committed meanwhile has a later stamp, so that the next to ask reads again
        with self._lock:
            self._values[key] = (stamp, value)
            self._values.move_to_end(key)
            while len(self._values) > _MOST:
                self._values.popitem(last=False)
        return value
