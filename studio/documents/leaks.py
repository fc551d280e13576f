"""Passages that hold what a model is tested on: the input or the ideal output of an example that is held out, or an
answer that was given earlier in its conversation. Pure.

Found is a stretch of one passage, or of as many in a row as the text is long, that is the same as such a text or nearly
the same by the rule of `studio.health.near`. Does not find the same said in other words, and looks for no text under
`LEAST` letters: words so few stand in any document by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studio.evaluate.turns import talk
from studio.health import near
from studio.health.pairs import four_grams
from studio.records import Example, Piece, Split

LEAST = 25
_REACH = 512  # letters, and four times as many for texts that are longer
_MOSTLY = 2 / 3
_STEPS = 20  # as many starts are tried within the length of a text


@dataclass(frozen=True)
class Leak:
    """That a passage holds `what` ("input", "ideal output" or "conversation") of an example of a split; `text`: what it
    is."""

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
    by_reach: dict[int, _Lines] = {}
    found: dict[int, Leak] = {}
    for wanted, leak in _wanted(held_out):
        reach = _REACH
        while reach < len(wanted):
            reach *= 4
        if reach not in by_reach:
            by_reach[reach] = _Lines(texts, reach)
        lines = by_reach[reach]
        grams = four_grams(wanted)
        for at in lines.holding(grams):
            if (start := _stretch(lines.texts[at], wanted, grams)) is not None:
                for place in _places(at, (start, start + len(wanted)), texts, grams):
                    found.setdefault(place, leak)
    return found


def _wanted(held_out: Sequence[Example]) -> Iterator[tuple[str, Leak]]:
    seen = set[str]()
    for example in held_out:
        before = [("conversation", text) for text in talk(example).answered[:-1]]
        for what, text in (("input", example.input), ("ideal output", example.ideal), *before):
            same = near.normalise(text)
            if example.split and len(same) >= LEAST and same not in seen:
                seen.add(same)
                yield same, Leak(example.id, example.split, what, text)


class _Lines:
    """Each text with so many of the next that `reach` letters follow it (`texts`), and which of them hold most of the
    4-grams of another: without that, no stretch of theirs is nearly it."""

    def __init__(self, alone: Sequence[str], reach: int) -> None:
        self.texts = texts = [_following(alone, at, reach) for at in range(len(alone))]
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


def _following(texts: Sequence[str], at: int, reach: int) -> str:
    held, more = [texts[at]], 0
    while more < reach and at + len(held) < len(texts):
        held.append(texts[at + len(held)])
        more += len(held[-1])
    return " ".join(held)


def _places(at: int, stretch: tuple[int, int], texts: Sequence[str], grams: set[str]) -> Iterator[int]:
    """The passages from `at` on that hold some of a text with these 4-grams, which begins and ends at about `stretch`
    of them joined: where most of what lies in it is of that text, or of the whole passage after it, for a sentence may
    stand in two passages."""
    start, end, begins = *stretch, 0
    while at < len(texts) and begins < end + _REACH:
        part = texts[at][max(0, start - begins) : max(0, end - begins)] if begins < end else texts[at]
        own = four_grams(part)
        if own and len(own & grams) >= _MOSTLY * len(own):
            yield at
        begins += len(texts[at]) + 1
        at += 1
