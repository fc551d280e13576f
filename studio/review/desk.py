"""What is before whom right now: which pair, since when, and what was ticked. In memory; no record.

It keeps a held key from voting, two reviewers from getting the same last seat of a pair, and a ticked answer across a
reload. Losing it at a restart costs a second of reading, those ticks, and at worst a vote too many on a few pairs.
"""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from studio.records import Pair
from studio.review.dealing import Offer
from studio.store import Store

HELD_SECONDS = 150.0
"""How long a seat is kept for a screen that says nothing any more: closed, or cut off."""
BEAT_SECONDS = 60.0
"""How often a screen says by itself that it is still there."""
LONGEST_READING = 900.0
"""How long a screen that is merely still there keeps a seat: its reader may have gone for lunch."""


@dataclass
class _Screen:
    """`since`: when the pair came up without a key; `touched`: when it last showed that it is there; `seated`: whether
    it takes a seat from others, which the screens of those outside the count do not; `back`: its vote was
    taken back."""

    pair: str
    since: float
    touched: float
    seated: bool = True
    back: bool = False
    ships: dict[str, bool] = field(default_factory=dict)


class Desk:
    """One per open store, shared by all sessions. `clock` returns seconds that only grow."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._lock, self._dealing = clock, threading.Lock(), threading.Lock()
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

    def deal(self, found: str, reviewer: str, read: Callable[[], Offer], *, seated: bool) -> tuple[Pair | None, Offer]:
        """Puts the next pair of an offer before this reviewer: the one there already while it is still offered, else
        the first with a free seat; None when each free seat is on another screen.

        `read` is called while nobody else is dealt to, so that what it reads and who is given what agree. A vote is in
        what it reads before its screen moves on; so a seat is never given twice, nor lost between the two.
        """
        with self._dealing:
            offer = read()
            with self._lock:
                held = self._held(found, reviewer, offer)
                screen = self._screens.get((found, reviewer))
                free = [p for p in offer.pairs if not seated or held[p.id] < offer.seats.get(p.id, held[p.id] + 1)]
                kept = [p for p in offer.pairs if screen and screen.pair == p.id]
                pair = next(iter(kept or free), None)
                if pair is not None:
                    self._put(found, reviewer, pair.id, seated=seated)
                else:
                    self._screens.pop((found, reviewer), None)
            return pair, offer

    def _held(self, found: str, reviewer: str, offer: Offer) -> Counter[str]:
        """Pair -> screens of others that hold a seat of it and have not voted on it yet."""
        now = self._clock()
        return Counter(
            screen.pair
            for (where, who), screen in self._screens.items()
            if where == found and who != reviewer and screen.seated and now - screen.touched < HELD_SECONDS
            and who not in offer.voters.get(screen.pair, ())
        )  # fmt: skip

    def show(self, found: str, reviewer: str, pair: str) -> None:
        """Puts one pair before this reviewer, whoever else has it: one that they took back."""
        with self._lock:
            self._put(found, reviewer, pair, seated=True)
            self._screens[found, reviewer].back = True

    def _put(self, found: str, reviewer: str, pair: str, *, seated: bool) -> None:
        screen, now = self._screens.get((found, reviewer)), self._clock()
        if screen is None or screen.pair != pair:
            self._screens[found, reviewer] = _Screen(pair, now, now, seated)
        else:
            screen.touched, screen.seated = now, seated

    def seconds(self, found: str, reviewer: str, pair: str) -> float:
        """How long this pair has been on this reviewer's screen without a key; 0.0 when it is not there."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            return self._clock() - screen.since if screen and screen.pair == pair else 0.0

    def was_late(self, found: str, reviewer: str, pair: str) -> bool:
        """Whether the pair's seat was no longer kept for this reviewer: only then can somebody else have taken it."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            return not (screen and screen.pair == pair and self._clock() - screen.touched < HELD_SECONDS)

    def seconds_back(self, found: str, reviewer: str) -> float:
        """How long a pair that this reviewer took back has been on screen without a key; infinite for any other."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            return self._clock() - screen.since if screen and screen.back else math.inf

    def pressed_too_soon(self, found: str, reviewer: str) -> None:
        """Starts the time again, so that a key that is held down never gets through."""
        with self._lock:
            if screen := self._screens.get((found, reviewer)):
                screen.since = self._clock()

    def leave(self, found: str, reviewer: str) -> None:
        """This reviewer stopped: what was on their screen is free for others at once."""
        with self._lock:
            self._screens.pop((found, reviewer), None)

    def beat(self, found: str, reviewer: str) -> None:
        """What is on this reviewer's screen still is; for a quarter of an hour that keeps the seat."""
        with self._lock:
            screen, now = self._screens.get((found, reviewer)), self._clock()
            if screen and now - screen.since < LONGEST_READING:
                screen.touched = now

    def tick(self, found: str, reviewer: str, pair: str, side: str, ships: bool) -> None:
        """Answers "could this be sent as it is?" for a side of the pair on screen; the same answer again clears it."""
        with self._lock:
            screen = self._screens.get((found, reviewer))
            if screen and screen.pair == pair:
                screen.touched = self._clock()
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
