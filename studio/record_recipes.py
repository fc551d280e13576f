"""What an arm puts around an input beside its system text, as pure values; `studio.records` gives all of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any

from studio.record_json import canonical, sha256, to_json

MOST_SHOTS = 8
"""As many examples may stand before an input; each one costs the model's attention and the reader's time."""
MOST_PASSAGES = 10
"""As many passages may stand before an input; each is up to 150 words that are read and paid for every time."""


class Choosing(enum.StrEnum):
    """How the examples are chosen that a model is shown before an input."""

    by_hand = "by_hand"
    by_slice = "by_slice"
    by_nearness = "by_nearness"


@dataclass(frozen=True)
class Shots:
    """Examples of a frozen dataset's training split, shown before the input as turns that were had (few-shot).

    `count` of them, 1 to `MOST_SHOTS`; `examples`: their ids in this order, where they were chosen by hand. A frozen
    dataset never changes, so an arm keeps showing the same ones until somebody moves it to a newer set.
    """

    choosing: Choosing
    count: int
    dataset: str
    dataset_sha256: str
    examples: tuple[str, ...] = ()


@dataclass(frozen=True)
class Passages:
    """Passages of the team's documents, given with the input (retrieval): the `count` nearest to it in meaning, 1 to
    `MOST_PASSAGES`. `documents`: the content hash of each document they may come from, sorted, so that an arm keeps
    reading the same words whatever is uploaded later."""

    count: int
    documents: tuple[str, ...]


@dataclass(frozen=True)
class Recipe:
    """All that an arm puts around an input; nothing for a plain prompt."""

    shots: Shots | None = None
    passages: Passages | None = None


@dataclass(frozen=True)
class Given:
    """What an arm put around one input: the ids of the examples it was shown, in the order they were shown in, and of
    the passages it was given, the first of which is cited as [1]."""

    shots: tuple[str, ...] = ()
    passages: tuple[str, ...] = ()


def set_parts(record: Recipe | Given) -> dict[str, Any]:
    """A recipe, or what was given, as plain JSON without the parts that are not set: what is hashed and stored, so that
    a part which came later changes no hash of an arm without it."""
    return {name: value for name, value in to_json(record).items() if value}


def recipe_sha256(system_prompt: str, recipe: Recipe) -> str:
    """What `hashes["recipe"]` of an output holds: which arm wrote it, as it was then."""
    return sha256(canonical({"system_prompt": system_prompt, "recipe": set_parts(recipe)}))
