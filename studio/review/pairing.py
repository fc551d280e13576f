"""The pairs of a round with their texts, as they are stored: what `studio.review.sides` drew, filled. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from studio.records import Example, Generation, PairKind, canonical, to_json
from studio.review import gold
from studio.review.formatting import plain
from studio.review.sentinels import Sentinels
from studio.review.sides import Dealt, deal_all

Outputs = Mapping[str, Mapping[str, Generation]]
"""Arm -> prompt -> output."""


def rows(
    seed: str, registration: Mapping[str, Any], examples: Mapping[str, Example], outputs: Outputs,
    sentinels: Sentinels,
) -> list[dict[str, Any]]:  # fmt: skip
    """The pairs as they are stored. `examples`: the test prompts and those that gold and sentinels are made of, by
    id."""
    twice = {name: (one, other) for name, one, other in sentinels.answers}
    made = {each["example"]: each for each in (registration.get("gold") or {"pairs": []})["pairs"]}
    found = []
    for dealt in deal_all(seed, registration):
        sentinel = dealt.kind is PairKind.sentinel
        texts = twice[dealt.prompt] if sentinel else _texts(dealt, examples, outputs, made)
        found.append(_row(dealt, examples[dealt.prompt], texts, registration["shown_plain"]))
    return found


def _texts(
    dealt: Dealt, examples: Mapping[str, Example], outputs: Outputs, made: Mapping[str, Mapping[str, str]]
) -> tuple[str, str]:
    """The candidate's text and the other one."""
    if dealt.kind is not PairKind.gold:
        ours, other = (outputs[arm][dealt.prompt].output.strip() for arm in (dealt.candidate, dealt.baseline))
        return ours, other
    told, ideal = made[dealt.prompt], examples[dealt.prompt].ideal.strip()
    return ideal, gold.made_worse(ideal, told["made"], examples[told["other"]].ideal if told["other"] else "")


def _row(dealt: Dealt, example: Example, texts: tuple[str, str], shown_plain: bool) -> dict[str, Any]:
    left, right = texts if dealt.candidate_left else texts[::-1]
    shown = (plain(left), plain(right)) if shown_plain else (left, right)
    return {
        "id": dealt.id, "round": "", "position": dealt.position, "example": example.id, "slice": example.slice,
        "input": example.input, "left_text": shown[0], "right_text": shown[1], "baseline": dealt.baseline,
        "candidate_left": dealt.candidate_left, "earlier": canonical(to_json(example.earlier)).decode(),
        "candidate": dealt.candidate, "kind": dealt.kind.value, "of": dealt.of,
        "left_written": left if shown_plain else "", "right_written": right if shown_plain else "",
    }  # fmt: skip
