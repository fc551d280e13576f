"""Texts that are the same or nearly the same: exact answers, by their letters, not their meaning.

Two texts are *the same* when they match after case, punctuation, symbols and spaces are evened out, and
*nearly the same* when the sets of their character 4-grams (after the same evening out) overlap by
Jaccard >= 0.8. The pairs are exact, not sampled or hashed: a prefix filter on rare 4-grams with a length
and a position bound (Xiao, Wang, Lin and Yu 2008, "Efficient similarity joins for near duplicate
detection") only skips pairs that cannot reach the threshold.

Does not promise to see paraphrases, to tell "C++" from "C#" or 5 $ from 5 EUR, or to suit scripts where
four characters are two whole words; texts under four letters are nearly the same only when the same.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

THRESHOLD = 0.8
_GRAM = 4
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

    Exact for 0 < threshold <= 1. Time grows with how alike the texts are; 13,000 short questions take
    about 2 s.
    """
    sets = _by_rarity([_grams(t) for t in texts])
    order = sorted(range(len(sets)), key=lambda i: len(sets[i]))
    index: dict[int, list[tuple[int, int]]] = defaultdict(list)  # 4-gram -> (text, its position in that text)
    found: list[Near] = []
    for text in order:
        grams = sets[text]
        size = len(grams)
        mine = frozenset(grams)
        for other in _candidates(grams, sets, index, threshold):
            shared = len(mine.intersection(sets[other]))
            similarity = shared / (size + len(sets[other]) - shared)
            if similarity >= threshold - 1e-12:
                found.append(Near(min(text, other), max(text, other), similarity))
        # Later texts are at least as long, so a shorter prefix than theirs is enough to be met by them.
        for position in range(size - math.ceil(2 * threshold / (1 + threshold) * size - 1e-9) + 1):
            index[grams[position]].append((text, position))
    return tuple(sorted(found, key=lambda n: (n.first, n.second)))


def _candidates(
    grams: list[int], sets: list[list[int]], index: dict[int, list[tuple[int, int]]], threshold: float
) -> list[int]:
    """Texts already indexed that share a rare gram and could still reach the threshold."""
    size = len(grams)
    shortest = threshold * size - 1e-9
    ratio = threshold / (1 + threshold)
    met: dict[int, int] = {}
    for position in range(size - math.ceil(threshold * size - 1e-9) + 1):
        for other, place in index.get(grams[position], ()):
            length = len(sets[other])
            if length < shortest:
                continue
            so_far = met.get(other, 0)
            if so_far < 0:
                continue
            reachable = so_far + 1 + min(size - position, length - place) - 1
            met[other] = so_far + 1 if reachable >= ratio * (size + length) - 1e-9 else -1
    return [other for other, count in met.items() if count > 0]


def _grams(text: str) -> set[str]:
    return {text[i : i + _GRAM] for i in range(len(text) - _GRAM + 1)} or {text}


def _by_rarity(sets: list[set[str]]) -> list[list[int]]:
    """Each set as numbers, the rarest 4-gram first: a rare one rules out most pairs."""
    counts = Counter(g for s in sets for g in s)
    rank = {gram: n for n, (gram, _) in enumerate(sorted(counts.items(), key=lambda item: (item[1], item[0])))}
    return [sorted(rank[g] for g in s) for s in sets]


@dataclass(frozen=True)
class Alike:
    """Which of the texts given are the same or nearly so, by their place in the list.

    `keys`: the distinct normalised texts, sorted. `members[k]`: the texts with key k. `pairs`: keys that
    are nearly the same.
    """

    keys: tuple[str, ...]
    members: tuple[tuple[int, ...], ...]
    pairs: tuple[Near, ...]

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
        return Alike(tuple(self.keys[k] for k in left), tuple(members[k] for k in left), tuple(pairs))


def compare(texts: Sequence[str]) -> Alike:
    """Which of the texts are the same or nearly so. Pure; the same texts always give the same answer."""
    members: dict[str, list[int]] = defaultdict(list)
    for place, text in enumerate(texts):
        members[normalise(text)].append(place)
    keys = tuple(sorted(members))
    return Alike(keys, tuple(tuple(members[k]) for k in keys), near_pairs(keys))


def near_duplicate_share(texts: Sequence[str]) -> float:
    """The share of the texts, 0 to 1, that are the same or nearly the same as another one of them."""
    if not texts:
        return 0.0
    return sum(len(c) for c in compare(texts).clusters() if len(c) > 1) / len(texts)


def linked(count: int, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The numbers below `count` in groups joined by `pairs`, each sorted, in order of their first number."""
    parent = list(range(count))

    def root(i: int) -> int:
        while parent[i] != i:
            parent[i] = parent[parent[i]]
            i = parent[i]
        return i

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    groups: dict[int, list[int]] = defaultdict(list)
    for i in range(count):
        groups[root(i)].append(i)
    return tuple(tuple(g) for g in groups.values())
