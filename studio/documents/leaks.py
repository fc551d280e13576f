"""Passages that hold what a model is tested on: the input or the ideal output of an example that is held out. Pure.

Found is a stretch of a passage, or of two in a row, that is the same as such a text or nearly the same by the rule of
`studio.health.near`. Does not find the same said in other words, and looks for no text under `LEAST` letters: words so
few stand in any document by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studio.health import near
from studio.health.pairs import four_grams
from studio.records import Example, Piece, Split

LEAST = 25
_STEPS = 20  # as many starts are tried within the length of a text


@dataclass(frozen=True)
class Leak:
    """That a passage holds `what` ("input" or "ideal output") of an example of a split; `text`: what it is."""

    example: str
    split: Split
    what: str
    text: str


def find(pieces: Sequence[Piece], held_out: Sequence[Example]) -> dict[int, Leak]:
    """Place of a passage -> what it gives away; the first found where there are several. `held_out`: examples with
    their splits."""
    if not pieces or not held_out:
        return {}
    texts = [near.normalise(piece.read) for piece in pieces]
    # Two in a row: a text may go on in the next passage.
    joined = [" ".join(texts[at : at + 2]) for at in range(len(texts))]
    lines = _Lines(joined)
    found: dict[int, Leak] = {}
    for wanted, leak in _wanted(held_out):
        grams = four_grams(wanted)
        for at in lines.holding(grams):
            if (start := _stretch(joined[at], wanted, grams)) is not None:
                for place in _places(at, start, start + len(wanted), texts):
                    found.setdefault(place, leak)
    return found


def _wanted(held_out: Sequence[Example]) -> Iterator[tuple[str, Leak]]:
    seen = set[str]()
    for example in held_out:
        for what, text in (("input", example.input), ("ideal output", example.ideal)):
            same = near.normalise(text)
            if example.split and len(same) >= LEAST and same not in seen:
                seen.add(same)
                yield same, Leak(example.id, example.split, what, text)


class _Lines:
    """Which of many texts hold most of the 4-grams of another: without that, no stretch of theirs is nearly it."""

    def __init__(self, texts: Sequence[str]) -> None:
        of: dict[str, list[int]] = {}
        for at, text in enumerate(texts):
            for gram in four_grams(text):
                of.setdefault(gram, []).append(at)
        self._of: Mapping[str, np.ndarray] = {gram: np.asarray(at) for gram, at in of.items()}
        self._count = len(texts)

    def holding(self, grams: set[str]) -> list[int]:
        hits = [self._of[gram] for gram in grams if gram in self._of]
        if not hits:
            return []
        shared = np.bincount(np.concatenate(hits), minlength=self._count)
        return [int(at) for at in np.flatnonzero(shared >= near.THRESHOLD * len(grams))]


def _stretch(text: str, wanted: str, grams: set[str]) -> int | None:
    """Where in `text` a stretch begins that is `wanted` or nearly so."""
    if (start := text.find(wanted)) >= 0:
        return start
    for start in range(0, max(1, len(text) - len(wanted) + 1), max(1, len(wanted) // _STEPS)):
        own = four_grams(text[start : start + len(wanted)])
        if len(own & grams) >= near.THRESHOLD * len(own | grams):
            return start
    return None


def _places(at: int, start: int, end: int, texts: Sequence[str]) -> Iterator[int]:
    """Which of the two passages from `at` on a stretch of both lies in."""
    border = len(texts[at])
    if start < border:
        yield at
    if end > border + 1 and at + 1 < len(texts):
        yield at + 1
