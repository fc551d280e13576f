"""Examples before the input (few-shot): which ones an arm shows, and how they become turns that were had.

Only examples of the training split are offered to it, and none is shown that is the input itself or nearly the same
(`studio.health.near`): its ideal output would be the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from studio.generation import Asked
from studio.health import near
from studio.record_examples import spread
from studio.records import Choosing, Example, Given, Shots, Speaker, Turn

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
"""Texts to their vectors, (n, dimensions), each of length 1."""


class Shelf:
    """The examples that may be shown: a training split, without those that have no ideal output."""

    def __init__(self, pool: Sequence[Example], embed: Embed) -> None:
        self._pool = sorted((each for each in pool if each.ideal.strip()), key=lambda each: each.id)
        self._embed = embed
        self._vectors: Floats | None = None

    def around(self, shots: Shots, inputs: Sequence[Example]) -> list[Asked]:
        """Each input with its examples before it, in the inputs' order; fewer than `shots.count` where no more fit."""
        ranked = {
            Choosing.by_hand: self._by_hand,
            Choosing.by_slice: self._by_slice,
            Choosing.by_nearness: self._by_nearness,
        }[shots.choosing](shots, inputs)
        return [_asked(each, _first(found, each, shots)) for each, found in zip(inputs, ranked, strict=True)]

    def _by_hand(self, shots: Shots, inputs: Sequence[Example]) -> Iterable[Sequence[Example]]:
        by_id = {each.id: each for each in self._pool}
        chosen = [by_id[name] for name in shots.examples if name in by_id]
        return [chosen for _ in inputs]

    def _by_slice(self, shots: Shots, inputs: Sequence[Example]) -> Iterable[Sequence[Example]]:
        """Of the input's own slice; where it has none, or one that was never taught, taking turns over all."""
        mixed = spread(self._pool, len(self._pool))
        own = {name: [each for each in self._pool if each.slice == name] for name in {e.slice for e in self._pool}}
        return [own.get(each.slice, mixed) if each.slice else mixed for each in inputs]

    def _by_nearness(self, shots: Shots, inputs: Sequence[Example]) -> Iterable[Sequence[Example]]:
        if self._vectors is None:
            self._vectors = self._embed([each.prompt.asked for each in self._pool])
        cosines = self._embed([each.prompt.asked for each in inputs]) @ self._vectors.T
        return ([self._pool[i] for i in np.argsort(-row, kind="stable")] for row in cosines)


def _first(ranked: Sequence[Example], asked: Example, shots: Shots) -> list[Example]:
    """The first of `ranked` that may be shown. The nearest comes last: it stands beside the input."""
    found: list[Example] = []
    for each in ranked:
        if len(found) == shots.count:
            break
        if not _tells(each, asked):
            found.append(each)
    return found[::-1] if shots.choosing is Choosing.by_nearness else found


def _tells(shot: Example, asked: Example) -> bool:
    """Whether an example gives the input's answer away."""
    if shot.id == asked.id:
        return True
    one, other = near.normalise(shot.prompt.asked), near.normalise(asked.prompt.asked)
    return one == other or near.jaccard(one, other) >= near.THRESHOLD


def _asked(example: Example, shown: Sequence[Example]) -> Asked:
    """An example's own system text is left out where it is shown: it spoke of another conversation."""
    before = [turn for shot in shown for turn in _turns(shot)]
    prompt = replace(example.prompt, earlier=(*before, *example.prompt.earlier))
    return Asked(prompt, Given(tuple(shot.id for shot in shown)))


def _turns(shot: Example) -> tuple[Turn, ...]:
    return (*shot.earlier, Turn(Speaker.user, shot.input), Turn(Speaker.assistant, shot.ideal))
