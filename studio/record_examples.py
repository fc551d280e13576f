"""An example and what belongs to it, as pure values; `studio.records` gives all of it."""

from __future__ import annotations

import collections
import enum
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

_PAIR = "~"


class Status(enum.StrEnum):
    """Where an example stands on its way into a dataset."""

    draft = "draft"
    in_review = "in_review"
    approved = "approved"
    rejected = "rejected"


class Split(enum.StrEnum):
    train = "train"
    validation = "validation"
    test = "test"


class Speaker(enum.StrEnum):
    user = "user"
    assistant = "assistant"


class Consent(enum.StrEnum):
    """Whether the person an example comes from agreed to this use."""

    unknown = "unknown"
    given = "given"
    not_needed = "not_needed"
    withdrawn = "withdrawn"


# What makes an input hard, as the team marks it; `edge_case` and `must_refuse` are counted by the health page.
HARD_KINDS = ("vague", "emotional", "incomplete", "hostile", "out_of_scope", "edge_case", "must_refuse")


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation."""

    speaker: Speaker
    text: str


@dataclass(frozen=True)
class Prompt:
    """What a model is asked: the last message, the turns before it, oldest first, and the system text it came with."""

    input: str
    earlier: tuple[Turn, ...] = ()
    system: str = ""

    @property
    def asked(self) -> str:
        """Every turn in one text, to search in and to compare with others; the system text is left out."""
        return "\n\n".join([*(turn.text for turn in self.earlier), self.input])


@dataclass(frozen=True)
class Example:
    """What the model should say to one input. `revision` starts at 1 and grows with each edit.

    `earlier`: the turns before `input`, oldest first; `system`: a system text that came with it. `kinds`: what is hard
    about it (see `HARD_KINDS`, and words of the team's own); `tags`: anything else. `worse`: an output that people
    found worse than `ideal`. `consent` and `licence` say by what right it is used; `expires` and `review_by` are dates
    (YYYY-MM-DD, "" for none), after which the right ends and somebody must look again. `assigned`: a person's id.
    `approvals`: the ids of those who approved this text. `recheck`: why it must be looked at again, or "".
    """

    id: str
    input: str
    ideal: str
    slice: str = ""
    kinds: tuple[str, ...] = ()
    status: Status = Status.draft
    split: Split | None = None
    group: str = ""
    source: str = ""
    batch: str = ""
    revision: int = 1
    brief_version: int = 0
    row: int = 0
    earlier: tuple[Turn, ...] = ()
    system: str = ""
    tags: tuple[str, ...] = ()
    worse: str = ""
    licence: str = ""
    consent: Consent = Consent.unknown
    expires: str = ""
    review_by: str = ""
    assigned: str = ""
    approvals: tuple[str, ...] = ()
    recheck: str = ""

    @property
    def prompt(self) -> Prompt:
        return Prompt(self.input, self.earlier, self.system)


def pair_id(example: str, place: int) -> str:
    """The id of a row in a set of votes: several may be about the prompt of one example."""
    return f"{example}{_PAIR}{place}"


def example_of(row: str) -> str:
    """The example that a row of a frozen set is about, from the row's id: itself, or the one whose prompt it has."""
    return row.partition(_PAIR)[0]


def spread(examples: Sequence[Example], count: int) -> list[Example]:
    """Up to `count` examples that take turns over the slices, the same ones each time."""
    by_slice: dict[str, list[Example]] = collections.defaultdict(list)
    for example in sorted(examples, key=lambda e: (e.slice, e.id)):
        by_slice[example.slice].append(example)
    turns = itertools.zip_longest(*by_slice.values())
    return [e for turn in turns for e in turn if e is not None][:count]
