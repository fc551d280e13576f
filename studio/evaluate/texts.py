"""What one output is like, as numbers: near its ideal in letters and words, long, repeating itself, a refusal. Pure.

chrF is sacrebleu's and ROUGE-L is rouge-score's, with the settings these libraries come with, to the last digit; the
n-grams of many texts are counted at once, and the longest common subsequence is found by bits, in a quarter of the
libraries' time. Both count what letters and words two texts share and know nothing of sense. ROUGE reads the letters a
to z and digits only, so it says nothing of other scripts.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from studio.evaluate.resampling import Floats, ratio

_ORDERS = 6
_BETA2 = 4.0
_RUN = 4
_KEPT = 200_000
_BITS, _TEXTS = 9, 256
"""512 characters in six places and 256 pairs: 62 of the 63 bits of a number."""
_WORD = re.compile(r"\w+")
_ABLE = r"(?:not able|unable|not allowed|not permitted)"
_REFUSES = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        # "We cannot see your order" and the like tell what is known, not what is refused.
        r"\b(?:I|we|support|our team|nobody here)\b[^.!?;]{0,20}?\b(?:can(?:no|')?t|can not)\b"
        r"(?! (?:see|find|tell from|tell which|know|promise|be sure|reproduce|imagine|say (?:when|how|why)|wait)\b)",
        r"\b(?:I|we)\b[^.!?;]{0,12}?\b(?:won't|will not|will neither|must not|may not|do not|don't|never) (?:\w+ )?"
        r"(?:give|share|pass|sell|write|make|send|hand|tell|help|print|read|open|say|discuss|provide|disclose|reveal)\b",
        rf"\b(?:I'm|I am|we're|we are) {_ABLE} to\b",
        rf"\bas an? (?:AI|language model|assistant|chatbot)\b[^.!?]{{0,40}}\b(?:can(?:no|')?t|{_ABLE})",
        r"\b(?:not something|nothing) (?:that )?(?:I|we|our team) can (?:help|assist|advise|answer|do)\b",
        r"\b(?:outside|beyond) (?:of )?what (?:I|we) (?:can|may|am able|are able)\b",
    )
)


def words(text: str) -> int:
    """How many words, as the brief's rules count them."""
    return len(text.split())


def repetition(text: str) -> float:
    """The share of its runs of four words that stood in it before, in [0, 1]; NaN with fewer than four words."""
    found = _WORD.findall(text.casefold())
    runs = [tuple(found[at : at + _RUN]) for at in range(len(found) - _RUN + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else float("nan")


def refuses(text: str) -> bool:
    """Whether it says, in English, that it will not do what was asked: by set phrases ("we cannot", "as an AI").

    It finds two in three of the support demo's ideal replies that must refuse, and of the others fewer than 2 in 100,
    all of them to questions out of scope. A refusal in other words or in another language is missed.
    """
    plain = text.replace("’", "'")
    return any(pattern.search(plain) for pattern in _REFUSES)


# -- chrF ------------------------------------------------------------------------------------------


def chrf_rows(outputs: Sequence[str], ideals: Sequence[str]) -> Floats:
    """(n, 18): for each text and each of six orders the n-grams of characters in the output, in the ideal, in both.

    Counted as sacrebleu counts them (without blanks), for many texts at once; texts of very many different characters
    are counted by sacrebleu itself.
    """
    pairs = list(zip(outputs, ideals, strict=True))
    # Other threads ask, too: what is known is looked up once, and only ever added to or thrown away whole.
    found = {pair: row for pair in dict.fromkeys(pairs) if (row := _known.get(pair)) is not None}
    new = [pair for pair in dict.fromkeys(pairs) if pair not in found]
    for at in range(0, len(new), _TEXTS):
        found.update(zip(new[at : at + _TEXTS], _counted(new[at : at + _TEXTS]), strict=True))
    if len(_known) > _KEPT:
        _known.clear()
    _known.update({pair: found[pair] for pair in new})
    return np.array([found[pair] for pair in pairs], float).reshape(len(pairs), 3 * _ORDERS)


_known: dict[tuple[str, str], Floats] = {}


def _counted(pairs: Sequence[tuple[str, str]]) -> Floats:
    """(n, 18) for up to `_TEXTS` pairs. An n-gram is one number: which pair, then its characters, `_BITS` bits each."""
    texts = ["".join(text.split()) for text in itertools.chain.from_iterable(pairs)]
    points = np.frombuffer("".join(texts).encode("utf-32-le", "surrogatepass"), np.uint32)
    alphabet, letters = np.unique(points, return_inverse=True)
    if len(alphabet) > 1 << _BITS:
        return np.array([_chrf()._extract_corpus_statistics([o], [[i]])[0] for o, i in pairs], float)
    sizes = np.array([len(text) for text in texts])
    ends = np.cumsum(sizes)
    left = np.repeat(ends, sizes) - np.arange(len(points))
    owner = np.repeat(np.arange(len(texts)), sizes)
    rows = np.zeros((len(pairs), _ORDERS, 3))
    grams = np.zeros(len(points), np.int64)
    for order in range(_ORDERS):
        grams = grams << _BITS
        grams[: len(points) - order] |= letters[order:]
        whole = left > order
        rows[:, order] = _in_both(grams[whole], owner[whole], len(pairs), _BITS * (order + 1))
    return rows.reshape(len(pairs), 3 * _ORDERS)


def _in_both(grams: NDArray[np.int64], owner: NDArray[np.int64], pairs: int, bits: int) -> Floats:
    """(pairs, 3): n-grams in the first texts of each pair, in the second, and in both, repeated ones as often."""
    keys = (owner >> 1 << bits) | grams
    sides = [np.unique(keys[owner & 1 == side], return_counts=True) for side in (0, 1)]
    (written, often), (wanted, asked) = sides
    _, here, there = np.intersect1d(written, wanted, assume_unique=True, return_indices=True)
    shared = np.bincount(written[here] >> bits, np.minimum(often[here], asked[there]), pairs)
    first, second = (np.bincount(found >> bits, counts, pairs) for found, counts in sides)
    # An ideal too short for an n-gram has nothing to say of those in the output.
    return np.stack([np.where(second > 0, first, 0), second, shared], axis=1)


@functools.cache
def _chrf() -> Any:
    from sacrebleu.metrics import CHRF  # a third of a second that the server does not need to start

    return CHRF()


def chrf(sums: Floats) -> Floats:
    """(..., 18) summed statistics -> (...) the corpus' chrF2, 0 to 100."""
    per_order = sums.reshape(*sums.shape[:-1], _ORDERS, 3)
    written, wanted, both = (per_order[..., place] for place in range(3))
    told = (written > 0) & (wanted > 0)
    orders = told.sum(axis=-1).astype(float)
    precision = ratio(np.where(told, ratio(both, written), 0.0).sum(axis=-1), orders)
    recall = ratio(np.where(told, ratio(both, wanted), 0.0).sum(axis=-1), orders)
    found: Floats = np.nan_to_num(ratio((1 + _BETA2) * precision * recall, _BETA2 * precision + recall))
    return 100 * found


# -- ROUGE-L ---------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=_KEPT)
def rouge_l(output: str, ideal: str) -> float:
    """The F measure of ROUGE-L of one output, in [0, 1]."""
    from rouge_score.scoring import fmeasure

    written, wanted = _rouge_words(output), _rouge_words(ideal)
    if not written or not wanted:
        return 0.0
    shared = longest_common(wanted, written)
    return float(fmeasure(shared / len(written), shared / len(wanted)))


@functools.lru_cache(maxsize=_KEPT)
def _rouge_words(text: str) -> tuple[str, ...]:
    return tuple(_rouge_tokenizer().tokenize(text))


@functools.cache
def _rouge_tokenizer() -> Any:
    from rouge_score.tokenizers import DefaultTokenizer

    return DefaultTokenizer(use_stemmer=False)


def longest_common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, a row of the table at a time in the bits of one number
    (H. Hyyrö, Bit-parallel LCS-length computation revisited, 2004)."""
    places: dict[str, int] = {}
    for at, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << at
    every = (1 << len(one)) - 1
    left = every
    for word in other:
        here = left & places.get(word, 0)
        left = ((left + here) | (left - here)) & every
    return len(one) - left.bit_count()
