"""Which answer stands on which side: drawn from a seed that is committed to and published later. Pure.

One prompt's pairs are kept apart, because the candidate's answer is the one that stands in all of them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from studio.records import Candidate, canonical, sha256

APART = 12
"""How many prompts lie between two pairs of the same prompt."""


@dataclass(frozen=True)
class Dealt:
    """One pair as drawn: a random id that says nothing, the prompt, the two arms and the candidate's side."""

    id: str
    prompt: str
    candidate: str
    baseline: str
    candidate_left: bool


def commitment(seed: str, pairs: Sequence[dict[str, Any]]) -> str:
    """What is published at the opening: a hash of the seed and the side of every pair."""
    sides = [[p["id"], p["candidate_left"]] for p in pairs]
    return hashlib.sha256(seed.encode() + canonical(sides)).hexdigest()


def deal(seed: str, contests: Sequence[Candidate], prompts: Sequence[str]) -> list[Dealt]:
    """A pair per prompt and couple of arms from the seed alone: each couple's sides balanced, one prompt's pairs apart.

    Prompts are dealt in blocks of at least `APART`, in order: first each prompt of the block with one drawn couple,
    then with another. So the unbroken run of completed prompts never lags by more than a block, and all candidates
    are judged by the same people in the same hours.
    Everybody sees the ids while the round is open, so they are hashes that say nothing of the draw of the sides.
    """
    draw = random.Random(f"{seed}/sides")
    couples = [(each.arm, baseline) for each in contests for baseline in each.baselines]
    sides = {couple: _balanced(draw, len(prompts)) for couple in couples}
    dealt: list[Dealt] = []
    for block in _blocks(len(prompts)):
        drawn = {i: draw.sample(couples, len(couples)) for i in block}
        for turn in range(len(couples)):
            for i in block:
                couple = drawn[i][turn]
                dealt.append(Dealt(_pair_id(seed, len(dealt)), prompts[i], *couple, sides[couple][i]))
    return dealt


def _pair_id(seed: str, place: int) -> str:
    """No generator: from enough of its numbers its seed could be computed, and with that every side."""
    return sha256(f"{seed}/ids/{place}")[:24]


def _blocks(n: int) -> list[range]:
    count = max(1, n // APART)
    edges = [round(i * n / count) for i in range(count + 1)]
    return [range(a, b) for a, b in zip(edges, edges[1:], strict=False)]


def _balanced(draw: random.Random, n: int) -> list[bool]:
    sides = [i % 2 == 0 for i in range(n)]
    draw.shuffle(sides)
    return sides
