"""An example as a row of a file: its fields by the names under which the studio's own import reads them again.

The id is written for reference and not read. Who an example is assigned to and who approved it are not exported: people
are known by ids of this workspace only, and an approval is given here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from studio.records import Example, Speaker, Turn

COLUMNS = (
    "prompt", "completion", "slice", "kinds", "split", "group", "status", "system", "earlier", "tags", "worse",
    "licence", "consent", "expires", "review_by", "recheck", "source", "id",
)  # fmt: skip

Row = dict[str, Any]


def fields(example: Example) -> Row:
    """Every column; `earlier` as messages, `kinds` and `tags` as lists, all others as text."""
    return {
        "prompt": example.input,
        "completion": example.ideal,
        "slice": example.slice,
        "kinds": list(example.kinds),
        "split": example.split.value if example.split else "",
        "group": example.group,
        "status": example.status.value,
        "system": example.system,
        "earlier": messages(example.earlier),
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


def facts(example: Example) -> Row:
    """The columns beside what was said: without prompt, completion, system text and earlier turns."""
    return {k: v for k, v in fields(example).items() if k not in ("prompt", "completion", "system", "earlier")}


def messages(turns: Iterable[Turn]) -> list[dict[str, str]]:
    return [message(turn.speaker.value, turn.text) for turn in turns]


def message(role: str, text: str) -> dict[str, str]:
    return {"role": role, "content": text}


def asked(example: Example) -> list[dict[str, str]]:
    """The prompt as messages: the system text, the earlier turns and the input."""
    system = [message("system", example.system)] if example.system else []
    return [*system, *messages(example.earlier), message(Speaker.user.value, example.input)]


def answered(example: Example) -> dict[str, str]:
    """The ideal output as a message."""
    return message(Speaker.assistant.value, example.ideal)


def lines(rows: Iterable[Row]) -> bytes:
    """JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
