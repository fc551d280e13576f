"""The files of a workspace that one process owns: its lock, and the database."""

from __future__ import annotations

import datetime
import fcntl
import os
from pathlib import Path
from typing import TextIO

import duckdb

from studio.records import Refusal


def own(workspace: Path) -> TextIO:
    """Takes the workspace's lock, held until the file is closed (also by the end of the process)."""
    try:
        workspace.mkdir(parents=True, exist_ok=True)
        file = open(workspace / "lock", "a+")  # noqa: SIM115 - held for the life of the store
    except OSError as error:
        raise Refusal(
            f"The folder {workspace} cannot be written ({error.strerror}). Nothing was changed. "
            "Choose another with --workspace or free some space."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        owner = file.read().strip() or "unknown"
        file.close()
        raise Refusal(
            f"Another running studio (process {owner}) owns the workspace {workspace}. Its data is safe. "
            "Use that one, stop it, or choose another folder with --workspace."
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def applied_before(path: Path) -> int:
    """The last act that the database file at `path` holds; 0 when there is none or it cannot be read."""
    if not path.exists():
        return 0
    try:
        with duckdb.connect(str(path), read_only=True) as db:
            found = db.execute("SELECT value FROM meta WHERE key = 'applied_seq'").fetchone()
    except duckdb.Error:
        return 0  # a damaged file is why one rebuilds
    return int(found[0]) if found else 0


def set_aside(workspace: Path) -> None:
    """Keeps a database that is to be made anew beside it, under the time of day."""
    stamp = datetime.datetime.now(datetime.UTC).strftime("%Y%m%d-%H%M%S")
    for name in ("studio.duckdb", "studio.duckdb.wal"):
        if (workspace / name).exists():
            os.replace(workspace / name, workspace / f"{name}.{stamp}.old")


# The memory is DuckDB's own share: at a million examples the whole server then stays under 1 GB (benchmarks/browse.py).
# What does not fit goes to files beside the database for the time of one query.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",
    "threads": "2",
    "memory_limit": "512MB",
}


NO_ROOM = (
    "The disk refused to write the database. The journal is the record and is safe. Free some disk space and try again."
)


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Opens or makes the database. Raises Refusal when the file is damaged, or cannot be made."""
    fresh = not path.exists()
    try:
        db = duckdb.connect(str(path), config=_CONFIG)
    except duckdb.Error as error:
        if fresh:
            raise Refusal(NO_ROOM) from error
        raise Refusal(
            "The database file cannot be opened; it looks damaged. The journal is the record and is safe. "
            "Run `studio rebuild` to make the database again from it."
        ) from error
    db.execute("SET lock_configuration = true")
    return db
