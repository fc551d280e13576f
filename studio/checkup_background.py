"""A look over a large project, in the resident process: one at a time, with how far it is, and to be stopped."""

from __future__ import annotations

import json
import os
import threading
import time
import traceback
from collections import OrderedDict
from pathlib import Path
from typing import Any

from studio.checkup import Asked, Gatherer, checkup
from studio.records import Refusal, from_json, to_json

_FAULT = "The check stopped on a fault of ours. Your examples are safe. Try again; resident/log.txt holds the details."
_PROJECTS = 4


class _Stopped(Exception):
    """Somebody asked for an end."""


class Looking:
    """Looks over one project at a time, in the background. What it knows of a project it keeps for the next look."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._running, self._name, self._done, self._total, self._reason = False, "", 0, 0, ""
        self._began = 0.0
        self._gatherers: OrderedDict[str, Gatherer] = OrderedDict()

    def begin(self, name: str, question: Path, answer: Path) -> None:
        """Reads an `Asked` (JSON) from `question`, takes that file away, and writes {state: `name`, checkup} to
        `answer`. Raises Refusal while it looks already."""
        with self._lock:
            if self._running:
                raise Refusal("A project is being checked already. It goes on. Wait for it or stop it first.")
            self._running, self._name, self._done, self._total, self._reason = True, name, 0, 0, ""
            self._began = time.monotonic()
            self._stop.clear()
        threading.Thread(target=self._run, args=(name, question, answer), daemon=True).start()

    def stop(self) -> None:
        """After the check at hand."""
        self._stop.set()

    def told(self) -> dict[str, Any]:
        """The fields of `jobs.resident.CheckingState`."""
        left = None
        if self._running and self._done:
            left = round((time.monotonic() - self._began) / self._done * (self._total - self._done), 1)
        return {"running": self._running, "name": self._name, "done": self._done, "total": self._total,
                "seconds_left": left, "reason": self._reason}  # fmt: skip

    def _run(self, name: str, question: Path, answer: Path) -> None:
        try:
            self._look(name, question, answer)
        except _Stopped:
            self._reason = "The check was stopped. Your examples are safe. Begin it again when you like."
        except Refusal as refusal:
            self._reason = str(refusal)
        except OSError as error:
            said = error.strerror or error
            self._reason = f"The disk refused ({said}). Your examples are safe. Free some space, then try again."
        except Exception:
            traceback.print_exc()
            self._reason = _FAULT
        self._running = False

    def _look(self, name: str, question: Path, answer: Path) -> None:
        asked = from_json(Asked, json.loads(question.read_bytes()))
        question.unlink(missing_ok=True)
        known = self._gatherer(answer.name).known(asked)
        made = checkup(asked, known, self._went_on)
        part = answer.with_suffix(".part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"state": name, "checkup": to_json(made)}, file)
        part.replace(answer)

    def _went_on(self, done: int, total: int) -> None:
        self._done, self._total = done, total
        if self._stop.is_set():
            raise _Stopped

    def _gatherer(self, project: str) -> Gatherer:
        found = self._gatherers.setdefault(project, Gatherer())
        self._gatherers.move_to_end(project)
        while len(self._gatherers) > _PROJECTS:
            self._gatherers.popitem(last=False)
        return found
