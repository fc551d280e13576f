"""Passages that hold what a model is tested on: the input or the ideal output of an example that is held out, or an
answer that was given earlier in its conversation. Pure.

Found is a stretch of a document that is the same as such a text, or nearly the same by the rule of
`studio.health.near`. Does not find the same said in other words, and looks for no text under `LEAST` letters: words so
few stand in any document by chance.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from studio.documents.cutting import SHARED_WORDS
from studio.evaluate.turns import talk
from studio.health import near
from studio.health.pairs import four_grams
from studio.records import Example, Piece, Split

LEAST = 25
_GRAM = 4
_MOSTLY = 2 / 3


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
    document, found = _Document(pieces), dict[int, Leak]()
    for wanted, leak in _wanted(held_out):
        for start, end in document.stretches(wanted):
            for place in document.places(start, end, four_grams(wanted)):
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


class _Document:
    """The passages as one evened-out text, with every four letters in a row (4-gram) numbered, and where each stands.

    A stretch of a text's length can be nearly that text only where enough of its 4-grams lie together. They are counted
    in blocks as long as such a stretch may be: it lies in one block and the next.
    """

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._text, self._places = _laid_out(pieces)
        letters, codes = np.unique(np.frombuffer(self._text.encode("utf-32-le"), "<u4"), return_inverse=True)
        self._letters = {chr(letter): number for number, letter in enumerate(letters.tolist())}
        self._base = len(letters)
        keys = np.zeros(len(codes) - _GRAM + 1, np.int64)
        for at in range(_GRAM):
            keys = keys * self._base + codes[at : len(codes) - _GRAM + 1 + at]
        self._keys, self._numbers = np.unique(keys, return_inverse=True)
        self._order = np.argsort(self._numbers, kind="stable")
        self._first = np.searchsorted(self._numbers[self._order], np.arange(len(self._keys) + 1))
        self._marked = np.zeros(len(self._keys), bool)

    def stretches(self, wanted: str) -> Iterator[tuple[int, int]]:
        """Where stretches that are `wanted` or nearly so begin and end; of those that overlap the likeliest."""
        grams = four_grams(wanted)
        known, enough = self._known(grams), math.ceil(near.THRESHOLD * len(grams))
        if len(known) < enough:
            return
        # What is nearly a text may be that much longer.
        longest = math.ceil(len(wanted) / near.THRESHOLD)
        held = np.concatenate([self._order[self._first[number] : self._first[number + 1]] for number in known])
        blocks = np.bincount(held // longest, minlength=2)
        self._marked[known] = True
        for block in np.flatnonzero(blocks[:-1] + blocks[1:] >= enough).tolist():
            begin = block * longest
            marked = self._marked[self._numbers[begin : begin + 2 * longest]]
            for length in (len(wanted), (len(wanted) + longest) // 2, longest):
                if (found := self._within(begin, marked, length, enough, grams)) is not None:
                    yield found
                    break
        self._marked[known] = False

    def _within(
        self, begin: int, marked: NDArray[np.bool_], length: int, enough: int, grams: set[str]
    ) -> tuple[int, int] | None:
        """`marked`: which 4-grams from `begin` on are the text's. Those of a stretch of this length, from its first to
        its last."""
        many, sums = length - _GRAM + 1, np.concatenate([[0], np.cumsum(marked)])
        shared = sums[many:] - sums[:-many]
        likely = np.flatnonzero(shared >= enough)
        for at in likely[np.argsort(-shared[likely], kind="stable")].tolist():
            own = begin + at + np.flatnonzero(marked[at : at + many])
            start, end = int(own[0]), int(own[-1]) + _GRAM
            stretch = four_grams(self._text[start:end])
            if len(stretch & grams) >= near.THRESHOLD * len(stretch | grams):
                return start, end
        return None

    def _known(self, grams: set[str]) -> list[int]:
        """The numbers of those 4-grams that stand in the document."""
        keys = []
        for gram in grams:
            codes = [self._letters.get(letter, -1) for letter in gram]
            if min(codes) >= 0:
                keys.append(functools.reduce(lambda key, code: key * self._base + code, codes, 0))
        at = np.searchsorted(self._keys, keys)
        at[at == len(self._keys)] = 0
        return at[self._keys[at] == keys].tolist()

    def places(self, start: int, end: int, grams: set[str]) -> Iterator[int]:
        """The passages that hold some of a stretch, where most of that is of the text with these 4-grams."""
        for place, (first, last) in enumerate(self._places):
            if first < end and last > start:
                own = four_grams(self._text[max(first, start) : min(last, end)])
                if len(own & grams) >= _MOSTLY * len(own):
                    yield place


def _laid_out(pieces: Sequence[Piece]) -> tuple[str, list[tuple[int, int]]]:
    """All passages in one text, and where each begins and ends in it. A heading stands once over the passages under it,
    and so does a sentence that two of them share: a text may go on from one into the next."""
    parts, places, at = list[str](), list[tuple[int, int]](), 0
    for number, piece in enumerate(pieces):
        on = number > 0 and pieces[number - 1].heading == piece.heading
        words = near.normalise(piece.text if on else piece.read).split()
        shared = _shared(near.normalise(pieces[number - 1].text).split(), words) if on else 0
        parts.append(" ".join(words[shared:]))
        begin = at - len(" ".join(words[:shared])) - 1 if shared else at
        at += len(parts[-1]) + 1
        places.append((begin, at - 1))
    return " ".join(parts) + " " * _GRAM, places  # so that there is a 4-gram in any document


def _shared(before: Sequence[str], words: Sequence[str]) -> int:
    """How many words at the end of a passage stand at the beginning of the next again."""
    most = min(SHARED_WORDS, len(before), len(words) - 1)
    return next((count for count in range(most, 0, -1) if before[-count:] == words[:count]), 0)
