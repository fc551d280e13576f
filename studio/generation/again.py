"""A sample of a job's outputs is written again, after everything else, and must come out the same.

It finds an arm that wore another's weights, a state that leaked from one arm into the next, and outputs that were
stored under the wrong name. A whole batch is written again, because what stands beside a prompt in its batch can change
a bfloat16 answer in the last bit; only its first word pieces, because a greedy answer that begins alike has been alike
at each of these steps. Does not find what is wrong in the same way both times.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from studio.generation import ArmSpec, Asked, Generator, Written
from studio.records import Decoding

PIECES = 32
"""Word pieces (tokens) of each answer that are written again."""


@dataclass(frozen=True)
class Rewritten:
    """Of `n` answers of an arm written again, those that came out `otherwise` (their prompts' ids)."""

    n: int
    otherwise: tuple[str, ...] = ()


def sample(
    generator: Generator, batches: Sequence[tuple[ArmSpec, Sequence[int]]], questions: Mapping[str, Sequence[Asked]],
    names: Sequence[str], written: Mapping[tuple[str, str], str], decoding: Decoding, stop: Callable[[], bool],
    *, seed: str,
) -> dict[str, Rewritten]:  # fmt: skip
    """Arm -> what came of one of its batches, drawn by `seed`, the arms in the other order than before.

    `batches`: each arm's, as places in `names` (the prompts' ids); `written`: (arm, prompt) -> stored output. Nothing
    for a model that does not promise to repeat itself, and for arms after `stop`.
    """
    if not generator.repeats:
        return {}
    by_arm: dict[str, list[tuple[ArmSpec, Sequence[int]]]] = {}
    for arm, places in batches:
        by_arm.setdefault(arm.id, []).append((arm, places))
    short = replace(decoding, max_new_tokens=min(PIECES, decoding.max_new_tokens))
    found = {}
    for name, own in reversed(by_arm.items()):
        if stop():
            break
        arm, places = random.Random(f"{seed}/{name}").choice(own)
        again = generator.write(arm, [questions[name][place].prompt for place in places], short)
        pairs = zip(places, again, strict=True)
        stored = {place: written.get((name, names[place]), "") for place in places}
        otherwise = tuple(names[p] for p, w in pairs if not _alike(stored[p], w, short.max_new_tokens))
        found[name] = Rewritten(len(places), otherwise)
    return found


def _alike(stored: str, again: Written, most: int) -> bool:
    """Whether an answer is what was stored; of one that was cut off after `most` pieces, whether that begins with it
    (it may end in half a character or before a blank)."""
    if again.tokens_out < most:
        return stored == again.text
    return stored.startswith(again.text.rstrip("\ufffd").rstrip())
