"""Examples as a file: CSV for people, JSON Lines for programs, conversational JSON Lines for TRL.

Importing an export gives the same rows back, conversations turn by turn; the id is written for reference and not
read. Who an example is assigned to and who approved it are not exported: people are known by ids of this workspace
only, and an approval is given here. In CSV a cell that a spreadsheet would run as a formula starts with one apostrophe
more than its text; the import takes one off such a cell, and says so.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from studio.cells import guard_formula
from studio.records import Example, Refusal, Turn, sha256

EXPORTS = ("csv", "jsonl", "trl")
_COLUMNS = (
    "prompt", "completion", "slice", "kinds", "split", "group", "status", "system", "earlier", "tags", "worse",
    "licence", "consent", "expires", "review_by", "recheck", "source", "id",
)  # fmt: skip


@dataclass(frozen=True)
class Exported:
    """A file's bytes, the number of examples in them and their SHA-256 in hex."""

    format: str
    rows: int
    data: bytes
    sha256: str


def export_examples(examples: Iterable[Example], format: str) -> Exported:
    """All examples given, in their order. Raises Refusal for a format not in `EXPORTS`.

    "csv": UTF-8 with its mark, so that spreadsheets show accents. "jsonl": prompt and completion as
    text with the other fields beside them. "trl": the same with prompt and completion as lists of
    messages, as TRL's SFTTrainer reads them; the system text and the earlier turns are part of the prompt.
    """
    given = list(examples)
    if format == "csv":
        data = _csv(given)
    elif format == "jsonl":
        data = _lines(_fields(e) for e in given)
    elif format == "trl":
        data = _lines(_conversation(e) for e in given)
    else:
        raise Refusal(f'"{format}" is not a format examples are exported in; choose one of {", ".join(EXPORTS)}.')
    return Exported(format, len(given), data, sha256(data))


def _fields(example: Example) -> dict[str, Any]:
    return {
        "prompt": example.input,
        "completion": example.ideal,
        "slice": example.slice,
        "kinds": list(example.kinds),
        "split": example.split.value if example.split else "",
        "group": example.group,
        "status": example.status.value,
        "system": example.system,
        "earlier": _messages(example.earlier),
        "tags": list(example.tags),
        "worse": example.worse,
        "licence": example.licence,
        "consent": example.consent.value,
        "expires": example.expires,
        "review_by": example.review_by,
        "recheck": example.recheck,
        "source": example.source,
        "id": example.id,
    }


def _conversation(example: Example) -> dict[str, Any]:
    system = [{"role": "system", "content": example.system}] if example.system else []
    chat = {
        "prompt": [*system, *_messages(example.earlier), {"role": "user", "content": example.input}],
        "completion": [{"role": "assistant", "content": example.ideal}],
    }
    return chat | {k: v for k, v in _fields(example).items() if k not in (*chat, "system", "earlier")}


def _messages(turns: Iterable[Turn]) -> list[dict[str, str]]:
    return [{"role": turn.speaker.value, "content": turn.text} for turn in turns]


def _lines(rows: Iterable[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _csv(examples: list[Example]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for example in examples:
        row = _fields(example) | {"kinds": _joined(example.kinds), "tags": _joined(example.tags)}
        row["earlier"] = json.dumps(row["earlier"], ensure_ascii=False) if row["earlier"] else ""
        writer.writerow([guard_formula(row[c]) for c in _COLUMNS])
    return out.getvalue().encode("utf-8-sig")


def _joined(words: tuple[str, ...]) -> str:
    """Joined by |; as a JSON list when a word's own text would make that ambiguous."""
    joined = "|".join(words)
    plain = all(w and w == w.strip() and "|" not in w for w in words) and not joined.startswith("[")
    return joined if plain else json.dumps(list(words), ensure_ascii=False)
