"""What the losses of a finished run say, in words. Pure.

It speaks only of how close the model came to the examples kept aside; whether its answers are better is for the
comparison and for people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# A change smaller than this share of the loss is not spoken of as one.
_NOTICEABLE = 0.03


@dataclass(frozen=True)
class Lesson:
    """`word`: learned, by_heart, hardly or unmeasured; `sentence` for a reader, figures included."""

    word: str
    sentence: str


def verdict(losses: Sequence[Mapping[str, Any]]) -> Lesson:
    """From {step, train, validation} in order, None where not measured; losses: mean cross-entropy, nats a token."""
    train = [row["train"] for row in losses if row.get("train") is not None]
    held = [(row["step"], row["validation"]) for row in losses if row.get("validation") is not None]
    if not held:
        if len(train) > 1:
            said = f"On what it learned from, the loss went from {train[0]:.2f} to {train[-1]:.2f}."
            return Lesson("unmeasured", f"It ran, but no loss was measured on examples kept aside. {said}")
        return Lesson("unmeasured", "It ran too briefly to measure what it learned.")
    first, last = train[0] if train else held[0][1], held[-1][1]
    best_step, best = min(held, key=lambda point: point[1])
    span = (
        f"on examples kept aside the loss went from about {first:.2f} to {last:.2f} (lower is closer to your answers)"
    )
    if best > first * (1 - _NOTICEABLE):
        return Lesson("hardly", f"It hardly learned: {span}. More passes or more examples may help.")
    if last > best * (1 + _NOTICEABLE):
        return Lesson(
            "by_heart",
            f"It learned, then began to learn by heart: on examples kept aside it was closest after step {best_step} "
            f"(loss {best:.2f}) and drifted to {last:.2f}. Fewer passes or more examples would help.",
        )
    rising = len(held) > 1 and held[-2][1] > last * (1 + _NOTICEABLE)
    end = (
        "It was still getting closer at the end; more passes may help." if rising else "It had levelled out at the end."
    )
    return Lesson("learned", f"It learned: {span}. {end}")
