"""Prompt by prompt: which of two arms got it right? Four cells, counted and named. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

from studio.evaluate.checks import RuleScore


class Cell(enum.StrEnum):
    """Two arms on one prompt; `untold`: of one of them nothing can be told there."""

    other_right = "other right"
    one_right = "one right"
    both_wrong = "both wrong"
    both_right = "both right"
    untold = "untold"


def right(main: Mapping[str, float], scores: Sequence[RuleScore], rule: str, prompts: Sequence[str]) -> dict[str, bool]:
    """Prompt -> whether an arm's answer is right: every rule that applies is kept (or the label, or the whole JSON is
    right), or, with `rule`, that rule. `main`: the main scores, 1 for right. Prompts of which nothing is told are left
    out, and with `rule` those whose answer is missing."""
    if not rule:
        return {name: main[name] >= 1 - 1e-9 for name in prompts if name in main}
    found = next((score for score in scores if score.criterion == rule), None)
    return {name: name not in found.broken for name in prompts if name in main} if found else {}


def cell(prompt: str, one: Mapping[str, bool], other: Mapping[str, bool]) -> Cell:
    """Where a prompt belongs."""
    if prompt not in one or prompt not in other:
        return Cell.untold
    if one[prompt]:
        return Cell.both_right if other[prompt] else Cell.one_right
    return Cell.other_right if other[prompt] else Cell.both_wrong
