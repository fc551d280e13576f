"""Fetching the bundled models while somebody waits on a page: a process of its own, and how far it is.

The process is the studio's own command, so a page, a terminal and `make setup` all do the same thing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psutil

from studio.jobs.local import is_running
from studio.models.presence import models_dir
from studio.records import Refusal

_NOTE, _LOG = ".fetching.json", ".fetching.log"


@dataclass(frozen=True)
class Fetching:
    """Whether a fetch is going on, and its last words: how far it is, or why it ended. Empty when there was none."""

    running: bool
    said: str = ""


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
        noted = {"pid": process.pid, "started": psutil.Process(process.pid).create_time()}
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
    return Fetching(is_running(int(noted["pid"]), float(noted["started"])), said)
