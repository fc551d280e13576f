"""What this machine can do, and whether the workspace is in order."""

from __future__ import annotations

import fcntl
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from studio import models
from studio.jobs import place
from studio.records import Refusal
from studio.store import Store
from studio.store.journal import Blobs, Journal

PACKAGES = ("streamlit", "duckdb", "torch", "transformers", "peft", "tokenizers", "plotly")


@dataclass(frozen=True)
class Report:
    """`models`: name -> present. `database`, `journal` and `jobs` (where new ones work): a few words; `ok` when nothing
    needs an act of yours.

    Sizes in GB (10^9 bytes). `todo`: what to do, one sentence each.
    """

    ok: bool
    python: str
    device: str
    memory_gb: float
    disk_free_gb: float
    versions: dict[str, str]
    models: dict[str, bool]
    database: str
    journal: str
    jobs: str
    todo: tuple[str, ...]


def examine(workspace: Path) -> Report:
    """Looks at the machine and at `workspace`, which need not exist."""
    machine = models.machine(workspace)
    present = {entry.name: models.present(entry.name, workspace) for entry in models.bundled()}
    journal, problems = _journal(workspace)
    database, trouble = _database(workspace)
    jobs, out_of_reach = _jobs()
    todo = list(dict.fromkeys([*problems, *trouble, *out_of_reach]))  # a damaged journal keeps the database shut, too
    todo += [
        f"Run `studio models fetch {name}`: this model is not here yet." for name, here in present.items() if not here
    ]
    if machine.disk_free_gb < 2:
        todo.append("Less than 2 GB of disk are free. Nothing is lost; free some before you train.")
    return Report(
        not todo, platform.python_version(), machine.device, round(machine.memory_gb, 1),
        round(machine.disk_free_gb, 1), {name: _version(name) for name in PACKAGES}, present, database, journal, jobs,
        tuple(todo),
    )  # fmt: skip


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "missing"


def _journal(workspace: Path) -> tuple[str, list[str]]:
    path = workspace / "journal.jsonl"
    if not path.exists():
        return "none yet", []
    try:
        found = Journal(path, read_only=True)
    except Refusal as refusal:
        return "damaged", [str(refusal)]
    problems = found.problems(Blobs(workspace / "blobs"))
    if problems:
        return f"{len(problems)} problems", [f"The journal: {problems[0]}. Restore it from a backup."]
    return f"intact, {found.seq} acts", []


def _database(workspace: Path) -> tuple[str, list[str]]:
    if not (workspace / "studio.duckdb").exists():
        return "none yet", []
    if owned(workspace):
        return "in use by a running studio", []
    try:
        store = Store.open(workspace)
    except Refusal as refusal:
        return "cannot be opened", [str(refusal)]
    try:
        return f"intact, at act {store.version}", []
    finally:
        store.close()


def _jobs() -> tuple[str, list[str]]:
    try:
        return place.words(), []
    except Refusal as refusal:
        return "a Ray cluster that cannot be used", [str(refusal)]


def owned(workspace: Path) -> bool:
    """Whether a running studio holds the workspace."""
    try:
        with open(workspace / "lock", "rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
