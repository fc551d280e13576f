"""What an arm puts around an input beside its system text, as pure values; `studio.records` gives all of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from studio.record_json import canonical, sha256, to_json

MOST_SHOTS = 8
"""As many examples may stand before an input; each one costs the model's attention and the reader's time."""


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
class Recipe:
    """All that an arm puts around an input; nothing for a plain prompt."""

    shots: Shots | None = None


@dataclass(frozen=True)
class Given:
    """What an arm put around one input: the ids of the examples it was shown, in the order they were shown in."""

    shots: tuple[str, ...] = ()


def recipe_sha256(system_prompt: str, recipe: Recipe) -> str:
    """What `hashes["recipe"]` of an output holds: which arm wrote it, as it was then."""
    return sha256(canonical({"system_prompt": system_prompt, "recipe": to_json(recipe)}))
