"""Imports: many examples in one act, column by column, so that 100,000 rows keep nobody waiting who votes meanwhile."""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping, Sequence
from typing import Any

from studio.records import Act, Consent, Example, Speaker, Split, Status, Turn, canonical, from_json
from studio.store.examples import _json, _row, unbuilt_on
from studio.store.writes import Batch, Tx, applies

# The fields of an import, which come column by column (a fifth of the time that 100,000 records take), and the form
# of each as it is stored. Texts, words and turns are checked here as `from_json` would.
_TEXTS = ("id", "input", "ideal", "slice", "group", "source", "system", "worse", "licence", "expires", "review_by",
          "recheck")  # fmt: skip
_WORDS = ("kinds", "tags", "approvals")
_MEMBERS = {"status": Status, "split": Split, "consent": Consent}
_IMPORTED = (*_TEXTS, *_WORDS, *_MEMBERS, "row", "earlier")


def columns_of(examples: Mapping[str, Sequence[Any]], count: int) -> bytes:
    """The blob of an import: field -> a value for each of `count` examples; a field not given has its default.

    Status, split and consent are words, turns are (speaker, text).
    """
    if set(examples) - set(_IMPORTED) or any(len(column) != count for column in examples.values()):
        raise ValueError("these are not columns of examples, of one length")
    return canonical({"count": count, "columns": examples})


def _imported(blob: bytes) -> tuple[int, dict[str, list[Any]]]:
    """The columns as they are stored. Raises ValueError for anything that is no example."""
    found = json.loads(blob)
    count, given = found["count"], found["columns"]
    start = Example("", "", "")
    columns: dict[str, list[Any]] = {}
    for name in _IMPORTED:
        values = given.get(name)
        if values is None:
            default = getattr(start, name)
            columns[name] = ["[]" if default == () else default] * count
        elif name in _MEMBERS:
            if unknown := set(values) - {*_MEMBERS[name], *([None] if name == "split" else [])}:
                raise ValueError(f"{name}: {min(map(str, unknown))!r} is unknown")
            columns[name] = values
        elif name in _WORDS:
            if set(map(type, values)) - {list} or {type(word) for words in values for word in words} - {str}:
                raise ValueError(f"{name}: expected lists of texts")
            columns[name] = [_words(tuple(words)) for words in values]
        elif name == "earlier":
            columns[name] = [_json(tuple(Turn(Speaker(s), text) for s, text in turns)) for turns in values]
        else:
            kind = int if name == "row" else str
            if set(map(type, values)) - {kind}:
                raise ValueError(f"{name}: expected {kind.__name__}")
            columns[name] = values
    return count, columns


@functools.lru_cache(4096)
def _words(words: tuple[str, ...]) -> str:
    """The few sets of words that many rows share."""
    return _json(words)


def _unbuilt_on(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    unbuilt_on(tx, "batch", payload["batch"]["id"])


@applies("examples.imported", guard=_unbuilt_on)
def examples_imported(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: batch {id, file, format, rows, kept, refused}, brief_version, columns_blob (see `columns_of`).

    The first version wrote rows_blob instead: a JSON list of examples. A part of a series has some of the batch's rows.
    """
    batch, start = payload["batch"], act.seq * 1_000_000
    names: Batch = ("batch", batch["id"])
    if "rows_blob" in payload:
        kept = [from_json(Example, value) for value in json.loads(tx.blob(payload["rows_blob"]))]
        count = len(kept)
        tx.insert_many("examples", [_row(e, act, start + i) for i, e in enumerate(kept)], names)
    else:
        count, columns = _imported(tx.blob(payload["columns_blob"]))
        columns["grp"] = columns.pop("group")
        same = _row(Example("", "", "", batch=batch["id"], brief_version=payload["brief_version"]), act, 0)
        columns |= {name: [value] * count for name, value in same.items() if name not in columns}
        columns["position"] = list(range(start, start + count))
        if "series" in payload:
            names = ("batch", batch["id"], start, start + count - 1)
        tx.insert_columns("examples", columns, count, names)
    current = tx.get("batches", batch["id"]) if "series" in payload else None
    if current is not None:
        tx.update("batches", current, kept=current["kept"] + count)
        return
    tx.insert("batches", {"id": batch["id"], "project": act.project, "file": batch["file"], "format": batch["format"],
                          "rows": batch["rows"], "kept": count, "refused": canonical(batch["refused"]).decode(),
                          "author": act.actor, "at": act.at})  # fmt: skip
    # Revisions of an untouched row are the row itself: they are written from the first edit on.
