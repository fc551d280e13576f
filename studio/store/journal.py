"""The journal: an append-only, hash-chained record of every act, with payloads in content-addressed blobs.

DuckDB is what we query; this is what we keep. A line is durable (fsync) before anything it says is
acknowledged. The chain hashes commitments, not texts: erasing a blob leaves the chain verifiable.
"""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from studio.records import Act, Refusal, canonical, from_json, sha256, to_json

GENESIS = "0" * 64


class Blobs:
    """Content-addressed files under `folder`, each fsynced with its directory before `put` returns."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, name: str) -> Path:
        return self.folder / name[:2] / name

    def put(self, content: bytes) -> str:
        """Stores `content` once and returns its hex SHA-256. Raises OSError when the disk refuses."""
        name = sha256(content)
        target = self.path(name)
        if target.exists():
            return name
        target.parent.mkdir(exist_ok=True)
        partial = target.with_name(f"{name}.{os.getpid()}.{threading.get_ident()}.partial")
        with open(partial, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
        _sync_folder(target.parent)
        return name

    def get(self, name: str) -> bytes:
        """The content of blob `name`. Raises Refusal when it is gone or no longer matches its hash."""
        try:
            content = self.path(name).read_bytes()
        except FileNotFoundError:
            raise Refusal(
                f"A stored part ({name[:12]}) is missing from the workspace's blobs folder. The rest is safe. "
                "Restore the folder from a backup and try again."
            ) from None
        if sha256(content) != name:
            raise Refusal(
                f"A stored part ({name[:12]}) was changed on disk after it was written. The rest is safe. "
                "Restore the blobs folder from a backup and try again."
            )
        return content


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def link(act: Act) -> str:
    """The chain hash of an act: SHA-256 over everything but the hash itself."""
    body = to_json(dataclasses.replace(act, hash=""))
    return sha256(canonical(body))


@dataclasses.dataclass(frozen=True)
class Mark:
    """How far the journal is at one act: how many acts, the hash of the last, and the length in bytes up to there."""

    acts: int
    head: str
    bytes: int


class Journal:
    """One line per act in `path`. `head` is the hash of the last act, `seq` its number."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Opens `path` for appending; `read_only` leaves it untouched, for a look beside a running studio."""
        self.path = path
        self.head, self.seq = GENESIS, 0
        self.dropped = 0 if read_only else self._drop_incomplete_line()
        for act in self.read():
            self.head, self.seq = act.hash, act.seq
        if read_only:
            return
        created = not path.exists()
        self._file = open(path, "ab", buffering=0)  # noqa: SIM115 - held for the life of the store
        self._size = path.stat().st_size
        if created:
            _sync_folder(path.parent)

    def _drop_incomplete_line(self) -> int:
        """Cuts a last line without its newline (a crash while writing; never acknowledged). Bytes cut."""
        if not self.path.exists():
            return 0
        content = self.path.read_bytes()
        keep = content.rfind(b"\n") + 1
        if keep < len(content):
            with open(self.path, "r+b") as file:
                file.truncate(keep)
                os.fsync(file.fileno())
        return len(content) - keep

    def append(self, act: Act) -> None:
        """Writes one line and fsyncs it. On an error the partial line is cut again and OSError raised."""
        line = canonical(to_json(act)) + b"\n"
        try:
            if self._file.write(line) != len(line):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(self._file.fileno())
        except OSError:
            os.truncate(self.path, self._size)
            raise
        self._size += len(line)
        self.head, self.seq = act.hash, act.seq

    def mark(self) -> Mark:
        """How far it is. Nobody may append meanwhile."""
        return Mark(self.seq, self.head, self._size)

    def read(self, after: int = 0) -> Iterator[Act]:
        """Acts with seq > `after`, in order. Raises Refusal at the first line that is not an act."""
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            for number, line in enumerate(file, start=1):
                try:
                    act = from_json(Act, json.loads(line))
                except ValueError:
                    raise Refusal(
                        f"Line {number} of the journal cannot be read. The lines before it are safe and nothing "
                        "was changed. Restore journal.jsonl from a backup."
                    ) from None
                if act.seq > after:
                    yield act

    def problems(self, blobs: Blobs) -> list[str]:
        """What an audit finds: a broken chain, a gap, a missing or changed payload. Empty means intact."""
        found: list[str] = []
        previous, seq = GENESIS, 0
        try:
            for act in self.read():
                seq += 1
                if act.seq != seq:
                    found.append(f"act {seq} is missing (found number {act.seq})")
                    seq = act.seq
                if act.previous != previous or link(act) != act.hash:
                    found.append(f"act {act.seq} ({act.kind}) was changed or does not follow the one before it")
                previous = act.hash
                try:
                    blobs.get(act.payload)
                except Refusal as refusal:
                    found.append(f"act {act.seq} ({act.kind}): {refusal}")
        except Refusal as refusal:
            found.append(str(refusal))
        return found

    def close(self) -> None:
        self._file.close()
