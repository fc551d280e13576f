"""Formatting that gives an arm away: how far two arms can be told apart by it, and a text without its marks. Pure."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

_FENCE = re.compile(r"^[ \t]*(```|~~~).*$", re.MULTILINE)
_HEADING = re.compile(r"^[ \t]*#{1,6}[ \t]+", re.MULTILINE)
_QUOTE = re.compile(r"^[ \t]*>[ \t]?", re.MULTILINE)
_BULLET = re.compile(r"^([ \t]*)[-*+•][ \t]+", re.MULTILINE)
_NUMBER = re.compile(r"^([ \t]*)(\d{1,3})[.)][ \t]+", re.MULTILINE)
_STRONG = re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1")
_SOFT = re.compile(r"(?<![\w*_])([*_])(?=\S)([^*_\n]+?)(?<=\S)\1(?![\w*_])")
_CODE = re.compile(r"`([^`\n]+)`")
_BREAKS = re.compile(r"\n{3,}")
_MARKS = (_FENCE, _HEADING, _QUOTE, _BULLET, _NUMBER, _STRONG, _CODE)

TELLING = 0.90
"""From this share of prompts on, one plain difference tells two arms apart too often."""


def plain(text: str) -> str:
    """The text without Markdown marks: words kept, list items all begun alike, no blanks at the ends of lines.

    Where a mark is part of what is meant (code, a calculation) it may be lost; the text as written is kept elsewhere.
    """
    found = _FENCE.sub("", text.replace("\r\n", "\n"))
    found = _BULLET.sub(r"\1• ", _QUOTE.sub("", _HEADING.sub("", found)))
    found = _NUMBER.sub(r"\1\2. ", found)
    found = _CODE.sub(r"\1", _SOFT.sub(r"\2", _STRONG.sub(r"\2", found)))
    return _BREAKS.sub("\n\n", "\n".join(line.rstrip() for line in found.split("\n"))).strip()


@dataclass(frozen=True)
class Tells:
    """How two arms differ to the eye over `n` prompts: the share in which the first one's answer is the longer (alike
    counts half), the middle lengths in words, and the share of each one's answers with Markdown marks."""

    n: int
    longer: float
    words: tuple[float, float]
    marked: tuple[float, float]

    @property
    def by_length(self) -> bool:
        return max(self.longer, 1 - self.longer) >= TELLING

    @property
    def by_marks(self) -> bool:
        """Whether guessing by the marks alone is right too often, each arm being as likely as the other."""
        return 0.5 + abs(self.marked[0] - self.marked[1]) / 2 >= TELLING

    def sentences(self, one: str, other: str) -> tuple[str, ...]:
        """A warning for each difference that gives the arms away, none where they look alike. Which of the two it is
        stays unsaid: whoever sets the round up may vote in it."""
        told: list[str] = []
        who = f"One of {one} and {other}"
        if self.by_length:
            short, long = sorted(self.words)
            told.append(
                f"{who} writes the longer answer in "
                f"{100 * max(self.longer, 1 - self.longer):.0f} of 100 prompts (usually {long:.0f} words against "
                f"{short:.0f}): a voter can tell them apart by length."
            )
        if self.by_marks:
            less, more = sorted(self.marked)
            told.append(
                f"{who} uses Markdown marks in {100 * more:.0f} of 100 answers, the other in "
                f"{100 * less:.0f}: a voter can tell them apart by that."
            )
        return tuple(told)


def tells(pairs: Sequence[tuple[str, str]]) -> Tells:
    """What gives two arms away, from their answers to the same prompts. Raises ValueError without any."""
    if not pairs:
        raise ValueError("no answers to compare")
    words = [(len(one.split()), len(other.split())) for one, other in pairs]
    longer = sum((a > b) + (a == b) / 2 for a, b in words) / len(words)
    middle = (statistics.median(a for a, _ in words), statistics.median(b for _, b in words))
    marked = tuple(sum(_has_marks(text) for text in side) / len(pairs) for side in zip(*pairs, strict=True))
    return Tells(len(pairs), longer, middle, (marked[0], marked[1]))


def _has_marks(text: str) -> bool:
    return any(mark.search(text) for mark in _MARKS)
