"""Texts that are the same or nearly the same: exact answers, by their letters, not their meaning.

Two texts are *the same* when they match after case, punctuation, symbols and spaces are evened out, and
*nearly the same* when the sets of their character 4-grams (after the same evening out) overlap by
Jaccard >= 0.8. The pairs are exact, not sampled or hashed; `studio.health.pairs` searches for them.

Does not promise to see paraphrases, to tell "C++" from "C#" or 5 $ from 5 EUR, or to suit scripts where
four characters are two whole words; texts under four letters are nearly the same only when the same.
"""

from __future__ import annotations

import functools
import math
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from studio.health.pairs import Groups, Near, Search, four_grams

THRESHOLD = 0.8
_ENOUGH = 10  # look-alikes kept for each text and label
_BUDGET = 300_000_000  # looks into the index, about 15 s; BANKING77's 13,083 rows need 0.9 million
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


def near_pairs(texts: Sequence[str], threshold: float = THRESHOLD) -> tuple[Near, ...]:
    """Every pair of `texts` (normalised and distinct) with a 4-gram Jaccard of at least `threshold`.

    Exact for 0 < threshold <= 1; thousands of texts from one template have millions of such pairs, for
    which `compare` is made.
    """
    search = Search(texts, threshold, labels=[None] * len(texts), enough=len(texts), budget=math.inf)
    return search.run()


def jaccard(one: str, other: str) -> float:
    """The share of their 4-grams that two texts have in common once evened out, 0 to 1."""
    a, b = four_grams(normalise(one)), four_grams(normalise(other))
    return len(a & b) / len(a | b)


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
    search = Search(keys, THRESHOLD, labels=of_key, enough=_ENOUGH, budget=_BUDGET)
    pairs = search.run()
    return Alike(keys, tuple(tuple(members[k]) for k in keys), pairs, search.complete)


def near_duplicate_share(texts: Sequence[str]) -> float:
    """The share of the texts, 0 to 1, that are the same or nearly the same as another one of them."""
    if not texts:
        return 0.0
    return sum(len(c) for c in compare(texts).clusters() if len(c) > 1) / len(texts)


def linked(count: int, pairs: Iterable[tuple[int, int]]) -> tuple[tuple[int, ...], ...]:
    """The numbers below `count` in groups joined by `pairs`, each sorted, in order of their first number."""
    joined = Groups(count)
    for a, b in pairs:
        joined.link(a, b)
    groups: dict[int, list[int]] = defaultdict(list)
    for i, root in enumerate(joined.roots().tolist()):
        groups[root].append(i)
    return tuple(tuple(g) for g in groups.values())
