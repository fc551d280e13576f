"""CSV and TSV as people really send them: any encoding, separator and line ending, or a plain refusal."""

from __future__ import annotations

import codecs
import csv
import io
import operator
from collections.abc import Iterator
from dataclasses import dataclass

from studio.cells import unguard_formula
from studio.examples.batch import TOLD_EVERY, Limits, RefusedRow, Sheet, Told, blank_note, nobody, too_many_rows
from studio.records import Refusal

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it starts with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_SNIFFED_ROWS = 200


def decode(data: bytes) -> tuple[str, str]:
    """Bytes as text, and a sentence when an encoding had to be assumed. Bytes that are wrong in a text
    that is otherwise UTF-8 become lone surrogates, for the row check to refuse. Raises Refusal."""
    for mark, encoding in _BOMS:
        if data.startswith(mark):
            return _decode_marked(data[len(mark) :], encoding)
    if data.count(0) * 4 > len(data):
        raise Refusal(
            "This file is not readable text (a quarter of it is empty bytes), nothing was imported: "
            "save it as CSV in UTF-8 and try again."
        )
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        return _decode_damaged(data)


def _decode_marked(data: bytes, encoding: str) -> tuple[str, str]:
    try:
        return data.decode(encoding), ""
    except UnicodeDecodeError as wrong:
        if encoding == "utf-8":
            return data.decode("utf-8", "surrogateescape"), ""
        raise Refusal(
            f"This file says it is {encoding.upper()} but breaks off or is damaged at byte {wrong.start}, "
            "nothing was imported: save it again as UTF-8."
        ) from wrong


def _decode_damaged(data: bytes) -> tuple[str, str]:
    """Not UTF-8 throughout: mostly UTF-8 with damage, or an old Windows (Latin) encoding."""
    patched = data.decode("utf-8", "surrogateescape")
    wrong = sum("\udc80" <= c <= "\udcff" for c in patched)
    right = sum(c > "\x7f" for c in patched) - wrong
    if right > wrong:
        return patched, "Some bytes are not UTF-8; the rows that hold them were refused."
    try:
        text = data.decode("cp1252")
    except UnicodeDecodeError as error:
        raise Refusal(
            "This file is neither UTF-8 nor Windows/Latin-1 text, nothing was imported: "
            "save it as CSV in UTF-8 and try again."
        ) from error
    return text, "The file is not UTF-8; it was read as Windows/Latin-1 text. Check accented letters."


@dataclass(frozen=True)
class _Record:
    row: int
    cells: list[str]
    raw: str
    error: str = ""


def read_delimited(data: bytes, *, format: str, limits: Limits, told: Told = nobody) -> Sheet:
    """A CSV or TSV file's bytes as a Sheet; the first row that is not blank is the header.

    Ragged rows and rows with broken quotes are refused by number. Raises Refusal when rows cannot be
    told apart at all.
    """
    text, encoding_note = decode(data)
    usual = "\t" if format == "tsv" else ","
    separator = _sniff(text, usual)
    notes = [encoding_note] if encoding_note else []
    if separator != usual:
        notes.append(f"The columns are separated by {_SEPARATORS[separator]}.")
    records: list[tuple[int, tuple[object, ...]]] = []
    refused: list[RefusedRow] = []
    header: _Record | None = None
    blank = guarded = broken = 0
    for record in _records(text, separator, limits.cell_characters, told):
        # The lines after a broken quote may be the rest of its cell: the one that holds the odd quote is refused too.
        leftover = broken and not record.error and record.raw.count('"') % 2 == 1
        if not record.error and not any(c.strip() for c in record.cells):
            blank += 1
        elif header is None:
            header = _header(record)
        elif reason := _unreadable(record, len(header.cells), broken if leftover else 0):
            refused.append(RefusedRow(record.row, reason))
            broken = record.row if record.error else 0
        else:
            plain = _plain(record)
            guarded += plain is not record.cells and sum(map(operator.ne, plain, record.cells))
            records.append((record.row, tuple(plain)))
        if len(records) + len(refused) > limits.rows:
            raise too_many_rows(limits)
    if header is None:
        raise Refusal("This file holds no rows, nothing was imported: check that it is the file you meant.")
    if guarded:
        notes.append(
            f"Cells whose ' before = + - or @ was taken off (it kept a spreadsheet from a formula): {guarded:,}."
        )
    if blank:
        notes.append(blank_note(blank))
    return Sheet(format, tuple(c.strip() for c in header.cells), tuple(records), tuple(refused), tuple(notes))


def _plain(record: _Record) -> list[str]:
    """The cells without the apostrophe that keeps a spreadsheet from a formula; the same list when none has one."""
    return list(map(unguard_formula, record.cells)) if "'" in record.raw else record.cells


def _header(record: _Record) -> _Record:
    if record.error:
        raise Refusal(
            f"The header (row {record.row}) cannot be read: {record.error}. "
            "Nothing was imported: correct the quotes and try again."
        )
    return record


def _unreadable(record: _Record, width: int, broken: int) -> str:
    if record.error:
        return record.error
    if broken:
        return f"this looks like the rest of row {broken}, whose quotes are broken"
    if len(record.cells) != width:
        count = "1 cell" if len(record.cells) == 1 else f"{len(record.cells)} cells"
        return f"the row has {count} where the header has {width}"
    return ""


def _records(text: str, separator: str, cell_characters: int, told: Told) -> Iterator[_Record]:
    """Each record with the row a spreadsheet would show it in. Raises Refusal for an endless quote."""
    csv.field_size_limit(cell_characters)
    lines = list(io.StringIO(text, newline=""))  # splits at \n, \r and \r\n, and keeps them
    reader = csv.reader(iter(lines), delimiter=separator, strict=True)
    row = 0
    while True:
        start = reader.line_num
        row += 1
        if row % TOLD_EVERY == 0:
            told(start / len(lines))
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error) or "unexpected end" in str(error):
                raise Refusal(
                    f"Row {row} opens a quote that is not closed, or holds a cell of more than {cell_characters:,} "
                    "characters, so the rows after it cannot be told apart. Nothing was imported: correct it and "
                    "try again."
                ) from error
            yield _Record(row, [], "", "its quotes are broken: a quote inside a quoted cell must be doubled")
            continue
        yield _Record(row, cells, "".join(lines[start : reader.line_num]))


def _sniff(text: str, usual: str) -> str:
    """The separator under which most rows have as many cells as the header; `usual` when none splits it."""
    best, best_score = usual, (0.0, 0, False)
    for separator in _SEPARATORS:
        widths = _widths(text, separator)
        if not widths or widths[0] < 2:
            continue
        share = sum(w == widths[0] for w in widths) / len(widths)
        score = (share, widths[0], separator == usual)
        if score > best_score:
            best, best_score = separator, score
    return best


def _widths(text: str, separator: str) -> list[int]:
    """Cells per record for the first records that are not blank, broken ones left out."""
    lines = io.StringIO(text, newline="")
    reader = csv.reader(lines, delimiter=separator)
    widths: list[int] = []
    try:
        for cells in reader:
            if any(c.strip() for c in cells):
                widths.append(len(cells))
            if len(widths) == _SNIFFED_ROWS:
                break
    except csv.Error:
        return widths  # a cell past the size limit; the real reading says so with its row
    return widths
