"""From a document's paragraphs to passages: whole paragraphs under one heading, up to a bound. Pure.

Paragraphs are kept together as long as they fit. Only one that is longer than a passage is cut, at the ends of its
sentences, and there alone two passages share a sentence: what is cut in two may need the words before it. The same
paragraphs always give the same passages.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from studio.records import Piece

MOST_WORDS = 150
"""Words of a passage. MiniLM reads 256 word pieces of a text, which an English passage of this length stays below."""
SHARED_WORDS = 30
"""A sentence up to this long stands in both of the passages that a paragraph is cut into."""

_LETTERS = 7
_ENDS = re.compile(r"(?<=[.!?…。！？])\s+|\n+|(?<=[。！？])")


@dataclass(frozen=True)
class Block:
    """A paragraph, a list or a table of a document, the `heading`s above it and its page (0 for none)."""

    text: str
    heading: str = ""
    page: int = 0


def cut(blocks: Sequence[Block]) -> tuple[Piece, ...]:
    """The passages of a document, in its order. A block without words makes none."""
    written = [block for block in blocks if block.text.strip()]
    return tuple(piece for _, group in groupby(written, lambda b: b.heading) for piece in _under_one_heading(group))


def size(text: str) -> int:
    """How long a text is in words; of a script without spaces, in as many letters as a word has."""
    return max(len(text.split()), -(-len(text) // _LETTERS))


def _under_one_heading(group: Iterator[Block]) -> Iterator[Piece]:
    held: list[Block] = []
    for block in group:
        if held and sum(size(each.text) for each in held) + size(block.text) > MOST_WORDS:
            yield _together(held)
            held = []
        if size(block.text) > MOST_WORDS:
            yield from (Piece(text, block.heading, block.page) for text in _parts(block.text))
        else:
            held.append(block)
    if held:
        yield _together(held)


def _together(held: Sequence[Block]) -> Piece:
    return Piece("\n\n".join(each.text.strip() for each in held), held[0].heading, held[0].page)


def _parts(text: str) -> Iterator[str]:
    """A long paragraph, cut at the ends of sentences."""
    held: list[str] = []
    for sentence in _sentences(text):
        if held and sum(map(size, held)) + size(sentence) > MOST_WORDS:
            yield " ".join(held)
            last = held[-1]
            held = [last] if size(last) <= SHARED_WORDS and size(last) + size(sentence) <= MOST_WORDS else []
        held.append(sentence)
    yield " ".join(held)


def _sentences(text: str) -> Iterator[str]:
    """Sentences; one that no passage could hold is cut between words, and a word between letters."""
    for sentence in (part.strip() for part in _ENDS.split(text)):
        held: list[str] = []
        for word in _words(sentence):
            if held and size(" ".join([*held, word])) > MOST_WORDS:
                yield " ".join(held)
                held = []
            held.append(word)
        if held:
            yield " ".join(held)


def _words(sentence: str) -> Iterator[str]:
    most = MOST_WORDS * _LETTERS
    for word in sentence.split():
        yield from (word[at : at + most] for at in range(0, len(word), most))
