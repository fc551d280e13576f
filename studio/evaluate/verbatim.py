"""Does a tuned model repeat its training examples word for word? The longest run of words an output shares with one.

A phrase that many examples share (a greeting, a sign-off that the brief asks for) is taught on purpose, so a run breaks
off where more than a few examples have the same five words. It counts as repeated from twelve words on (a phrase of the
house with one word filled in makes nine), when it is longer than any run of the model's base. It finds what is repeated
literally; facts told in other words, and examples that were not asked about, it cannot see.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

# Shorter runs are everyday language; the index is built on runs of this many words.
_SHORTEST = 5
# Five words in more examples than this are a phrase of the house.
_FEW = 2
# Of the demo's 66 held-out ideal answers none shares more than nine words in a row with the 504 to learn from.
_COUNTS = 12
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Run:
    """The longest run of words that an output shares with a training example: how many words, which, in which example
    (the first of `held_by` that hold it). No run of five words: `words` 0."""

    words: int = 0
    text: str = ""
    row: str = ""
    held_by: int = 0


@dataclass(frozen=True)
class Verbatim:
    """Over `prompts`: those whose output repeats an example (prompt -> run, the longest first), and the longest run
    of the base's outputs to the same prompts, above which a run counts; `base_n` of these were there."""

    prompts: tuple[str, ...]
    repeated: dict[str, Run]
    base_longest: int
    base_n: int

    @property
    def n(self) -> int:
        return len(self.prompts)


class Corpus:
    """Training texts by id, made ready to look runs up in. Case and punctuation do not matter; phrases of the house are
    left out."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._ids = list(texts)
        self._rows = [_words(text) for text in texts.values()]
        at: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
        for number, words in enumerate(self._rows):
            for place in range(len(words) - _SHORTEST + 1):
                at[tuple(words[place : place + _SHORTEST])].append((number, place))
        self._at = {gram: found for gram, found in at.items() if len({row for row, _ in found}) <= _FEW}

    def longest(self, output: str) -> Run:
        """The longest run of the output that stands in a text; of equally long ones the first."""
        words, best, holders = _words(output), (0, 0), list[int]()
        for start, gram in enumerate(zip(*(words[n:] for n in range(_SHORTEST)), strict=False)):
            found = self._at.get(gram)
            if found is None:
                continue
            lengths = [(self._shared(row, place, words, start), row) for row, place in found]
            longest = max(lengths, default=(0, 0))[0]
            if longest > best[0]:
                best, holders = (longest, start), sorted({row for length, row in lengths if length == longest})
        length, start = best
        if not length:
            return Run()
        return Run(length, " ".join(words[start : start + length]), self._ids[holders[0]], len(holders))

    def _shared(self, row: int, place: int, words: list[str], start: int) -> int:
        length, other = _SHORTEST, self._rows[row]
        while place + length < len(other) and start + length < len(words):
            last = place + length
            if other[last] != words[start + length] or tuple(other[last - _SHORTEST + 1 : last + 1]) not in self._at:
                break
            length += 1
        return length


def verbatim(texts: Mapping[str, str], tuned: Mapping[str, str], base: Mapping[str, str]) -> Verbatim:
    """`texts`: training example -> ideal output; `tuned` and `base`: prompt -> output. Without outputs of the base
    every run of twelve words or more counts."""
    corpus = Corpus(texts)
    shared = {prompt: base[prompt] for prompt in tuned if prompt in base}
    limit = max((corpus.longest(text).words for text in shared.values()), default=0)
    runs = {prompt: corpus.longest(text) for prompt, text in tuned.items()}
    over = {prompt: run for prompt, run in runs.items() if run.words > limit and run.words >= _COUNTS}
    ranked = dict(sorted(over.items(), key=lambda pair: (-pair[1].words, pair[0])))
    return Verbatim(tuple(tuned), ranked, limit, len(shared))


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold())
