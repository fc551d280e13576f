"""A whole conversation in one row, one row a line: for TRL, for OpenAI's fine-tuning, and ShareGPT."""

from __future__ import annotations

from collections.abc import Iterable

from studio.exports.rows import Row, answered, asked, facts, lines
from studio.records import Example

_SHAREGPT = {"user": "human", "assistant": "gpt"}


def trl(examples: Iterable[Example]) -> bytes:
    """Prompt and completion as lists of messages, as TRL's SFTTrainer reads them; the other fields beside."""
    return lines(conversation(e) for e in examples)


def conversation(example: Example) -> Row:
    return {"prompt": asked(example), "completion": [answered(example)]} | facts(example)


def openai(examples: Iterable[Example]) -> bytes:
    """`messages` and nothing beside: OpenAI's fine-tuning refuses other keys."""
    return lines({"messages": [*asked(e), answered(e)]} for e in examples)


def sharegpt(examples: Iterable[Example]) -> bytes:
    """`conversations` of human and gpt, with the system text beside them."""
    return lines(_sharegpt(e) for e in examples)


def _sharegpt(example: Example) -> Row:
    said = [*asked(example), answered(example)]
    row: Row = {
        "conversations": [{"from": _SHAREGPT[m["role"]], "value": m["content"]} for m in said if m["role"] in _SHAREGPT]
    }
    return row | ({"system": example.system} if example.system else {})
