"""Passages with the input (retrieval): the nearest in meaning, numbered, so that an answer can cite them.

They stand in the system text, after the arm's own and before the one that the prompt came with: the input stays as it
was asked. What a passage gives away of the held-out examples is left out before (`studio.documents.step`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from studio.generation import Asked
from studio.records import Example, Passage, Passages

Floats = NDArray[np.float32]
Embed = Callable[[Sequence[str]], Floats]
"""Texts to their vectors, (n, dimensions), each of length 1."""


class Library:
    """The passages that arms may be given. `known`: passage -> its vector, of those that were made before."""

    def __init__(self, passages: Sequence[Passage], embed: Embed, known: Mapping[str, Floats] | None = None) -> None:
        self._passages = tuple(passages)
        self._embed, self._known = embed, dict(known or {})
        self._vectors: Floats | None = None

    def around(self, recipe: Passages, inputs: Sequence[Example], asked: Sequence[Asked]) -> list[Asked]:
        """Each of `asked` with the passages nearest to its input, the nearest first; of two as near the one that
        stands first. Fewer than `recipe.count` where there are no more."""
        own = [at for at, each in enumerate(self._passages) if each.document in recipe.documents]
        if not own or not inputs:
            return list(asked)
        cosines = self._embed([_looked_for(each) for each in inputs]) @ self._read()[own].T
        nearest = np.argsort(-cosines, axis=1, kind="stable")[:, : recipe.count]
        return [_with(each, [self._passages[own[at]] for at in row]) for each, row in zip(asked, nearest, strict=True)]

    def _read(self) -> Floats:
        if self._vectors is None:
            new = [each for each in self._passages if each.id not in self._known]
            if new:
                self._known |= dict(zip((e.id for e in new), self._embed([e.piece.read for e in new]), strict=True))
            self._vectors = np.stack([self._known[each.id] for each in self._passages])
        return self._vectors


def _looked_for(example: Example) -> str:
    """The input first, then what was said before it, the newest first: a model of meaning reads only so far."""
    return "\n\n".join([example.input, *(turn.text for turn in reversed(example.earlier))])


def _with(asked: Asked, found: Sequence[Passage]) -> Asked:
    system = "\n\n".join(text for text in (numbered(found), asked.prompt.system) if text)
    given = replace(asked.given, passages=tuple(each.id for each in found))
    return Asked(replace(asked.prompt, system=system), given)


def numbered(found: Sequence[Passage]) -> str:
    """The passages as a model reads them."""
    each = [f"[{number}] {passage.source}\n{passage.piece.text}" for number, passage in enumerate(found, start=1)]
    return "\n\n".join(["Passages:", *each])
