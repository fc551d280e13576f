"""Gold pairs: an ideal answer beside one that was made worse on purpose. They judge reviewers, never arms. Pure.

Their messages come from the validation split, so that no ideal answer to a prompt of the round is shown. A reviewer
leaves the count by the registered number of gold pairs alone, never for disagreeing with others.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.records import Choice, Example, Pair, PairKind, Refusal, Vote

IDEAL, CUT, OTHER = "ideal", "cut_in_half", "other_answer"
NAMES = {
    IDEAL: "The ideal answer", CUT: "The ideal answer, cut in half", OTHER: "The ideal answer to another message",
}  # fmt: skip
"""What stands on the two sides of a gold pair, in words; beside the names of the arms."""

_WORDS_TO_CUT = 12


@dataclass(frozen=True)
class GoldRule:
    """Of `pairs` gold pairs a reviewer must get `right` right; both 0 in a round without gold."""

    pairs: int = 0
    right: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.right <= self.pairs:
            raise Refusal(
                f"A reviewer cannot get {self.right} of {self.pairs} gold pairs right. Nothing was opened. Ask for at "
                "most as many as there are."
            )

    @property
    def to_leave(self) -> int:
        """How many gold pairs a reviewer must get wrong to leave the count; 0 where nobody can."""
        return self.pairs - self.right + 1 if self.right else 0

    @property
    def sentence(self) -> str:
        """The rule as it is registered, for anybody."""
        if not self.pairs:
            return "No gold pairs: nobody leaves the count."
        if not self.right:
            return f"{self.pairs} gold pairs, told afterwards; nobody leaves the count."
        return (
            f"{self.pairs} gold pairs; whoever gets more than {self.pairs - self.right} of them wrong leaves the "
            "count, with all of their votes. A skip is not wrong."
        )


def rule_of(registration: Mapping[str, Any]) -> GoldRule:
    """A round's registered rule; rounds of the first version had none."""
    told = registration.get("gold") or {"pairs": [], "right": 0}
    return GoldRule(len(told["pairs"]), told["right"])


def drawn(seed: str, examples: Sequence[Example], wanted: int) -> list[dict[str, str]]:
    """`wanted` gold pairs from examples with an ideal answer: which message, how its answer is made worse, with whose.

    Raises Refusal when there are not enough messages.
    """
    draw = random.Random(f"{seed}/gold")
    usable = [e for e in examples if e.ideal.strip()]
    found: list[dict[str, str]] = []
    for each in draw.sample(usable, len(usable)):
        if len(found) == wanted:
            break
        others = [e for e in usable if e.ideal.strip() != each.ideal.strip()]
        others = [e for e in others if e.slice != each.slice] or others
        long = len(each.ideal.split()) >= _WORDS_TO_CUT
        if long and (not others or len(found) % 2 == 0):
            found.append({"example": each.id, "made": CUT, "other": ""})
        elif others:
            found.append({"example": each.id, "made": OTHER, "other": draw.choice(others).id})
    if len(found) < wanted:
        raise Refusal(
            f"Only {len(found)} gold pairs can be made from the validation split, not {wanted}. Nothing was opened. "
            "Ask for fewer."
        )
    return found


def made_worse(ideal: str, made: str, other: str) -> str:
    """The side that must lose: the first half of the answer, broken off in mid-sentence, or another
    message's answer."""
    if made == OTHER:
        return other.strip()
    words = ideal.split()
    return " ".join(words[: max(1, len(words) // 2)]).rstrip(".!?,;:")


def excluded(pairs: Sequence[Pair], cast: Sequence[Vote], rule: GoldRule) -> frozenset[str]:
    """The reviewers whose votes the registered rule takes out of the count. A tie or both bad is wrong; a skip is not
    counted. Without gold nobody."""
    gold = {pair.id for pair in pairs if pair.kind is PairKind.gold} if rule.pairs else set()
    wrong = Counter(v.reviewer for v in cast if v.pair in gold and v.choice not in (Choice.a, Choice.skip))
    return frozenset(who for who, missed in wrong.items() if missed > rule.pairs - rule.right)
