"""Near-duplicates among many short texts: `python -m benchmarks.near [--rows 100000] [--texts FOLDER]`.

Distinct texts made from BANKING77's questions and the demos' by light edits (a letter, a word's place, case, a word
more or another one), already evened out, go to our exact search and to two public libraries, each in a process of its
own. Prints seconds, peak memory (the library and the texts included), and against the exact answer for a sample of
rows, each compared with all the others by brute force: the share of its pairs that were found (recall) and the share
of the pairs given that are in it (precision). The exact answer is character 4-gram Jaccard >= 0.8, which is ours and
datasketch's own question; semhash compares vectors, so it gets vectors made of the same 4-grams, and the cosine at
which two sets of one size have that Jaccard. What it would find with a language model's vectors is not asked here.
Promise: ours in 60 s and 2 GB, recall .95, no slower than either.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import random
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array

from studio.health.near import THRESHOLD, near_pairs, normalise

ROOT = Path(__file__).resolve().parents[1]
SECONDS, MEGABYTES, RECALL = 60.0, 2048.0, 0.95
SAMPLE = 5000
Pairs = set[tuple[int, int]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--texts", type=Path, default=ROOT.parent / "shared" / "data" / "support-intents")
    args = parser.parse_args()
    texts = edited(originals(args.texts), args.rows)
    sample = sorted(random.Random(1).sample(range(len(texts)), min(SAMPLE, len(texts))))
    exact = by_brute_force(texts, sample)
    print(f"{len(texts):,} texts of {sum(map(len, texts)) / len(texts):.0f} characters; {len(sample):,} of them have")
    print(f"{len(exact):,} near-duplicates by brute force")
    print(f"{'by':<12}{'seconds':>9}{'peak MB':>9}{'pairs':>10}{'recall':>9}{'precision':>11}", flush=True)
    seconds, kept = {}, False
    chosen = set(sample)
    for name, search in SEARCHES.items():
        pairs, seconds[name], peak = alone(search, texts)
        asked = {pair for pair in pairs if not chosen.isdisjoint(pair)}
        recall, precision = len(asked & exact) / len(exact), len(asked & exact) / max(1, len(asked))
        print(
            f"{name:<12}{seconds[name]:>9.1f}{peak:>9.0f}{len(pairs):>10,}{recall:>9.1%}{precision:>11.1%}", flush=True
        )
        if name == "ours":
            kept = seconds[name] <= SECONDS and peak <= MEGABYTES and recall >= RECALL
    kept = kept and seconds["ours"] == min(seconds.values())
    print(f"promise: {SECONDS:g} s, {MEGABYTES:g} MB, recall {RECALL:g}, no slower: {'kept' if kept else 'NOT kept'}")
    return 0 if kept else 1


def originals(folder: Path) -> list[str]:
    found = []
    for name in ("train.csv", "test.csv"):
        with (folder / name).open(encoding="utf-8", newline="") as file:
            found += [row["text"] for row in csv.DictReader(file)]
    for demo in sorted((ROOT / "data").glob("*/examples.jsonl")):
        found += [json.loads(line)["input"] for line in demo.read_text(encoding="utf-8").splitlines()]
    return found


def edited(texts: Sequence[str], count: int) -> list[str]:
    """`count` distinct texts, each one of `texts` with none to four light edits, evened out; the same each time."""
    draw = random.Random(3)
    words = [word for text in texts for word in text.split()]
    found: dict[str, None] = {}
    while len(found) < count:
        said = draw.choice(texts).split()
        for _ in range(draw.randint(0, 4)):
            edit(said, draw, words)
        found[normalise(" ".join(said))] = None
    return list(found)


def edit(said: list[str], draw: random.Random, words: Sequence[str]) -> None:
    """One light edit of a text's words, in place."""
    at, other = draw.randrange(len(said)), draw.randrange(len(said))
    match draw.choice(("swap", "case", "typo", "replace", "insert")):
        case "swap":
            said[at], said[other] = said[other], said[at]
        case "case":
            said[at] = said[at].swapcase()
        case "typo":
            cut = draw.randrange(len(said[at]))
            said[at] = said[at][:cut] + draw.choice("aeiourtns") + said[at][cut + draw.randint(0, 1) :]
        case "replace":
            said[at] = draw.choice(words)
        case _:
            said.insert(at, draw.choice(words))


def four_grams(text: str) -> set[str]:
    return {text[i : i + 4] for i in range(len(text) - 3)} or {text}


def by_brute_force(texts: Sequence[str], sample: Sequence[int]) -> Pairs:
    """Every pair of a text in the sample and any other one with a Jaccard of at least the threshold.

    Counts the common 4-grams of each sampled text with all the others; shares no code with the search.
    """
    numbers: dict[str, int] = {}
    sets = [[numbers.setdefault(gram, len(numbers)) for gram in four_grams(text)] for text in texts]
    ends = np.cumsum([0, *map(len, sets)])
    grams = np.concatenate([np.asarray(one, dtype=np.int32) for one in sets])
    table = csr_array((np.ones(len(grams), dtype=np.int32), grams, ends), shape=(len(texts), len(numbers)))
    sizes, across = np.diff(ends), table.T.tocsr()
    found: Pairs = set()
    for start in range(0, len(sample), 200):
        rows = np.asarray(sample[start : start + 200])
        common = (table[rows] @ across).tocoo()
        of, other, shared = rows[common.row], common.col, common.data
        near = (shared / (sizes[of] + sizes[other] - shared) >= THRESHOLD - 1e-12) & (of != other)
        found |= ordered(zip(of[near].tolist(), other[near].tolist(), strict=True))
    return found


def ordered(pairs: Iterable[tuple[int, int]]) -> Pairs:
    return {(min(pair), max(pair)) for pair in pairs if pair[0] != pair[1]}


def ours(texts: Sequence[str]) -> Callable[[], Pairs]:
    found = near_pairs(texts)
    return lambda: {(near.first, near.second) for near in found}


def datasketch(texts: Sequence[str]) -> Callable[[], Pairs]:
    """MinHash of the same 4-grams, 128 permutations (its default), in an LSH made for the same threshold."""
    from datasketch import MinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=128)
    found: Pairs = set()
    sets = ([gram.encode() for gram in four_grams(text)] for text in texts)
    for place, hashed in enumerate(MinHash.generator(sets, num_perm=128)):
        found |= {(other, place) for other in index.query(hashed)}  # type: ignore[misc]
        index.insert(place, hashed, check_duplication=False)
    return lambda: found


class Grams:
    """Encodes texts for semhash: their 4-grams hashed to 256 numbers, the width of the model it ships with."""

    def encode(self, inputs: Sequence[str], **_: object) -> np.ndarray:
        from sklearn.feature_extraction.text import HashingVectorizer

        by_hash = HashingVectorizer(analyzer="char", ngram_range=(4, 4), n_features=256, binary=True, dtype=np.float32)
        return np.asarray(by_hash.transform(inputs).toarray(), dtype=np.float32)


def semhash(texts: Sequence[str]) -> Callable[[], Pairs]:
    """As its documentation begins: from_records and self_deduplicate, with its own index and number of neighbours."""
    from semhash import SemHash

    cosine = 2 * THRESHOLD / (1 + THRESHOLD)
    made = SemHash.from_records(records=list(texts), model=Grams())
    made.self_deduplicate(threshold=cosine)

    def pairs() -> Pairs:
        """Not only what it would drop: every neighbour it saw, asked once more after the clock was stopped."""
        neighbours = made.index.query_threshold(made.index.vectors, threshold=cosine)
        return ordered((of, int(other)) for of, (others, _) in enumerate(neighbours) for other in others)

    return pairs


Search = Callable[[Sequence[str]], Callable[[], Pairs]]
SEARCHES: dict[str, Search] = {"ours": ours, "datasketch": datasketch, "semhash": semhash}


def alone(search: Search, texts: Sequence[str]) -> tuple[Pairs, float, float]:
    """What the search finds in a process of its own, with its seconds and the peak of its memory in MB."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(1) as pool:
        return pool.apply(timed, (search, texts))


def timed(search: Search, texts: Sequence[str]) -> tuple[Pairs, float, float]:
    search(texts[:200])  # imports and first calls are no part of the measure
    began = time.perf_counter()
    pairs = search(texts)
    seconds, peak = time.perf_counter() - began, peak_megabytes()
    return pairs(), seconds, peak


def peak_megabytes() -> float:
    """The most memory this process ever held; getrusage would count what its parent held when it was begun."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")) / 2**10


if __name__ == "__main__":
    sys.exit(main())
