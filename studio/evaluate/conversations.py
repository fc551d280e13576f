"""Whole conversations: how good an arm is through them, and whether it fades from its first answer to its last. Pure.

An arm has answered every turn, with its own earlier answers before it. A conversation is one observation: intervals are
over conversations, and two arms are set side by side conversation by conversation. Fewer than `FEWEST` tell nothing.

Does not tell why it fades: later turns may simply ask for harder things. Beside another arm, which was asked the same,
that falls out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.evaluate.averages import Average, average, difference
from studio.evaluate.turns import MATTERS, At, name_of
from studio.wording import between, percent

FEWEST = 8
Scores = Mapping[str, Sequence[float | None]]
"""Conversation -> the main score of the answer at each turn, in [0, 1]; None where none can be told."""


@dataclass(frozen=True)
class Through:
    """One arm. `at`: its mean score from the first turns to the last; `whole`: over all turns of a conversation;
    `fade`: the first answer's score less the last's. The last two are means over conversations."""

    at: tuple[At, ...]
    whole: Average
    fade: Average
    sentence: str


@dataclass(frozen=True)
class Beside:
    """One arm beside another over the conversations that both went through: by how much it is better (`whole`), and by
    how much more it fades (`fade`)."""

    whole: Average
    fade: Average
    sentence: str


def through(scores: Scores, of: str) -> Through | None:
    """`of`: what the score is, in words. None without a conversation of two scored turns."""
    whole, fade = _whole(scores), _fade(scores)
    if not fade:
        return None
    mean, fell = average(list(whole.values()), 1), difference(fade, dict.fromkeys(fade, 0.0), 1)
    said = f"Through {_several(mean.n)} {percent(mean.value)} {of} ({between((mean.low, mean.high))}). {_faded(fell)}"
    return Through(_at(scores), mean, fell, said)


def beside(one: Scores, other: Scores, name: str, than: str, of: str) -> Beside | None:
    """`name` beside `than`; None without a conversation that both went through."""
    whole, fade = difference(_whole(one), _whole(other), 1), difference(_fade(one), _fade(other), 1)
    if not fade.n:
        return None
    return Beside(whole, fade, f"{_better(whole, name, than, of)} {_fades_more(fade, than)}")


def _whole(scores: Scores) -> dict[str, float]:
    known = {name: [score for score in own if score is not None] for name, own in scores.items()}
    return {name: sum(own) / len(own) for name, own in known.items() if own}


def _fade(scores: Scores) -> dict[str, float]:
    """Of the conversations whose first and last answers both have a score."""
    return {
        name: own[0] - own[-1]
        for name, own in scores.items()
        if len(own) > 1 and own[0] is not None and own[-1] is not None
    }


def _at(scores: Scores) -> tuple[At, ...]:
    """A conversation counts once in each step: with the mean of its answers there."""
    steps: dict[str, dict[str, list[float]]] = {}
    for number in range(1, 1 + max(map(len, scores.values()), default=0)):
        for name, own in scores.items():
            score = own[number - 1] if len(own) >= number else None
            if score is not None:
                steps.setdefault(name_of(number), {}).setdefault(name, []).append(score)
    found = []
    for step, by_name in steps.items():
        mean = average([sum(own) / len(own) for own in by_name.values()], 1)
        found.append(At(step, mean.value, mean.low, mean.high, mean.n))
    return tuple(found)


def _faded(fell: Average) -> str:
    said = f"95 % interval {100 * fell.low:+.0f} to {100 * fell.high:+.0f} points, n = {fell.n:,}"
    if fell.n >= FEWEST and fell.low > 0:
        return f"It fades by {100 * fell.value:.0f} points from its first answer to its last ({said})."
    if fell.n >= FEWEST and fell.high < 0:
        return f"It gets better: by {-100 * fell.value:.0f} points from its first answer to its last ({said})."
    if fell.n >= FEWEST and fell.high < MATTERS:
        return f"It holds: from its first answer to its last it fades by less than {100 * MATTERS:.0f} points ({said})."
    return f"Whether it fades from its first answer to its last: not enough conversations to tell ({said})."


def _better(whole: Average, name: str, than: str, of: str) -> str:
    said = f"{100 * whole.low:+.0f} to {100 * whole.high:+.0f} points, n = {_several(whole.n)}"
    if whole.n >= FEWEST and (whole.low > 0 or whole.high < 0):
        word = "better" if whole.low > 0 else "worse"
        return f"{name} is {word} than {than} by {100 * abs(whole.value):.0f} points of {of} ({said})."
    if whole.n >= FEWEST and whole.low > -MATTERS and whole.high < MATTERS:
        return f"{name} and {than} are alike within {100 * MATTERS:.0f} points of {of} ({said})."
    return f"Whether {name} is better than {than}: not enough conversations to tell ({said})."


def _fades_more(fade: Average, than: str) -> str:
    said = f"{100 * fade.low:+.0f} to {100 * fade.high:+.0f} points, n = {fade.n:,}"
    if fade.n >= FEWEST and (fade.low > 0 or fade.high < 0):
        word = "more" if fade.low > 0 else "less"
        return f"It fades by {100 * abs(fade.value):.0f} points {word} than {than} ({said})."
    return f"Whether it fades otherwise than {than}: not enough conversations to tell ({said})."


def _several(count: int) -> str:
    return f"{count:,} conversation{'' if count == 1 else 's'}"
