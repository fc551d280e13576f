"""A look over a large project, in the resident process: one at a time, with how far it is, and to be stopped."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from pathlib import Path
from typing import Any

from studio.background import Background, Words
from studio.checkup import Asked, Gatherer, checkup
from studio.records import from_json, to_json

_WORDS = Words(
    busy="A project is being checked already. It goes on. Wait for it or stop it first.",
    stopped="The check was stopped. Your examples are safe. Begin it again when you like.",
    disk="The disk refused ({said}). Your examples are safe. Free some space, then try again.",
    fault="The check stopped on a fault of ours. Your examples are safe. Try again; resident/log.txt has the details.",
)
_PROJECTS = 4


class Looking:
    """Looks over one project at a time, in the background. What it knows of a project it keeps for the next look."""

    def __init__(self) -> None:
        self._work = Background(_WORDS)
        self._name = ""
        self._gatherers: OrderedDict[str, Gatherer] = OrderedDict()

    def begin(self, name: str, question: Path, answer: Path) -> None:
        """Reads an `Asked` (JSON) from `question`, takes that file away, and writes {state: `name`, checkup} to
        `answer`. Raises Refusal while it looks already."""
        self._work.begin(lambda: self._look(name, question, answer))

    def stop(self) -> None:
        """After the check at hand."""
        self._work.stop()

    def told(self) -> dict[str, Any]:
        """The fields of `jobs.resident.CheckingState`."""
        work = self._work
        return {"running": work.running, "name": self._name, "done": work.done, "total": work.total,
                "seconds_left": work.seconds_left(), "reason": work.reason}  # fmt: skip

    def _look(self, name: str, question: Path, answer: Path) -> None:
        self._name = name
        asked = from_json(Asked, json.loads(question.read_bytes()))
        question.unlink(missing_ok=True)
        known = self._gatherer(answer.name).known(asked)
        made = checkup(asked, known, self._work.went_on)
        part = answer.with_suffix(".part")
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"state": name, "checkup": to_json(made)}, file)
        part.replace(answer)

    def _gatherer(self, project: str) -> Gatherer:
        found = self._gatherers.setdefault(project, Gatherer())
        self._gatherers.move_to_end(project)
        while len(self._gatherers) > _PROJECTS:
            self._gatherers.popitem(last=False)
        return found
