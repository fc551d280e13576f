"""Spreadsheets (XLSX, XLS, ODS) and Parquet as records, with their unpacked size checked before reading."""

from __future__ import annotations

import datetime
import io
import zipfile

from studio.examples.batch import Limits, Sheet, blank_note, too_many_rows
from studio.records import Refusal

_CELLS = 20_000_000  # a sheet whose far corner lies beyond this is a mistake or an attack


def read_workbook(data: bytes, *, format: str, limits: Limits) -> Sheet:
    """The first sheet that holds anything; its first row that is not blank is the header.

    Dates become ISO 8601, whole numbers lose the ".0" that the file format gives them, formulas are
    their last computed value, and a cell with a formula error (#REF!) reads as empty. Raises Refusal.
    Does not promise to survive a hostile file (the reader may panic): run it in the sandbox.
    """
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.end is not None:
                return _read_sheet(sheet, workbook.sheet_names, format, limits)
    except calamine.PasswordError as locked:
        raise Refusal(
            "This spreadsheet is protected by a password, nothing was imported: save a copy without one."
        ) from locked
    except (calamine.CalamineError, OSError, ValueError) as wrong:
        raise Refusal(
            f"This spreadsheet cannot be read ({wrong}), nothing was imported: save it again as XLSX or CSV."
        ) from wrong
    except BaseException as panic:
        # The reader is written in Rust and panics on some damaged files; its exception has no name to import.
        if type(panic).__name__ != "PanicException":
            raise
        raise Refusal("This spreadsheet is damaged, nothing was imported: save it again as XLSX or CSV.") from panic
    raise Refusal("This spreadsheet holds no rows, nothing was imported: check that it is the file you meant.")


def _read_sheet(sheet, sheet_names: list[str], format: str, limits: Limits) -> Sheet:  # type: ignore[no-untyped-def]
    if (sheet.end[0] + 1) * (sheet.end[1] + 1) > _CELLS:
        raise Refusal(
            f'The sheet "{sheet.name}" reaches to row {sheet.end[0] + 1:,} and column {sheet.end[1] + 1:,}, '
            "nothing was imported: delete the stray cells far from the table and save it again."
        )
    header: tuple[str, ...] | None = None
    records: list[tuple[int, tuple[object, ...]]] = []
    blank = 0
    for number, cells in enumerate(sheet.to_python(skip_empty_area=False), start=1):
        texts = tuple(_cell(c) for c in cells)
        if not any(t.strip() for t in texts):
            blank += 1
        elif header is None:
            header = tuple(t.strip() for t in texts)
        else:
            records.append((number, texts))
        if len(records) > limits.rows:
            raise too_many_rows(limits)
    if header is None:
        raise Refusal(f'The sheet "{sheet.name}" holds no text, nothing was imported.')
    notes = []
    if len(sheet_names) > 1:
        notes.append(f'Only the sheet "{sheet.name}" was read; the file has {len(sheet_names)} sheets.')
    if sheet.merged_cell_ranges:
        notes.append(f"Merged cells: {len(sheet.merged_cell_ranges)}. Their text counts for their first row only.")
    if blank:
        notes.append(blank_note(blank))
    return Sheet(format, header, tuple(records), (), tuple(notes))


def _cell(value: object) -> str:
    """A cell as a person reads it."""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    return str(value)


def zip_kind(data: bytes, limits: Limits) -> str:
    """Which zipped spreadsheet it is, "xlsx" or "ods". Raises Refusal for anything else, or one too big unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = {i.filename for i in archive.infolist()}
            size = sum(i.file_size for i in archive.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as wrong:
        raise Refusal("This spreadsheet is damaged, nothing was imported: save it again.") from wrong
    if size > limits.unpacked_bytes:
        raise Refusal(
            f"Unpacked, this file would take {size // 2**20:,} MB, more than the {limits.unpacked_bytes // 2**20} MB "
            "allowed. Nothing was imported: split it into smaller files."
        )
    if "xl/workbook.xml" in names or "xl/workbook.bin" in names:
        return "xlsx"
    if "content.xml" in names:
        return "ods"
    raise Refusal("This archive is not a spreadsheet, nothing was imported: unpack it and import the file inside.")


def read_parquet(data: bytes, *, limits: Limits) -> Sheet:
    """All columns of a Parquet file; rows are numbered from 1. Raises Refusal, sizes checked first."""
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(io.BytesIO(data))
        meta = file.metadata
        if meta.num_rows > limits.rows:
            raise too_many_rows(limits)
        if sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)) > limits.unpacked_bytes:
            raise Refusal(
                f"Unpacked, this file would take more than the {limits.unpacked_bytes // 2**20} MB allowed. "
                "Nothing was imported: split it into smaller files."
            )
        columns = tuple(file.schema_arrow.names)
        records: list[tuple[int, tuple[object, ...]]] = []
        for part in file.iter_batches(batch_size=1000):
            values = [part.column(i).to_pylist() for i in range(len(columns))]
            records += [(len(records) + 1 + n, row) for n, row in enumerate(zip(*values, strict=True))]
    except (pyarrow.ArrowException, OSError, ValueError) as wrong:
        raise Refusal(f"This Parquet file cannot be read, nothing was imported: write it again ({wrong}).") from wrong
    return Sheet("parquet", columns, tuple(records))
