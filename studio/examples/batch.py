"""What reading a file gives: rows kept, rows refused with a reason, and everything worth saying aloud."""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import Any

from studio.records import Refusal, Split, Status

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
    the file says.
    """

    row: int
    input: str
    ideal: str
    slice: str = ""
    kinds: tuple[str, ...] = ()
    split: Split | None = None
    group: str = ""
    status: Status | None = None


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
    could not be read as a record at all.
    """

    format: str
    columns: tuple[str, ...]
    records: tuple[tuple[int, tuple[object, ...]], ...]
    refused: tuple[RefusedRow, ...] = ()
    notes: tuple[str, ...] = ()


def blank_note(blank: int) -> str:
    return f"Blank rows skipped: {blank:,}."


def too_many_rows(limits: Limits) -> Refusal:
    return Refusal(f"This file has more than {limits.rows:,} rows, nothing was imported: split it into smaller files.")


def batch_to_json(batch: ParsedBatch) -> dict[str, Any]:
    """The batch as plain JSON values, a row as a list: a tenth of the time `records.to_json` takes."""
    plain = {f.name: getattr(batch, f.name) for f in fields(batch)}
    return plain | {"rows": [astuple(r) for r in batch.rows], "refused": [astuple(r) for r in batch.refused]}


def batch_from_json(value: dict[str, Any]) -> ParsedBatch:
    """The inverse of `batch_to_json`. Raises ValueError, KeyError or TypeError for anything else."""
    rows = tuple(
        ParsedRow(row, source, ideal, slice, tuple(kinds), split and Split(split), group, status and Status(status))
        for row, source, ideal, slice, kinds, split, group, status in value["rows"]
    )
    refused = tuple(RefusedRow(row, reason) for row, reason in value["refused"])
    columns, notes = tuple(value["columns"]), tuple(value["notes"])
    return ParsedBatch(**value | {"rows": rows, "refused": refused, "columns": columns, "notes": notes})
