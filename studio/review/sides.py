"""Which pairs a round is made of and which answer stands on which side: drawn from a seed that is committed to (its
SHA-256 is shown) when the round opens and published when it closes. Pure.

With that seed and the registration anybody can draw the same pairs again. One prompt's pairs are kept apart, because
the candidate's answer is the one that stands in all of them.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from studio.records import Candidate, Pair, PairKind, Refusal, Round, candidates_of, canonical, sha256
from studio.review.gold import IDEAL
from studio.review.sentinels import told as sentinels_told

DRAW = 1
"""The version of all in here that turns a seed into pairs, their order and their sides; a round registers it. Whoever
changes what a seed gives adds the next version beside this one: rounds and certificates of before are dealt as then."""
APART = 12
"""How many prompts lie between two pairs of the same prompt."""
GOLD_APART = 12
"""About how many pairs lie between two gold pairs."""
REPEAT_APART = 12
"""How many places after the first a repeat stands, so that repeats do not crowd the gold out."""


def commitment(seed: str, pairs: Sequence[Mapping[str, Any]]) -> str:
    """What is published at the opening: a hash of the seed and the side of every pair."""
    sides = [[p["id"], p["candidate_left"]] for p in pairs]
    return hashlib.sha256(seed.encode() + canonical(sides)).hexdigest()


T = TypeVar("T")


def draw_of(registration: Mapping[str, Any]) -> int:
    """The version of the draw that a round registered; rounds that registered none have the first. Raises Refusal for
    one that is not known here."""
    version = registration.get("draw", 1)
    if version != DRAW:
        raise Refusal(
            f"The pairs of this round were drawn by version {version} of the draw, which this studio does not know, so "
            "the seal was not checked. Nothing was changed. Update the studio."
        )
    return DRAW


def in_drawn_order(seed: str, prompts: Sequence[T]) -> list[T]:
    """The test prompts of a set, given in its own order, in the order in which a round with this seed uses them."""
    return random.Random(f"{seed}/order").sample(prompts, len(prompts))


@dataclass(frozen=True)
class Dealt:
    """One pair as drawn: a random id that says nothing, the prompt, the two sides' authors and the candidate's side.

    `position`: its place in the registered order; what is no evidence shares the place of the pair it follows.
    """

    id: str
    prompt: str
    candidate: str
    baseline: str
    candidate_left: bool
    position: int = 0
    kind: PairKind = PairKind.real
    of: str = ""


def deal(seed: str, contests: Sequence[Candidate], prompts: Sequence[str], start: int = 0) -> list[Dealt]:
    """A pair per prompt and couple of arms from the seed alone: each couple's sides balanced, one prompt's pairs apart.

    Prompts are dealt in blocks of at least `APART`, in order: first each prompt of the block with one drawn couple,
    then with another. So the unbroken run of completed prompts never lags by more than a block, and all candidates
    are judged by the same people in the same hours. `start`: how many pairs were dealt before these.
    Everybody sees the ids while the round is open, so they are hashes that say nothing of the draw of the sides.
    """
    draw = random.Random(f"{seed}/sides/{start}" if start else f"{seed}/sides")
    couples = [(each.arm, baseline) for each in contests for baseline in each.baselines]
    sides = {couple: _balanced(draw, len(prompts)) for couple in couples}
    dealt: list[Dealt] = []
    for block in _blocks(len(prompts)):
        drawn = {i: draw.sample(couples, len(couples)) for i in block}
        for turn in range(len(couples)):
            for i in block:
                couple, place = drawn[i][turn], start + len(dealt)
                dealt.append(Dealt(_pair_id(seed, place), prompts[i], *couple, sides[couple][i], place))
    return dealt


def deal_all(seed: str, registration: Mapping[str, Any]) -> list[Dealt]:
    """Every pair of a round in its order: the real ones, those for a later, higher cap too, then gold, repeats
    and sentinels among them. The same seed and registration give the same pairs. Raises Refusal as `draw_of`."""
    draw_of(registration)
    prompts = [p["id"] for p in registration["prompts"]]
    real: list[Dealt] = []
    done = 0
    for size in registration.get("dealt", [registration["cap"]]):
        part = deal(seed, candidates_of(registration), prompts[done : done + size], len(real))
        real, done = real + part, done + size
    opening = set(prompts[: registration.get("dealt", [registration["cap"]])[0]])
    first = [d for d in real if d.prompt in opening]
    made = _golden(seed, registration, first, len(real))
    made += _repeats(seed, registration.get("repeats", 0), first, len(real) + len(made))
    made += _sentinels(seed, registration, first, len(real) + len(made))
    return sorted(real + made, key=lambda each: (each.position, each.id))


def _golden(seed: str, registration: Mapping[str, Any], first: Sequence[Dealt], start: int) -> list[Dealt]:
    """Gold spread over the first pairs, so that whoever votes meets it early."""
    told = (registration.get("gold") or {"pairs": []})["pairs"]
    draw = random.Random(f"{seed}/gold/sides")
    sides = _balanced(draw, len(told))
    apart = max(1, min(GOLD_APART, len(first) // (len(told) + 1)))
    return [
        Dealt(_pair_id(seed, start + n), each["example"], IDEAL, each["made"], sides[n],
              n * apart + draw.randrange(apart), PairKind.gold)
        for n, each in enumerate(told)
    ]  # fmt: skip


def _repeats(seed: str, wanted: int, first: Sequence[Dealt], start: int) -> list[Dealt]:
    """Pairs of the first half once more, sides swapped; when each comes is for `studio.review.dealing`."""
    early = list(first[: max(1, len(first) // 2)])
    if wanted > len(early):
        raise Refusal(
            f"This round can repeat at most {len(early)} of its pairs, not {wanted}. Nothing was opened. Ask for fewer."
        )
    chosen = random.Random(f"{seed}/repeats").sample(early, wanted)
    return [
        Dealt(_pair_id(seed, start + n), each.prompt, each.candidate, each.baseline, not each.candidate_left,
              each.position + REPEAT_APART, PairKind.repeat, each.id)
        for n, each in enumerate(sorted(chosen, key=lambda d: d.position))
    ]  # fmt: skip


def _sentinels(seed: str, registration: Mapping[str, Any], first: Sequence[Dealt], start: int) -> list[Dealt]:
    """One arm beside itself, spread as gold is; "candidate" is the answer that was registered first."""
    arm, examples = sentinels_told(registration)
    draw = random.Random(f"{seed}/sentinels/sides")
    sides = _balanced(draw, len(examples))
    apart = max(1, min(GOLD_APART, len(first) // (len(examples) + 1)))
    return [
        Dealt(_pair_id(seed, start + n), example, arm, arm, sides[n], n * apart + draw.randrange(apart),
              PairKind.sentinel)
        for n, example in enumerate(examples)
    ]  # fmt: skip


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


def drawn_as_sealed(found: Round, pairs: Sequence[Pair]) -> bool:
    """Whether the published seed of a closed round deals exactly these `pairs` and the sides that were committed to."""
    shown = [Dealt(p.id, p.example, p.candidate, p.baseline, p.candidate_left, p.position, p.kind, p.of) for p in pairs]
    sides = [{"id": p.id, "candidate_left": p.candidate_left} for p in pairs]
    return shown == deal_all(found.seed, found.registration) and commitment(found.seed, sides) == found.commitment
