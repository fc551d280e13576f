"""What texts mean, as vectors kept by the content of the text: a cache, in no journal and in no backup.

Two files that only grow: `keys` (32 bytes a text: its SHA-256) and `vectors` (float32, one row a text, the same order).
The resident model process alone appends; anybody reads meanwhile. A row counts once its key is there, and the key is
written after its vector is on the disk, so a kill at any moment costs the last batch and nothing else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 384
"""Numbers a vector (MiniLM)."""

# Half the precision would be half the file and more than twice the time: numpy computes no products of float16.
_KEY_BYTES, _ROW_BYTES = 32, 4 * WIDTH
_BLOCK_ROWS = 512  # 0.8 MB: as much as stays in the processor's cache; what a search holds, however many there are
_KEY = np.dtype([("first", ">u8"), ("rest", "V24")])

Floats = NDArray[np.float32]
Numbers = NDArray[np.uint64]


def key(text: str) -> bytes:
    """The SHA-256 of a text, as it stands in `keys`."""
    return hashlib.sha256(text.encode()).digest()


def text_number(text: str) -> int:
    """The number that `Vectors.numbers` knows a text by."""
    return int.from_bytes(key(text)[:8], "big")


class Vectors:
    """The vectors of one embedder, in a folder of their own: `Vectors.of(workspace, its SHA-256)`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, workspace: Path, embedder_sha256: str) -> Vectors:
        """Another embedder has other vectors, so each has its own folder."""
        return cls(workspace / "meaning" / embedder_sha256[:16])

    @property
    def folder(self) -> Path:
        return self._folder

    def __len__(self) -> int:
        return min(_size(self._folder / "keys") // _KEY_BYTES, _size(self._folder / "vectors") // _ROW_BYTES)

    def numbers(self) -> Numbers:
        """The first eight bytes of each key as a number: enough to know a text by (two of a million texts share one
        with a chance of about one in 30 million)."""
        rows = len(self)
        if not rows:
            return np.empty(0, np.uint64)
        return np.fromfile(self._folder / "keys", _KEY, rows)["first"].astype(np.uint64)

    def cosines(self, query: Floats) -> Floats:
        """The cosine of `query` (384 normalised float32) with each row.

        Read in blocks into one buffer: the process that searches holds a few MB, not the whole file.
        """
        found = np.empty(len(self), np.float32)
        for start, block in self._blocks(len(found)):
            found[start : start + len(block)] = block @ query
        return found

    def rows(self, places: Sequence[int]) -> Floats:
        """The vectors at these rows, (len(places), 384), in this order."""
        found = np.empty((len(places), WIDTH), np.float32)
        if len(places):
            stored = np.memmap(self._folder / "vectors", np.float32, "r", shape=(len(self), WIDTH))
            found[:] = stored[np.asarray(places)]
        return found

    def of_texts(self, asked: Mapping[str, str]) -> dict[str, Floats]:
        """The vectors that are there. `asked`: a name -> a text; the answer has the names whose text was read."""
        row_of = {number: row for row, number in enumerate(self.numbers().tolist())}
        rows = {name: row_of[number] for name, text in asked.items() if (number := text_number(text)) in row_of}
        return dict(zip(rows, self.rows(list(rows.values())), strict=True))

    def _blocks(self, rows: int) -> Iterator[tuple[int, Floats]]:
        if not rows:
            return
        block = np.empty((_BLOCK_ROWS, WIDTH), np.float32)
        with (self._folder / "vectors").open("rb", buffering=0) as file:
            for start in range(0, rows, _BLOCK_ROWS):
                count = min(_BLOCK_ROWS, rows - start)
                _fill(file, block[:count])
                yield start, block[:count]

    def append(self, keys: Sequence[bytes], vectors: Floats) -> None:
        """Adds rows (384 normalised float32 each), vectors first. One process only; raises OSError when the disk
        refuses."""
        self._folder.mkdir(parents=True, exist_ok=True)
        rows = len(self)
        for name, at, content in (
            ("vectors", rows * _ROW_BYTES, vectors.astype(np.float32).tobytes()),
            ("keys", rows * _KEY_BYTES, b"".join(keys)),
        ):
            with open(os.open(self._folder / name, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
                # What a kill left behind the last whole row is written over.
                file.truncate(at)
                file.seek(at)
                file.write(content)
                file.flush()
                os.fsync(file.fileno())


def _fill(file: Any, block: Floats) -> None:
    """Reads a whole block; raises EOFError when the file was cut short meanwhile."""
    view = block.data.cast("B")
    done = 0
    while done < len(view):
        count = file.readinto(view[done:])
        if not count:
            raise EOFError("the file of vectors ended early")
        done += count


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
