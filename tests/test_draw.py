"""The draw of a round's pairs has a version, and what a version gives never changes: seals of before still hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from studio.records import Pair, Refusal, Round, canonical, sha256, to_json
from studio.review import sides

SEED = "0123456789abcdef0123456789abcdef"
OF_BEFORE = {
    "prompts": [{"id": f"p{n}", "slice": "", "votes": 1} for n in range(40)],
    "cap": 30, "dealt": [30, 10], "repeats": 4,
    "candidates": [{"arm": "prompted", "baselines": ["base"]}, {"arm": "tuned", "baselines": ["base", "prompted"]}],
    "gold": {"pairs": [{"example": f"g{n}", "made": "cut_in_half", "other": ""} for n in range(3)], "right": 2},
}  # fmt: skip
"""As rounds registered before there were versions."""
FIRST = (
    "f7428e66a251385d6d2c89a7f060e904606bd13a1b8f6ee58310d62722e4baa9",
    "32b9436c6fe49df9bfba4c42f27f90eb0bd41e342cd21ba188c13e2f7e1e2cec",
)


def dealt_round(registration: dict[str, object]) -> tuple[Round, list[Pair]]:
    pairs = [
        Pair(d.id, "r", d.position, d.prompt, "", "", "", "", d.baseline, d.candidate_left, candidate=d.candidate,
             kind=d.kind, of=d.of)
        for d in sides.deal_all(SEED, registration)
    ]  # fmt: skip
    told = [{"id": p.id, "candidate_left": p.candidate_left} for p in pairs]
    return Round("r", "p", registration, "", "closed", sides.commitment(SEED, told), SEED), pairs


def test_the_first_version_gives_what_it_always_gave() -> None:
    """These sums may not change, not even for a tidier draw: that is a next version, and this one stays beside it."""
    order = sides.in_drawn_order(SEED, [f"p{n}" for n in range(40)])
    assert (sha256(canonical(order)), sha256(canonical(to_json(sides.deal_all(SEED, OF_BEFORE))))) == FIRST


def test_a_round_that_registered_no_version_is_dealt_by_the_first_and_its_seal_holds() -> None:
    assert sides.deal_all(SEED, OF_BEFORE) == sides.deal_all(SEED, {**OF_BEFORE, "draw": 1})
    found, pairs = dealt_round(OF_BEFORE)
    assert sides.drawn_as_sealed(found, pairs)
    turned = replace(pairs[0], candidate_left=not pairs[0].candidate_left)
    assert not sides.drawn_as_sealed(found, [turned, *pairs[1:]])


def test_a_version_that_is_not_known_here_is_refused_in_words_and_not_called_broken() -> None:
    found, pairs = dealt_round(OF_BEFORE)
    with pytest.raises(Refusal, match="version 2 of the draw"):
        sides.drawn_as_sealed(replace(found, registration={**OF_BEFORE, "draw": 2}), pairs)
