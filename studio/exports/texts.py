"""Prompt and answer as two texts, one row a line: the studio's own JSON Lines, TRL's prompt and completion, Alpaca."""

from __future__ import annotations

from collections.abc import Iterable

from studio.exports.rows import Row, fields, lines
from studio.records import Example, Speaker


def whole(examples: Iterable[Example]) -> bytes:
    """Prompt and completion with every other field beside them."""
    return lines(fields(e) for e in examples)


def prompt_completion(examples: Iterable[Example]) -> bytes:
    """As TRL's SFTTrainer reads it, and nothing beside: prompt and completion."""
    return lines({"prompt": e.input, "completion": e.ideal} for e in examples)


def alpaca(examples: Iterable[Example]) -> bytes:
    """Instruction, input (always empty), output; system text and history where there are any."""
    return lines(_alpaca(e) for e in examples)


def _alpaca(example: Example) -> Row:
    row: Row = {"instruction": example.input, "input": "", "output": example.ideal}
    if example.system:
        row["system"] = example.system
    if example.earlier:
        texts = [turn.text for turn in example.earlier]
        row["history"] = [list(pair) for pair in zip(texts[::2], texts[1::2], strict=True)]
    return row


def to_and_fro(example: Example) -> bool:
    """Whether the earlier turns are questions with their answers, in turn: Alpaca's history knows nothing else."""
    speakers = [turn.speaker for turn in example.earlier]
    return speakers == [Speaker.user, Speaker.assistant] * (len(speakers) // 2)
