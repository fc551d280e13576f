"""One piece of work at a time in a thread beside others: how far it is, why it ended early, and a way to stop it."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass

from studio.records import Refusal


class Stopped(Exception):
    """Somebody asked for an end."""


@dataclass(frozen=True)
class Words:
    """What is said when it cannot begin as it runs already (`busy`), and when it ended early: stopped by somebody, the
    disk refused (with {said}), or on a fault of ours, of which the log then holds the details. "" for nothing."""

    busy: str
    stopped: str
    disk: str
    fault: str


class Background:
    """Does one thing at a time. `running`, `done` of `total`, and `reason`: why the last one ended early, "" if it did
    not. Does not outlive its process, and does not stop what never calls `went_on`."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self.running, self.done, self.total, self.reason = False, 0, 0, ""
        self._began = 0.0

    def begin(self, do: Callable[[], None]) -> None:
        """Does it in a thread of its own. Raises Refusal while it does something already."""
        with self._lock:
            if self.running:
                raise Refusal(self._words.busy)
            self.running, self.done, self.total, self.reason = True, 0, 0, ""
            self._began = time.monotonic()
            self._stop.clear()
        threading.Thread(target=self._run, args=(do,), daemon=True).start()

    def stop(self) -> None:
        """At the next `went_on`; what was done until then is kept."""
        self._stop.set()

    def went_on(self, done: int, total: int) -> None:
        """For what is being done: `done` of `total`, from 0 on, where its time begins. Raises Stopped when somebody
        asked for an end."""
        if not done:
            self._began = time.monotonic()
        self.done, self.total = done, total
        if self._stop.is_set():
            raise Stopped

    def seconds_left(self) -> float | None:
        """By the time that the done part took; None when nothing runs or nothing is done yet."""
        if not (self.running and self.done):
            return None
        return round((time.monotonic() - self._began) / self.done * (self.total - self.done), 1)

    def _run(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Stopped:
            self.reason = self._words.stopped
        except Refusal as refusal:
            self.reason = str(refusal)
        except OSError as error:
            self.reason = self._words.disk.format(said=error.strerror or error)
        except Exception:
            traceback.print_exc()
            self.reason = self._words.fault
        self.running = False
