"""Which of many texts are nearly the same by their 4-grams: the search behind `studio.health.near`.

The pairs are exact, not sampled or hashed: three filters only skip pairs that cannot reach the threshold.
A length bound and a prefix filter on rare 4-grams, extended so as to ask for several in common (Xiao and others 2008,
"Efficient similarity joins for near duplicate detection"; Wang, Li and Feng 2012, "Can we beat the prefix
filtering?"), then a bound on the difference from 256 bits a text (Sandes and others 2020, "Bitmap filter").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_GRAM = 4
_NEWEST = 40
_BLOCK = 500_000  # looks into the index at a time: some 20 MB
_BITS = 256
_TABLE = 1 << 25  # numbers below it are told apart by a table of so many, larger ones by sorting
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Near:
    """Two distinct texts by their place in the list given, `first` < `second`, and their Jaccard similarity."""

    first: int
    second: int
    similarity: float


class Groups:
    """The numbers below `count`, joined step by step."""

    def __init__(self, count: int) -> None:
        self._parent = list(range(count))

    def root(self, i: int) -> int:
        """The smallest number of the group that `i` is in."""
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def roots(self) -> Numbers:
        """(count,) The root of every number."""
        found = np.array(self._parent, dtype=np.int64)
        while (higher := found[found]).tobytes() != found.tobytes():
            found = higher
        return found

    def link(self, a: int, b: int) -> None:
        low, high = sorted((self.root(a), self.root(b)))
        self._parent[high] = low


class Search:
    """One pass over the texts, shortest first, each looking for the earlier ones it is nearly the same as.

    A pair is left out when it tells nothing new: both texts already have `enough` pairs with a text of
    the other's label (few different ones: a table of texts by labels is kept), and both are linked already. So whether
    a text has a look-alike of some label, and the linked groups, stay exact. After `budget` looks into the index only
    the newest entries of each list are read, and `complete` turns False. Inside, a text's number is its place by size.
    """

    def __init__(
        self, texts: Sequence[str], threshold: float, *, labels: Sequence[object], enough: int, budget: float
    ) -> None:
        self.threshold, self.enough, self.budget, self.complete = threshold, enough, budget, True
        self.count = len(texts)
        grams = _Grams(texts)
        self.places, self.sizes, self.starts, self.grams = grams.places, grams.sizes, grams.starts, grams.grams
        codes = {label: code for code, label in enumerate(dict.fromkeys(labels))}
        self.label = np.array([codes[labels[place]] for place in self.places.tolist()], dtype=np.int64)
        self.met = np.zeros((self.count, len(codes)), dtype=np.int32)  # text, label of the other: pairs kept
        self.groups = Groups(self.count)
        self.bits = grams.bits()

    def run(self) -> tuple[Near, ...]:
        found: list[Near] = []
        for texts, others in self._candidates():
            telling = self._tell(texts, others)
            found += self._compared(texts[telling].tolist(), others[telling].tolist())
        return tuple(sorted(found, key=lambda near: (near.first, near.second)))

    def _tell(self, texts: Numbers, others: Numbers) -> NDArray[np.bool_]:
        """Which of the pairs may tell something, judged by what was found in earlier blocks."""
        few = self.met[texts, self.label[others]] < self.enough
        few |= self.met[others, self.label[texts]] < self.enough
        if few.all():
            return few
        roots = self.groups.roots()
        return np.asarray(few | (roots[texts] != roots[others]))

    def _compared(self, texts: list[int], others: list[int]) -> Iterator[Near]:
        """Those pairs of a block that are near and still tell something, each compared gram by gram."""
        before, mine = -1, frozenset[int]()
        for text, other in zip(texts, others, strict=True):
            if text != before:
                before, mine = text, frozenset(self._of(text))
            to, back = (text, self.label[other]), (other, self.label[text])
            full = self.met[to] >= self.enough and self.met[back] >= self.enough
            if full and self.groups.root(text) == self.groups.root(other):
                continue
            shared = len(mine.intersection(self._of(other)))
            similarity = shared / (int(self.sizes[text]) + int(self.sizes[other]) - shared)
            if similarity >= self.threshold - 1e-12:
                self.met[to] += 1
                self.met[back] += 1
                self.groups.link(text, other)
                first, second = sorted((int(self.places[text]), int(self.places[other])))
                yield Near(first, second, similarity)

    def _of(self, text: int) -> list[int]:
        found: list[int] = self.grams[self.starts[text] : self.starts[text + 1]].tolist()
        return found

    def _candidates(self) -> Iterator[tuple[Numbers, Numbers]]:
        """(text, other) of the pairs that can reach the threshold, other < text, block by block in that order."""
        index = self._index()
        texts, low, high = self._ranges(index)
        looks = high - low
        ends = np.cumsum(looks)
        start = 0
        while start < len(texts):
            past = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, past + _BLOCK))
            # A text's looks stay in one block, as what it has in common with another is counted there.
            stop = int(np.searchsorted(texts, texts[min(stop, len(texts) - 1)], side="right"))
            part = slice(start, stop)
            within = np.arange(ends[stop - 1] - past) - np.repeat(ends[part] - looks[part] - past, looks[part])
            others = index[np.repeat(low[part], looks[part]) + within] % self.count
            yield self._possible(np.repeat(texts[part], looks[part]) * self.count + others)
            start = stop

    def _possible(self, met: Numbers) -> tuple[Numbers, Numbers]:
        """The pairs that were met often enough in the index, and whose bits do not differ too much."""
        met.sort()
        first = np.flatnonzero(np.diff(met, prepend=-1))
        times = np.diff(first, append=len(met))
        texts, others = np.divmod(met[first], self.count)
        often = times >= _needed(self.sizes[others])
        texts, others = texts[often], others[often]
        differ = np.bitwise_count(self.bits[texts] ^ self.bits[others]).sum(axis=1, dtype=np.int64)
        most = (self.sizes[texts] + self.sizes[others]) * ((1 - self.threshold) / (1 + self.threshold))
        return texts[differ <= most + 1e-6], others[differ <= most + 1e-6]

    def _prefix(self, share: float) -> NDArray[np.bool_]:
        """Which grams belong to the rarest of their text that must be looked at, when `share` must be shared."""
        length = self.sizes - np.ceil(share * self.sizes - 1e-9).astype(np.int64) + _needed(self.sizes)
        return np.arange(len(self.grams)) - np.repeat(self.starts[:-1], self.sizes) < np.repeat(length, self.sizes)

    def _index(self) -> Numbers:
        """gram * count + text, sorted. Who looks is at least as long, so more must be shared than `threshold`."""
        rare = self._prefix(2 * self.threshold / (1 + self.threshold))
        found = self.grams[rare] * self.count + np.repeat(np.arange(self.count), self.sizes)[rare]
        found.sort()
        return found

    def _ranges(self, index: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """For each text and rare gram of it: the text, and where its earlier ones that are long enough stand."""
        rare = self._prefix(self.threshold)
        texts, grams = np.repeat(np.arange(self.count), self.sizes)[rare], self.grams[rare] * self.count
        shortest = np.searchsorted(self.sizes, np.ceil(self.threshold * self.sizes - 1e-9))
        low = np.searchsorted(index, grams + np.minimum(shortest, np.arange(self.count))[texts])
        high = np.searchsorted(index, grams + texts)
        spent = np.cumsum(high - low) > self.budget
        newest = np.where(spent, np.maximum(low, high - _NEWEST), low)
        self.complete = bool((newest == low).all())
        some = high > newest
        return texts[some], newest[some], high[some]


class _Grams:
    """Each text's 4-grams as numbers, the rarest first, since a rare one rules out most pairs; texts shortest first.

    `places[t]`: where text t stands in the list given. `grams[starts[t]:starts[t + 1]]`: its `sizes[t]` grams.
    A text of fewer than four letters is one gram.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        owners, grams = _windows(texts)
        often = np.bincount(grams)
        rank = np.empty(len(often), dtype=np.int64)
        rank[np.argsort(often, kind="stable")] = np.arange(len(often))
        wide = max(1, len(often))
        by_text = owners * wide + rank[grams]
        by_text.sort()
        owners, grams = np.divmod(by_text[np.flatnonzero(np.diff(by_text, prepend=-1))], wide)
        sizes = np.bincount(owners, minlength=len(texts))
        self.places: Numbers = np.argsort(sizes, kind="stable")
        self.sizes: Numbers = sizes[self.places]
        self.starts: Numbers = np.concatenate(([0], np.cumsum(self.sizes)))
        moved = (np.cumsum(sizes) - sizes)[self.places] - self.starts[:-1]
        self.grams: Numbers = grams[np.arange(len(grams)) + np.repeat(moved, self.sizes)]

    def bits(self) -> NDArray[np.uint64]:
        """(texts, 4) 256 bits a text, of which each gram sets one."""
        found = np.zeros((len(self.sizes), _BITS), dtype=np.bool_)
        found[np.repeat(np.arange(len(self.sizes)), self.sizes), self.grams % _BITS] = True
        return np.packbits(found, axis=1).view(np.uint64)


def four_grams(text: str) -> set[str]:
    """The 4-grams of one text as they are, for comparing two texts alone."""
    return {text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1)} or {text}


def _windows(texts: Sequence[str]) -> tuple[Numbers, Numbers]:
    """Every four letters in a row: the text they stand in, and a number that only the same four letters have."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    padded = np.maximum(lengths, _GRAM)
    letters = np.zeros(padded.sum(), dtype=np.int64)
    owners = np.repeat(np.arange(len(texts)), lengths)
    moved = np.arange(len(owners)) + (np.cumsum(padded - lengths) - (padded - lengths))[owners]
    # From 1, so that the padding of a short text is no letter.
    letters[moved] = 1 + np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), dtype="<u4")
    letters = _renumbered(letters)
    two = _renumbered(letters[:-1] * _after(letters) + letters[1:])
    owners = np.repeat(np.arange(len(texts)), padded - _GRAM + 1)
    at = np.arange(len(owners)) + (_GRAM - 1) * owners
    return owners, _renumbered(two[at] * _after(two) + two[at + 2])


def _after(numbers: Numbers) -> int:
    return int(numbers.max(initial=0)) + 1


def _renumbered(numbers: Numbers) -> Numbers:
    """The same numbers in the same order of size, without gaps, from 0."""
    if _after(numbers) > _TABLE:
        return np.unique(numbers, return_inverse=True)[1]
    used = np.zeros(_after(numbers), dtype=np.bool_)
    used[numbers] = True
    return (np.cumsum(used, dtype=np.int32) - 1)[numbers].astype(np.int64)


def _needed(sizes: Numbers) -> Numbers:
    """How many rare grams two texts must share, the shorter of so many grams, to be worth comparing.

    Looking at one gram more on both sides allows to ask for one more in common, which spares long texts
    that share a rare word or two from being compared in full.
    """
    return 1 + sizes // 12
