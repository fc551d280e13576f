"""Which format a file has, by its content before its name, and the reader for it."""

from __future__ import annotations

from pathlib import Path

from studio.examples.batch import Limits, Sheet, Told, nobody
from studio.examples.delimited import read_delimited
from studio.examples.json_rows import read_json, read_jsonl
from studio.examples.workbooks import read_parquet, read_workbook, zip_kind
from studio.records import Refusal

FORMATS = ("csv", "tsv", "json", "jsonl", "xlsx", "xls", "ods", "parquet")
_ENDINGS = {"tab": "tsv", "ndjson": "jsonl", "pq": "parquet", "xlsm": "xlsx", "xlsb": "xlsx"}
_FOREIGN = (
    (b"\x1f\x8b", "a gzip archive: unpack it"),
    (b"BZh", "a bzip2 archive: unpack it"),
    (b"\xfd7zXZ", "an xz archive: unpack it"),
    (b"%PDF", "a PDF: save its table as CSV"),
    (b"SQLite format 3", "a database: export a table as CSV"),
)


def read_sheet(data: bytes, *, name: str, format: str | None, limits: Limits, told: Told = nobody) -> Sheet:
    """The file's bytes as a Sheet. `name` is the name the person gave the file, `format` their word on it.

    Raises Refusal for a format not in `FORMATS`, and when content and stated format disagree.
    """
    if format is not None and format not in FORMATS:
        raise Refusal(f'"{format}" is not a format the studio reads; it reads {", ".join(FORMATS)}.')
    if len(data) > limits.file_bytes:
        raise Refusal(
            f"This file has {len(data) // 2**20:,} MB, more than the {limits.file_bytes // 2**20} MB allowed. "
            "Nothing was imported: split it into smaller files."
        )
    found = _binary_kind(data, limits)
    ending = Path(name).suffix.lower().lstrip(".")
    named = format or _ENDINGS.get(ending, ending)
    kind = found or (named if named in FORMATS else _guess(data))
    if (format and found and found != format) or (not found and kind in ("xlsx", "xls", "ods", "parquet")):
        raise Refusal(
            f"This file is not {_article(named)} file, whatever its name says; nothing was imported: "
            "save it again in the format you meant."
        )
    if not data.strip():
        raise Refusal("This file is empty, nothing was imported: check that it is the file you meant.")
    return _read(data, kind, limits, told)


def _read(data: bytes, kind: str, limits: Limits, told: Told) -> Sheet:
    if kind == "json":
        return read_json(data, limits=limits)
    if kind == "jsonl":
        return read_jsonl(data, limits=limits)
    if kind == "parquet":
        return read_parquet(data, limits=limits)
    if kind in ("xlsx", "xls", "ods"):
        return read_workbook(data, format=kind, limits=limits)
    return read_delimited(data, format=kind, limits=limits, told=told)


def _binary_kind(data: bytes, limits: Limits) -> str:
    """The format a file's first bytes give away; empty for text. Raises Refusal for what is not a table."""
    for magic, what in _FOREIGN:
        if data.startswith(magic):
            raise Refusal(f"This file is {what} and import the result; nothing was imported.")
    if data.startswith(b"PK\x03\x04"):
        return zip_kind(data, limits)
    if data.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return "xls"
    return "parquet" if data.startswith(b"PAR1") else ""


def _guess(data: bytes) -> str:
    """Text without a telling name: JSON by its first character, else a table."""
    start = data.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    return "json" if start in (b"[", b"{") else "csv"


def _article(format: str) -> str:
    return f"{'an' if format[0] in 'xo' else 'a'} {format.upper()}"
