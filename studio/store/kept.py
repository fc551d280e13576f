"""Reads that many ask for again and again, kept in memory until what they read changes. No record."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

_MOST = 2_000
LARGE_ONES = 128
"""How many things are kept where each may be large. A closed round and its three arms take about 40, which
share their parts; with 2,500 votes these hold 14 MB."""
TALK = (
    "comment.added", "comment.edited", "comment.removed", "comment.settled", "decision.signed", "decision.withdrawn",
    "session.opened", "session.closed", "share.made", "share.opened", "share.withdrawn", "token.made",
    "token.withdrawn", "view.saved", "view.removed", "reminder.sent",
)  # fmt: skip
"""Kinds of acts that change nothing of what `Store.once` keeps: what people say and sign, who comes and goes."""


class _Turn:
    """One reading at a time of the same thing; `waiting`: how many have come for it and not gone."""

    def __init__(self) -> None:
        self.lock, self.waiting = threading.Lock(), 0


class Kept:
    """Safe to share between threads. What is kept is handed to all who ask: nobody may change it."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._tables: dict[str, int] = {}
        self._kinds: dict[str, int] = {}
        self._values: OrderedDict[Hashable, tuple[int, Any]] = OrderedDict()
        self._reading: dict[Hashable, _Turn] = {}

    def changed(self, seq: int, kind: str, tables: Collection[str]) -> None:
        """Act `seq` of this kind, committed but not acknowledged yet, wrote to these tables."""
        with self._lock:
            self._kinds[kind] = seq
            self._tables.update(dict.fromkeys(tables, seq))

    def read(self, key: Hashable, tables: Collection[str], read: Callable[[], T]) -> T:
        """What `read` gave last, if no act wrote to `tables` since it was begun, else what it gives now.

        `key` says what is read; `tables` must hold every table that it depends on, and not that of the acts.
        """
        return self._read(key, lambda: max((self._tables.get(name, 0) for name in tables), default=0), read)

    def read_besides(self, key: Hashable, kinds: Collection[str], read: Callable[[], T]) -> T:
        """The same for what acts of `kinds` do not change, and any other act may."""
        return self._read(key, lambda: max((n for k, n in self._kinds.items() if k not in kinds), default=0), read)

    def _read(self, key: Hashable, stamp: Callable[[], int], read: Callable[[], T]) -> T:
        with self._lock:
            asked = stamp()
            if (kept := self._found(key, asked)) is not None:
                return kept[0]  # type: ignore[no-any-return]
            turn = self._reading.setdefault(key, _Turn())
            turn.waiting += 1
        try:
            with turn.lock:  # whoever asks meanwhile waits for this reading, rather than doing it a second time
                with self._lock:
                    # What was begun after the asking holds all that was written before it. Were only the newest good
                    # enough, everybody who waits would read again while others write.
                    if (kept := self._found(key, asked)) is not None:
                        return kept[0]  # type: ignore[no-any-return]
                    now = stamp()
                value = read()  # what is committed meanwhile has a later stamp, so that the next to ask reads again
                self._keep(key, now, value)
                return value
        finally:
            with self._lock:
                turn.waiting -= 1
                if not turn.waiting:
                    del self._reading[key]

    def _found(self, key: Hashable, asked: int) -> tuple[Any] | None:
        """With the lock held: what is kept of that stamp or later, in a tuple, so that None can be kept, too."""
        kept = self._values.get(key)
        if kept is None or kept[0] < asked:
            return None
        self._values.move_to_end(key)
        return (kept[1],)

    def _keep(self, key: Hashable, now: int, value: Any) -> None:
        with self._lock:
            self._values[key] = (now, value)
            self._values.move_to_end(key)
            while len(self._values) > self._most:
                self._values.popitem(last=False)
