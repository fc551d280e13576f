"""Fetching the bundled models while somebody waits on a page: a process of its own, and how far it is.

The process is the studio's own command, so a page, a terminal and `make setup` all do the same thing.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from studio.jobs.local import is_running
from studio.models.catalogue import bundled
from studio.models.presence import models_dir, present
from studio.records import Refusal

_PROGRESS = re.compile(r"(?P<what>.*): (?P<done>\d+) of (?P<total>[1-9]\d*)(, about (?P<left>\d+) s left)?")
"""What `studio.models.fetch` reports of a worker's progress."""

_NOTE, _LOG = ".fetching.json", ".fetching.log"


@dataclass(frozen=True)
class Fetching:
    """Whether a fetch is going on, and its last words: what it does, or why it ended. Empty when there was none.

    `done` of `total` parts over all models that were missing when it began; `seconds_left`, None while unknown: from
    the pace so far, and never less than nothing.
    """

    running: bool
    said: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None


def begin(workspace: Path) -> None:
    """Starts to fetch every bundled model that is missing. Raises Refusal when the folder cannot be written or one is
    going on already."""
    root = models_dir(workspace)
    if watch(workspace).running:
        raise Refusal("The models are being fetched already. It goes on. Wait for it.")
    try:
        root.mkdir(parents=True, exist_ok=True)
        with (root / _LOG).open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "studio.cli", "models", "fetch", "--workspace", str(workspace.resolve())],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, start_new_session=True,
            )  # fmt: skip
        missing = sum(not present(found.name, workspace) for found in bundled())
        noted = {"pid": process.pid, "started": psutil.Process(process.pid).create_time(), "models": missing}
        (root / _NOTE).write_text(json.dumps(noted), encoding="utf-8")
    except OSError as error:
        raise Refusal(
            f"The models folder cannot be written ({error.strerror}). Nothing was fetched. Check {root}."
        ) from error


def watch(workspace: Path) -> Fetching:
    """How a fetch that `begin` started stands."""
    root = models_dir(workspace)
    try:
        noted = json.loads((root / _NOTE).read_bytes())
        lines = (root / _LOG).read_text("utf-8", errors="replace").splitlines()
    except (FileNotFoundError, ValueError):
        return Fetching(False)
    said = next((line.strip() for line in reversed(lines) if line.strip()), "")
    running = is_running(int(noted["pid"]), float(noted["started"]))
    told = [found for line in lines if (found := _PROGRESS.fullmatch(line.strip()))]
    if not running or not told:
        return Fetching(running, said)
    return _how_far(told, float(noted["started"]), int(noted.get("models", 1)))


def _how_far(told: Sequence[re.Match[str]], started: float, models: int) -> Fetching:
    """The bar over all models: each counts alike, and one that has reported its last part is through."""
    now = told[-1]
    what, done, total = now["what"], int(now["done"]), int(now["total"])
    through = sum(found["done"] == found["total"] for found in told[:-1])
    done, total = through * total + done, max(models, through + 1) * total
    if now["left"]:
        return Fetching(True, what, done, total, float(now["left"]))
    passed = time.time() - started
    left = passed * (total - done) / done if done else None
    return Fetching(True, what, done, total, left)
