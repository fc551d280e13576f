"""Which kind of task a project is, by its brief and its ideal outputs: it decides which figures say something. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.evaluate.checks import parsed
from studio.records import Brief, CheckKind, Task

_MOST_LABELS = 50
_LABEL_WORDS = 6
_EACH_LABEL = 4
"""Ideal outputs for each label, on average, before a repeated text is taken for one."""
_NEARLY_ALL = 0.9


@dataclass(frozen=True)
class Guess:
    """The kind of task, and the sentence that says why. `chosen`: a person set it."""

    task: Task
    why: str
    chosen: bool = False


def infer(brief: Brief, ideals: Sequence[str]) -> Guess:
    """What the checks of the brief say, and else what the ideal outputs look like.

    Does not read the brief's prose, and takes a few short answers that repeat for labels, whatever they mean.
    """
    kinds = {check.kind for criterion in brief.criteria for check in criterion.checks}
    if CheckKind.one_of in kinds:
        return Guess(Task.labels, "A rule of the brief says that the answer is one of a few labels.")
    if kinds & {CheckKind.json_fields, CheckKind.json_schema}:
        return Guess(Task.fields, "A rule of the brief asks for JSON.")
    written = [text.strip() for text in ideals if text.strip()]
    if not written:
        return Guess(Task.text, "There are no ideal outputs to go by.")
    n = len(written)
    if (objects := sum(parsed(text) is not None for text in written)) >= _NEARLY_ALL * n:
        return Guess(Task.fields, f"{objects:,} of {n:,} ideal outputs are JSON objects.")
    different = set(written)
    few = 1 < len(different) <= min(_MOST_LABELS, n // _EACH_LABEL)
    if few and all(len(text.split()) <= _LABEL_WORDS for text in different):
        return Guess(Task.labels, f"The {n:,} ideal outputs are {len(different):,} short answers that repeat.")
    return Guess(Task.text, f"The {n:,} ideal outputs are freely written: {len(different):,} different texts.")
