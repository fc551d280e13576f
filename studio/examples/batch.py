"""What reading a file gives: rows kept, rows refused with a reason, and everything worth saying aloud."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

from studio.records import Consent, Refusal, Speaker, Split, Status, Turn

MIB = 1024 * 1024


@dataclass(frozen=True)
class Limits:
    """How much one file may ask for. Bytes, seconds, rows and characters; past one, the file is refused.

    Memory, CPU and wall time hold for the parser's own process (`studio.examples.sandbox`). Memory is
    address space, so that a file that unpacks without end fails there and not in the server.
    """

    file_bytes: int = 64 * MIB
    unpacked_bytes: int = 256 * MIB
    rows: int = 200_000
    cell_characters: int = 1_000_000
    memory_bytes: int = 1024 * MIB
    cpu_seconds: int = 60
    wall_seconds: float = 90.0


LIMITS = Limits()

# Told how much of the work is done, as a share in [0, 1] that never falls.
Told = Callable[[float], None]
TOLD_EVERY = 2_000  # rows


def nobody(share: float) -> None:
    """For when nobody waits to be told."""


@dataclass(frozen=True)
class RefusedRow:
    """One row that was not taken, and why in plain words. `row` as in `ParsedRow`."""

    row: int
    reason: str


@dataclass(frozen=True)
class ParsedRow:
    """One row that can become an example. `ideal` is empty when it is still to be written.

    `row` is the number a person sees: in a table (CSV, spreadsheet) row 1 is the top line, normally
    the header, blank rows are counted, and a cell with line breaks is still one row; in JSON Lines the
    line; in JSON and Parquet, which have no header row, the position from 1. `status` is None unless
    the file says. The other fields are those of `studio.records.Example`.
    """

    row: int
    input: str
    ideal: str
    slice: str = ""
    kinds: tuple[str, ...] = ()
    split: Split | None = None
    group: str = ""
    status: Status | None = None
    earlier: tuple[Turn, ...] = ()
    system: str = ""
    tags: tuple[str, ...] = ()
    worse: str = ""
    licence: str = ""
    consent: Consent = Consent.unknown
    expires: str = ""
    review_by: str = ""
    recheck: str = ""
    source: str = ""


@dataclass(frozen=True)
class ParsedBatch:
    """A file, read. Always `total == len(rows) + len(refused)`: no row is dropped silently.

    `mapping` says which column was used for what. `notes` are sentences about everything that was
    assumed or left out (encoding, separator, other sheets, columns not imported, blank rows, which are
    not part of `total`).
    """

    format: str
    shape: str
    columns: tuple[str, ...]
    mapping: dict[str, str]
    rows: tuple[ParsedRow, ...]
    refused: tuple[RefusedRow, ...]
    total: int
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.total != len(self.rows) + len(self.refused):
            raise ValueError(f"{self.total} rows in, but {len(self.rows)} kept and {len(self.refused)} refused")


@dataclass(frozen=True)
class Sheet:
    """A file as records before any meaning is given to its columns.

    `records`: (row number, one value per column; None where a record lacks it). `refused`: rows that
    could not be read as a record at all. `shape`: what the file is, when that was known
    before its columns were looked at.
    """

    format: str
    columns: tuple[str, ...]
    records: tuple[tuple[int, tuple[object, ...]], ...]
    refused: tuple[RefusedRow, ...] = ()
    notes: tuple[str, ...] = ()
    shape: str = ""


def blank_note(blank: int) -> str:
    return f"Blank rows skipped: {blank:,}."


def too_many_rows(limits: Limits) -> Refusal:
    return Refusal(f"This file has more than {limits.rows:,} rows, nothing was imported: split it into smaller files.")


# How a field other than a text is written as JSON, and read back.
_AS_JSON: dict[str, Callable[[Any], Any]] = {"earlier": lambda turns: [[t.speaker, t.text] for t in turns]}
_FROM_JSON: dict[str, Callable[[Any], Any]] = {
    "kinds": tuple,
    "tags": tuple,
    "earlier": lambda turns: tuple(Turn(Speaker(speaker), text) for speaker, text in turns),
    "split": lambda word: word and Split(word),
    "status": lambda word: word and Status(word),
    "consent": Consent,
}
_FIELDS = tuple(f.name for f in fields(ParsedRow))
_ALWAYS = ("row", "input", "ideal")


def batch_to_json(batch: ParsedBatch) -> dict[str, Any]:
    """The batch as plain JSON values, its rows column by column: a tenth of the time `records.to_json` takes."""
    columns: dict[str, list[Any]] = {}
    for name in _FIELDS:
        values = [getattr(row, name) for row in batch.rows]
        if name in _ALWAYS or any(values):
            columns[name] = list(map(_AS_JSON[name], values)) if name in _AS_JSON else values
    plain = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return plain | {"rows": columns, "count": len(batch.rows), "refused": [[r.row, r.reason] for r in batch.refused]}


def batch_from_json(value: dict[str, Any]) -> ParsedBatch:
    """The inverse of `batch_to_json`. Raises ValueError, KeyError or TypeError for anything else."""
    count, given = value["count"], value["rows"]
    if set(given) - set(_FIELDS) or any(len(column) != count for column in given.values()):
        raise ValueError(f"the columns are not those of {count} rows")
    columns = [
        itertools.repeat(f.default) if f.name not in given
        else map(_FROM_JSON[f.name], given[f.name]) if f.name in _FROM_JSON else given[f.name]
        for f in fields(ParsedRow)
    ]  # fmt: skip
    rows = tuple(map(ParsedRow, *columns))
    refused = tuple(RefusedRow(row, reason) for row, reason in value["refused"])
    plain = {f.name: value[f.name] for f in fields(ParsedBatch)}
    listed = {"columns": tuple(value["columns"]), "notes": tuple(value["notes"])}
    return ParsedBatch(**plain | listed | {"rows": rows, "refused": refused})
