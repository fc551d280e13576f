"""A file as rows that can become examples: the front door of import, pure and without the store.

Untrusted files go through `studio.examples.sandbox.parse_untrusted`, which calls this in its own process.
"""

from __future__ import annotations

import datetime
import decimal
import json
import re
from collections.abc import Mapping
from pathlib import Path

from studio.examples.batch import LIMITS, Limits, ParsedBatch, ParsedRow, RefusedRow, Sheet
from studio.examples.formats import read_sheet
from studio.examples.shapes import CONTEXT, Shape, recognise
from studio.examples.turns import Unreadable, input_and_ideal, is_turns
from studio.records import Refusal, Split, Status

_DAMAGED = (
    (re.compile("\x00"), "holds a NUL byte"),
    (re.compile("[\ud800-\udfff]"), "holds bytes that are not valid text"),
    (re.compile("�"), "holds the sign for a lost character (�), so it was damaged before"),
    (re.compile("[\x01-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"), "holds control characters that are not text"),
)
_ANY_DAMAGE = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff�]")


def parse_file(
    path: Path,
    *,
    name: str,
    format: str | None = None,
    mapping: Mapping[str, str] | None = None,
    limits: Limits = LIMITS,
) -> ParsedBatch:
    """Every row of the file at `path` (called `name` by the person), kept or refused with its reason.

    `format`: one of `studio.examples.formats.FORMATS`, else told from the content. `mapping`: role ->
    column, roles as in `studio.examples.shapes.ROLES`, else told from the column names. A row without an
    ideal output is kept, one without an input, with a split that is not train, validation or test, or
    with damaged text is refused. Raises Refusal when the file as a whole cannot be read.
    """
    if path.stat().st_size > limits.file_bytes:
        raise Refusal(
            f"This file is larger than the {limits.file_bytes // 2**20} MB allowed, nothing was imported: "
            "split it into smaller files."
        )
    return read_batch(read_sheet(path.read_bytes(), name=name, format=format, limits=limits), mapping, limits)


def read_batch(sheet: Sheet, mapping: Mapping[str, str] | None, limits: Limits = LIMITS) -> ParsedBatch:
    """A sheet's records under the shape its columns have, or the mapping says. Raises Refusal."""
    if not sheet.records and not sheet.refused:
        raise Refusal(
            "This file has a header and no rows below it, nothing was imported: check that it is the right one."
        )
    shape = recognise(sheet.columns, mapping)
    reader = _RowReader(sheet, shape, limits)
    rows: list[ParsedRow] = []
    refused = list(sheet.refused)
    for number, values in sheet.records:
        try:
            rows.append(reader.read(number, values))
        except Unreadable as reason:
            refused.append(RefusedRow(number, str(reason)))
    notes = (*sheet.notes, *reader.notes(rows))
    refused.sort(key=lambda r: r.row)
    total = len(sheet.records) + len(sheet.refused)
    mapped = dict(shape.columns)
    return ParsedBatch(sheet.format, shape.name, sheet.columns, mapped, tuple(rows), tuple(refused), total, notes)


class _RowReader:
    """Reads records of one sheet under one shape, and counts what deserves a note."""

    def __init__(self, sheet: Sheet, shape: Shape, limits: Limits) -> None:
        self.sheet, self.shape, self.limits = sheet, shape, limits
        self.place = {role: sheet.columns.index(column) for role, column in shape.columns.items()}
        self.context = [(sheet.columns.index(c), CONTEXT[c.strip().casefold()]) for c in shape.context]
        self.status_foreign = self._status_is_foreign()
        self.transcripts = self.as_json = 0

    def read(self, number: int, values: tuple[object, ...]) -> ParsedRow:
        """Raises Unreadable with the reason this record is refused."""
        for place, what in self.context:
            if values[place] not in (None, "", "[]", [], {}):
                raise Unreadable(f"the row comes with {what}, which the studio cannot hold yet")
        source, ideal = self._source_and_ideal(values)
        if not source.strip():
            raise Unreadable("the input is empty")
        return ParsedRow(
            number,
            source,
            ideal,
            slice=self._text(values, "slice").strip(),
            kinds=self._kinds(values),
            split=self._split(values),
            group=self._text(values, "group"),
            status=self._status(values),
        )

    def _source_and_ideal(self, values: tuple[object, ...]) -> tuple[str, str]:
        if "turns" in self.place:
            if "label" in self.place and str(values[self.place["label"]]).casefold() in ("false", "0"):
                raise Unreadable("the answer was voted down, so it is no ideal")
            return self._chat(values[self.place["turns"]])
        prompt = values[self.place["prompt"]] if "prompt" in self.place else None
        if is_turns(prompt):
            assert isinstance(prompt, list)
            completion = values[self.place["completion"]] if "completion" in self.place else None
            return self._chat(prompt + completion if isinstance(completion, list) else prompt)
        source, ideal = self._text(values, "prompt"), self._text(values, "completion")
        if "instruction" in self.place:
            instruction = self._text(values, "instruction")
            source = f"{instruction}\n\n{source}" if instruction.strip() and source.strip() else instruction or source
        return source, ideal

    def _chat(self, value: object) -> tuple[str, str]:
        source, ideal, transcript = input_and_ideal(value)
        self.transcripts += transcript
        return self._sound(source, "input"), self._sound(ideal, "ideal output")

    def _text(self, values: tuple[object, ...], role: str) -> str:
        if role not in self.place:
            return ""
        value = values[self.place[role]]
        if isinstance(value, str):
            return self._sound(value, self.shape.columns[role])
        if isinstance(value, (dict, list)):
            self.as_json += 1
        return self._sound(_plain(value, self.shape.columns[role]), self.shape.columns[role])

    def _sound(self, text: str, where: str) -> str:
        if len(text) > self.limits.cell_characters:
            raise Unreadable(f'"{where}" is longer than {self.limits.cell_characters:,} characters')
        if _ANY_DAMAGE.search(text):
            reason = next(reason for pattern, reason in _DAMAGED if pattern.search(text))
            raise Unreadable(f'"{where}" {reason}')
        return text

    def _kinds(self, values: tuple[object, ...]) -> tuple[str, ...]:
        value = values[self.place["kinds"]] if "kinds" in self.place else None
        text = self._text(values, "kinds") if isinstance(value, str) else ""
        if text.startswith("["):
            try:
                value = json.loads(text)
            except ValueError as wrong:
                raise Unreadable("the kinds are not a valid list") from wrong
        elif text:
            value = [k.strip() for k in text.split("|") if k.strip()]
        if value in (None, ""):
            return ()
        if not isinstance(value, list) or not all(isinstance(k, str) for k in value):
            raise Unreadable("the kinds are not a list of texts")
        return tuple(self._sound(k, "kinds") for k in value)

    def _split(self, values: tuple[object, ...]) -> Split | None:
        text = self._text(values, "split").strip()
        if not text:
            return None
        if text.casefold() not in list(Split):
            raise Unreadable(f'the split "{text[:40]}" is none of train, validation and test')
        return Split(text.casefold())

    def _status_is_foreign(self) -> bool:
        """A status column with words that are not the studio's belongs to another tool."""
        if "status" not in self.place:
            return False
        found = {str(v[self.place["status"]] or "") for _, v in self.sheet.records}
        return not found <= {"", *Status}

    def _status(self, values: tuple[object, ...]) -> Status | None:
        text = "" if self.status_foreign else self._text(values, "status")
        return Status(text) if text else None

    def notes(self, rows: list[ParsedRow]) -> list[str]:
        """Sentences on what was assumed or left out."""
        said = []
        used = set(self.place.values())
        left = [c or "(no name)" for i, c in enumerate(self.sheet.columns) if i not in used]
        if left:
            more = f" and {len(left) - 8:,} more" if len(left) > 8 else ""
            said.append(f"Columns not imported: {', '.join(c[:40] for c in left[:8])}{more}.")
        if self.status_foreign:
            said.append('The column "status" uses words of another tool and was not imported.')
        if empty := sum(not r.ideal.strip() for r in rows):
            said.append(f"Rows whose ideal output is still to be written: {empty:,}.")
        if self.transcripts:
            said.append(f"Chats with more than a question, kept as one text in the input: {self.transcripts:,}.")
        if self.as_json:
            said.append(f"Values that are lists or objects, kept as JSON text: {self.as_json:,}.")
        return said


def _plain(value: object, where: str) -> str:
    """A value that is not text as text. Raises Unreadable for bytes and other things without one plain form."""
    if value is None or value != value:  # a missing cell, or NaN, its form in Parquet files written by pandas
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float, decimal.Decimal)):
        return str(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (dict, list)):
        try:
            return json.dumps(value, ensure_ascii=False)
        except (TypeError, ValueError, RecursionError) as wrong:
            raise Unreadable(f'"{where}" holds something that has no form as text') from wrong
    raise Unreadable(f'"{where}" holds something that is not text ({type(value).__name__})')
