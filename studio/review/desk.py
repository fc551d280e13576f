"""What is before whom right now: which pair, since when, and which answers were ticked. In memory; no record.

It keeps a held key from voting, two reviewers from getting the same pair at once, and a ticked answer across a
reload. Losing it at a restart costs a second of reading and those ticks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from studio.records import Pair
from studio.store import Store

HELD_SECONDS = 120.0
"""How long a pair on one screen is not offered to another."""


@dataclass
class _Screen:
    pair: str
    since: float
    ships: dict[str, bool] = field(default_factory=dict)


class Desk:
    """One per open store, shared by all sessions. `clock` returns seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock = clock, threading.Lock()
        self._screens: dict[tuple[str, str], _Screen] = {}
        self._pairs: dict[str, list[Pair]] = {}

    def pairs(self, found: str, read: Callable[[], list[Pair]]) -> list[Pair]:
        """A round's pairs, read once: they never change. Those of the last round asked for are kept."""
        with self._lock:
            kept = self._pairs.get(found)
        if kept is None:
            kept = read()
            with self._lock:
                self._pairs = {found: kept} if kept else {}
        return kept

    def show(self, found: str, reviewer: str, pair: str) -> None:
        """Notes that `pair` of round `found` is on this reviewer's screen; its time starts when it is new there."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            if screen is None or screen.pair != pair:
                self._screens[found, reviewer] = _Screen(pair, self._clock())

    def seconds(self, found: str, reviewer: str, pair: str) -> float:
        """How long this pair has been on this reviewer's screen without a key; 0.0 when it is not there."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            return self._clock() - screen.since if screen and screen.pair == pair else 0.0

    def pressed_too_soon(self, found: str, reviewer: str) -> None:
        """Starts the time again, so that a key that is held down never gets through."""
        with self._lock:
            if screen := self._screens.get((found, reviewer)):
                screen.since = self._clock()

    def elsewhere(self, found: str, reviewer: str) -> frozenset[str]:
        """Pairs that other reviewers have before them now."""
        now = self._clock()
        with self._lock:
            return frozenset(
                screen.pair
                for (where, who), screen in self._screens.items()
                if where == found and who != reviewer and now - screen.since < HELD_SECONDS
            )

    def tick(self, found: str, reviewer: str, pair: str, side: str, ships: bool) -> None:
        """Answers "could this be sent as it is?" for a side of the pair on screen; the same answer again clears it."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            if screen and screen.pair == pair:
                if screen.ships.get(side) is ships:
                    del screen.ships[side]
                else:
                    screen.ships[side] = ships

    def ticked(self, found: str, reviewer: str, pair: str) -> dict[str, bool]:
        """Side ("left", "right") -> the answer ticked for the pair on screen."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            return dict(screen.ships) if screen and screen.pair == pair else {}


_DESKS: WeakKeyDictionary[Store, Desk] = WeakKeyDictionary()
_MAKING = threading.Lock()


def of(store: Store) -> Desk:
    """The desk of an open store."""
    with _MAKING:
        return _DESKS.setdefault(store, Desk())
