"""JSON and JSON Lines as records. Every item that is not an object is refused by its number."""

from __future__ import annotations

import json
from typing import Any

from studio.examples.annotated import read as read_annotated
from studio.examples.batch import Limits, RefusedRow, Sheet, blank_note, too_many_rows
from studio.examples.delimited import decode
from studio.records import Refusal


class _Object(dict[str, Any]):
    """A JSON object that remembers a key it held twice; `json` alone would silently keep the last."""

    twice = ""


def _object(pairs: list[tuple[str, Any]]) -> _Object:
    made = _Object(pairs)
    if len(made) < len(pairs):
        seen: set[str] = set()
        made.twice = next(k for k, _ in pairs if k in seen or seen.add(k))  # type: ignore[func-returns-value]
    return made


def _constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _load(text: str) -> Any:
    """Raises ValueError, also for nesting too deep to read."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant)
    except RecursionError as deep:
        raise ValueError("it is nested too deeply") from deep


def read_json(data: bytes, *, limits: Limits) -> Sheet:
    """A list of objects, a table as a list of lists, or one object with a single such list in it.

    A file of one object per line under the name .json is read as JSON Lines. Raises Refusal.
    """
    text, note = decode(data)
    try:
        value = _load(text)
    except ValueError as wrong:
        if "Extra data" in str(wrong):
            return read_jsonl(data, limits=limits)
        raise Refusal(f"This file is not valid JSON ({wrong}), nothing was imported: export it again.") from wrong
    notes = [note] if note else []
    if isinstance(value, dict):
        value = _turned(value)
    if isinstance(value, dict):
        lists = [k for k, v in value.items() if isinstance(v, list) and v and all(isinstance(i, dict) for i in v)]
        if len(lists) != 1:
            value = None
        else:
            notes.append(f'The rows were read from "{lists[0]}".')
            value = value[lists[0]]
    if not isinstance(value, list) or not value:
        raise Refusal(
            "This JSON file holds no list of examples, nothing was imported: it must be a list of objects, "
            'such as [{"prompt": "...", "completion": "..."}].'
        )
    if all(isinstance(item, list) for item in value) and all(isinstance(c, str) for c in value[0]):
        return _lists(value, notes, limits)
    return _sheet("json", list(enumerate(value, start=1)), [], notes, limits)


def _turned(value: dict[str, Any]) -> Any:
    """A table kept column by column, as Argilla's `to_dict` and pandas write it, as a list of objects."""
    lengths = {len(v) if isinstance(v, list) else -1 for v in value.values()}
    if len(value) < 2 or len(lengths) != 1 or lengths & {-1, 0}:
        return value
    return [_object(list(zip(value, row, strict=True))) for row in zip(*value.values(), strict=True)]


def read_jsonl(data: bytes, *, limits: Limits) -> Sheet:
    """One object per line. A line that is not valid JSON is refused by its number. Raises Refusal."""
    text, note = decode(data)
    notes = [note] if note else []
    items: list[tuple[int, Any]] = []
    refused: list[RefusedRow] = []
    blank = 0
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines[-1] == "":
        lines.pop()  # the end of the last line, not a row of its own
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            blank += 1
            continue
        try:
            items.append((number, _load(line)))
        except ValueError as wrong:
            refused.append(RefusedRow(number, f"the line is not valid JSON ({wrong})"))
    if not items:
        raise Refusal("No line of this file is valid JSON, nothing was imported: check that it is the file you meant.")
    if blank:
        notes.append(blank_note(blank))
    return _sheet("jsonl", items, refused, notes, limits)


def _sheet(
    format: str, items: list[tuple[int, Any]], refused: list[RefusedRow], notes: list[str], limits: Limits
) -> Sheet:
    if len(items) + len(refused) > limits.rows:
        raise too_many_rows(limits)
    kept: list[tuple[int, _Object]] = []
    for number, item in items:
        if not isinstance(item, _Object):
            refused.append(RefusedRow(number, "this is not an object with named fields"))
        elif item.twice:
            refused.append(RefusedRow(number, f'the field "{item.twice}" stands in it twice'))
        else:
            kept.append((number, item))
    if not kept:
        raise Refusal(
            "No item of this file can be read as an object with named fields, nothing was imported: each example must "
            'look like {"prompt": "...", "completion": "..."}.'
        )
    shape = ""
    if annotated := read_annotated(kept):
        shape = annotated.tool
        refused, notes = refused + annotated.refused, notes + annotated.notes
        kept = [(number, _Object(item)) for number, item in annotated.records]
    columns = tuple(dict.fromkeys(k for _, item in kept for k in item))
    if len(columns) * len(kept) > 100 * limits.rows:
        raise Refusal(
            f"The objects in this file have {len(columns):,} different field names, nothing was imported: "
            "check that it is a list of examples."
        )
    records = tuple((number, tuple(item.get(c) for c in columns)) for number, item in kept)
    return Sheet(format, columns, records, tuple(sorted(refused, key=lambda r: r.row)), tuple(notes), shape)


def _lists(value: list[list[Any]], notes: list[str], limits: Limits) -> Sheet:
    columns, width = tuple(value[0]), len(value[0])
    if len(value) - 1 > limits.rows:
        raise too_many_rows(limits)
    records = tuple((i, tuple(row)) for i, row in enumerate(value[1:], start=2) if len(row) == width)
    refused = tuple(
        RefusedRow(i, f"the row has {len(row)} cells where the first has {width}")
        for i, row in enumerate(value[1:], start=2)
        if len(row) != width
    )
    return Sheet("json", columns, records, refused, tuple(notes))
