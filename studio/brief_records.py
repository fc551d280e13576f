"""The nouns of the brief; import them from `studio.records`, which says what holds for every record."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any


class CheckKind(enum.StrEnum):
    """How a machine can tell whether an output keeps a criterion (see `studio.evaluate.checks`)."""

    required = "required"
    forbidden = "forbidden"
    pattern = "pattern"
    max_words = "max_words"
    repeats = "repeats"
    by_slice = "by_slice"
    json_fields = "json_fields"
    equals_ideal = "equals_ideal"
    min_words = "min_words"
    one_of = "one_of"
    json_schema = "json_schema"
    max_grade = "max_grade"


@dataclass(frozen=True)
class Check:
    """One exact machine check. Which fields matter depends on `kind`.

    `phrases`: required (any one of them), forbidden (none of them), one_of (the output is one of them). `pattern`: a
    regular expression, searched in the output (`pattern`) or in the input, each match of which the output must repeat
    (`repeats`; with no match the output must contain `otherwise`, if given). `limit`: words
    (`max_words`, `min_words`), or a school grade (`max_grade`). `schema`: a JSON schema, as it was written.
    `by_slice`: slice -> accepted phrases; the phrases of the other slices must be absent; a slice
    that is not named must hold none of them. `fields`: JSON keys -> allowed values, in any order.
    """

    kind: CheckKind
    phrases: tuple[str, ...] = ()
    pattern: str = ""
    otherwise: str = ""
    limit: int = 0
    by_slice: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fields: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    schema: str = ""


SCALE_LEVELS = 5


@dataclass(frozen=True)
class Criterion:
    """One thing a good output does: why, how to tell, and exemplars. All `checks` must hold.

    `slices` limits it to those slices (empty: all). Without `checks` only people can tell: by yes or no, or from
    1 to `SCALE_LEVELS` where `scale` says in words what each level looks like, the lowest first (empty: yes or no).
    `target`: the share (0 to 1] of the test answers that must keep the `checks` before anything ships; 0 for none.
    """

    name: str
    why: str = ""
    how_to_tell: str = ""
    good: str = ""
    bad: str = ""
    checks: tuple[Check, ...] = ()
    slices: tuple[str, ...] = ()
    scale: tuple[str, ...] = ()
    target: float = 0.0


@dataclass(frozen=True)
class Slice:
    """A kind of input the team cares about. `target_share` in [0, 1] of the dataset.

    `second_approval`: an example counts as approved only when two people approved it; `experts`: the ids of those of
    whom one must be among them (empty: anybody).
    """

    name: str
    meaning: str = ""
    target_share: float = 0.0
    critical: bool = False
    second_approval: bool = False
    experts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Brief:
    """What good output looks like. Saved as numbered versions; version 0 means not saved yet."""

    task: str = ""
    audience: str = ""
    inputs: str = ""
    must_never: str = ""
    intended_use: str = ""
    not_intended_use: str = ""
    data_rights: str = ""
    criteria: tuple[Criterion, ...] = ()
    slices: tuple[Slice, ...] = ()
    version: int = 0
