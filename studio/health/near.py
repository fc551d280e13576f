"""Texts that are the same or nearly the same: exact answers, by their letters, not their meaning.

Two texts are *the same* when they match after case, punctuation, symbols and spaces are evened out, and
*nearly the same* when the sets of their character 4-grams (after the same evening out) overlap by
Jaccard >= 0.8. The pairs are exact, not sampled or hashed: a length bound and a prefix filter on rare
4-grams, extended so as to ask for several in common (Xiao and others 2008, "Efficient similarity joins
for near duplicate detection"; Wang, Li and Feng 2012, "Can we beat the prefix filtering?"), only skip
pairs that cannot reach the threshold.

Does not promise to see paraphrases, to tell "C++" from "C#" or 5 $ from 5 EUR, or to suit scripts where
four characters are two whole words; texts under four letters are nearly the same only when the same.
"""

from __future__ import annotations

import bisect
import functools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

THRESHOLD = 0.8
_GRAM = 4
_ENOUGH = 10  # look-alikes kept for each text and label
_BUDGET = 60_000_000  # looks into the index, about 15 s; BANKING77's 13,083 rows need 0.9 million
_NEWEST = 40
_MARKS = re.compile(r"[^\w\s]")


def normalise(text: str) -> str:
    """The text in small letters, without punctuation and symbols, one space between words.

    A text of nothing but signs ("??", an emoji) keeps them, so that it equals only itself.
    """
    folded = text.casefold()
    plain = " ".join(_MARKS.sub(_keep_marks, folded).split())
    return plain or " ".join(folded.split())


def _keep_marks(found: re.Match[str]) -> str:
    """Vowel signs and accents written as characters of their own belong to their letter."""
    return found[0] if _is_mark(found[0]) else ""


@functools.cache
def _is_mark(character: str) -> bool:
    return unicodedata.category(character).startswith("M")


@dataclass(frozen=True)
class Near:
    """Two distinct texts by their place in the list given, `first` < `second`, and their Jaccard similarity."""

    first: int
    second: int
    similarity: float


def near_pairs(texts: Sequence[str], threshold: float = THRESHOLD) -> tuple[Near, ...]:
    """Every pair of `texts` (normalised and distinct) with a 4-gram Jaccard of at least `threshold`.

    Exact for 0 < threshold <= 1; thousands of texts from one template have millions of such pairs, for
    which `compare` is made.
    """
    search = _Search(texts, threshold, labels=[None] * len(texts), enough=len(texts), budget=math.inf)
    return search.run()


class _Search:
    """One pass over the texts, shortest first, each looking for the earlier ones it is nearly the same as.

    A pair is left out when it tells nothing new: both texts already have `enough` pairs with a text of
    the other's label, and both are linked already. So whether a text has a look-alike of some label, and
    the linked groups, stay exact. After `budget` looks into the index only the newest entries of each
    list are read, and `complete` turns False.
    """

    def __init__(
        self, texts: Sequence[str], threshold: float, *, labels: Sequence[object], enough: int, budget: float
    ) -> None:
        self.sets = _by_rarity(texts)
        self.sizes = [len(s) for s in self.sets]
        self.threshold, self.labels, self.enough, self.budget = threshold, labels, enough, budget
        self.index: dict[int, list[int]] = defaultdict(list)  # 4-gram -> texts, shortest first
        self.met: Counter[tuple[int, object]] = Counter()  # (text, label of the other) -> pairs kept
        self.groups = Groups(len(texts))
        self.complete = True

    def run(self) -> tuple[Near, ...]:
        found: list[Near] = []
        for text in sorted(range(len(self.sets)), key=self.sizes.__getitem__):
            grams, size = self.sets[text], self.sizes[text]
            mine = frozenset(grams)
            for other in self._candidates(grams):
                if not self._tells(text, other):
                    continue
                shared = len(mine.intersection(self.sets[other]))
                similarity = shared / (size + self.sizes[other] - shared)
                if similarity >= self.threshold - 1e-12:
                    found.append(Near(min(text, other), max(text, other), similarity))
                    self.met[text, self.labels[other]] += 1
                    self.met[other, self.labels[text]] += 1
                    self.groups.link(text, other)
            # Later texts are at least as long, so they must share more than this one's prefix leaves out.
            for gram in grams[: self._prefix(size, 2 * self.threshold / (1 + self.threshold))]:
                self.index[gram].append(text)
        return tuple(sorted(found, key=lambda n: (n.first, n.second)))

    def _prefix(self, size: int, share: float) -> int:
        """How many of the rarest grams must be looked at, when at least `share` of them must be shared."""
        return size - math.ceil(share * size - 1e-9) + _needed(size)

    def _tells(self, text: int, other: int) -> bool:
        return (
            self.met[text, self.labels[other]] < self.enough
            or self.met[other, self.labels[text]] < self.enough
            or self.groups.root(text) != self.groups.root(other)
        )

    def _candidates(self, grams: list[int]) -> list[int]:
        """Texts already indexed that share enough rare grams to reach the threshold, and are long enough."""
        shortest = math.ceil(self.threshold * len(grams) - 1e-9)
        met: Counter[int] = Counter()
        for gram in grams[: self._prefix(len(grams), self.threshold)]:
            met.update(self._entries(gram, shortest))
        return [other for other, count in met.items() if count >= _needed(self.sizes[other])]

    def _entries(self, gram: int, shortest: int) -> list[int]:
        entries = self.index.get(gram, [])
        start = bisect.bisect_left(entries, shortest, key=self.sizes.__getitem__)
        if self.budget <= 0 and len(entries) - start > _NEWEST:
            self.complete = False
            start = len(entries) - _NEWEST
        self.budget -= len(entries) - start
        return entries[start:]


def _needed(size: int) -> int:
    """How many rare grams two texts must share, the shorter of `size` grams, to be worth comparing.

    Looking at one gram more on both sides allows to ask for one more in common, which spares long texts
    that share a rare word or two from being compared in full.
    """
    return 1 + size // 12


def _grams(text: str) -> set[str]:
    return {text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1)} or {text}


def jaccard(one: str, other: str) -> float:
    """The share of their 4-grams that two texts have in common once evened out, 0 to 1."""
    a, b = _grams(normalise(one)), _grams(normalise(other))
    return len(a & b) / len(a | b)


def _by_rarity(texts: Sequence[str]) -> list[list[int]]:
    """Each text's 4-grams as numbers, the rarest first: a rare one rules out most pairs."""
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(_grams(text))
    rank = {gram: n for n, (gram, _) in enumerate(sorted(counts.items(), key=lambda item: (item[1], item[0])))}
    return [sorted(rank[g] for g in _grams(text)) for text in texts]


@dataclass(frozen=True)
class Alike:
    """Which of the texts given are the same or nearly so, by their place in the list.

    `keys`: the distinct normalised texts, sorted. `members[k]`: the texts with key k. `pairs`: keys that
    are nearly the same; where many texts are alike, the first few for each text and label, see `compare`.
    `complete` is False when the texts were too much alike to look at every pair.
    """

    keys: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    pairs: tuple[Near, ...]
    complete: bool = True

    def same(self) -> tuple[tuple[int, ...], ...]:
        """Groups of two or more texts that are the same."""
        return tuple(m for m in self.members if len(m) > 1)

    def clusters(self) -> tuple[tuple[int, ...], ...]:
        """All texts in groups linked by being the same or nearly so, a text on its own included.

        Linked in steps: the two ends of a long chain may be less alike than the threshold.
        """
        groups = linked(len(self.keys), ((n.first, n.second) for n in self.pairs))
        return tuple(tuple(sorted(i for k in group for i in self.members[k])) for group in groups)

    def only(self, kept: Sequence[int]) -> Alike:
        """The same for a part of the texts, numbered anew in the order of `kept`, without comparing again."""
        place = {old: new for new, old in enumerate(kept)}
        members = [tuple(place[i] for i in m if i in place) for m in self.members]
        left = [k for k, m in enumerate(members) if m]
        key = {old: new for new, old in enumerate(left)}
        pairs = (
            Near(key[n.first], key[n.second], n.similarity) for n in self.pairs if n.first in key and n.second in key
        )
        return Alike(tuple(self.keys[k] for k in left), tuple(members[k] for k in left), tuple(pairs), self.complete)


def compare(texts: Sequence[str], labels: Sequence[object] | None = None) -> Alike:
    """Which of the texts are the same or nearly so. Pure; the same texts always give the same answer.

    Whether a text has a look-alike with some label (such as its split), and the clusters, are exact, up
    to a bound on the work: about 20,000 ordinary texts stay far below it, thousands of copies of one
    long template do not, and then `complete` is False.
    """
    members: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        members[normalise(text)].append(place)
    keys = tuple(sorted(members))
    of_key = [frozenset(labels[i] for i in members[k]) if labels else None for k in keys]
    search = _Search(keys, THRESHOLD, labels=of_key, enough=_ENOUGH, budget=_BUDGET)
    pairs = search.run()
    return Alike(keys, tuple(tuple(members[k]) for k in keys), pairs, search.complete)


def near_duplicate_share(texts: Sequence[str]) -> float:
    """The share of the texts, 0 to 1, that are the same or nearly the same as another one of them."""
    if not texts:
        return 0.0
    return sum(len(c) for c in compare(texts).clusters() if len(c) > 1) / len(texts)


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

    def link(self, a: int, b: int) -> None:
        low, high = sorted((self.root(a), self.root(b)))
        self._parent[high] = low


def linked(count: int, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The numbers below `count` in groups joined by `pairs`, each sorted, in order of their first number."""
    joined = Groups(count)
    for a, b in pairs:
        joined.link(a, b)
    groups: dict[int, list[int]] = defaultdict(list)
    for i in range(count):
        groups[joined.root(i)].append(i)
    return tuple(tuple(g) for g in groups.values())
