"""Examples as a table with every column: CSV for spreadsheets, Parquet for programs.

In CSV a cell that a spreadsheet would run as a formula starts with one apostrophe more than its text; the import takes
one off such a cell, and says so.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from studio.cells import guard_formula, joined
from studio.exports.chats import conversation
from studio.exports.rows import COLUMNS, Row, fields
from studio.records import Example

if TYPE_CHECKING:
    import pyarrow as pa


def csv_table(examples: Iterable[Example]) -> bytes:
    """UTF-8 with its mark, so that spreadsheets show accents."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for example in examples:
        row = fields(example) | {"kinds": joined(example.kinds), "tags": joined(example.tags)}
        row["earlier"] = json.dumps(row["earlier"], ensure_ascii=False) if row["earlier"] else ""
        writer.writerow([guard_formula(row[c]) for c in COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def parquet(examples: Sequence[Example]) -> bytes:
    """Prompt and completion as texts, the earlier turns as a list of messages, every other column beside."""
    return _written(examples, fields, chats=False)


def for_training(examples: Sequence[Example], *, chats: bool) -> bytes:
    """Parquet as trainers read it: with `chats`, prompt and completion are messages and hold the whole conversation."""
    return _written(examples, conversation if chats else fields, chats=chats)


def _written(examples: Sequence[Example], row_of: Callable[[Example], Row], *, chats: bool) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet

    columns: dict[str, list[Any]] = {name: [] for name in _schema(chats).names}
    for example in examples:
        row = row_of(example)
        for name, values in columns.items():
            values.append(row[name])
    out = io.BytesIO()
    pyarrow.parquet.write_table(pa.table(columns, schema=_schema(chats)), out, compression="zstd")
    return out.getvalue()


def _schema(chats: bool) -> pa.Schema:
    import pyarrow as pa

    chat = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    words = pa.list_(pa.string())
    kinds = {"earlier": chat, "kinds": words, "tags": words}
    if chats:
        kinds |= {"prompt": chat, "completion": chat}
    names = [name for name in COLUMNS if not (chats and name in ("system", "earlier"))]
    return pa.schema([(name, kinds.get(name, pa.string())) for name in names])
