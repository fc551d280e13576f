"""Does the style still hold at turn eight? Answers by how far into a conversation they are given. Pure.

Each conversation is answered where it ends, after the turns that its example holds: a model that has gone astray in its
own earlier answers is kinder to itself here than it would be in a real conversation (for that, see
`studio.evaluate.conversations`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from studio.evaluate.averages import average
from studio.evaluate.generalising import apart
from studio.records import Example, Speaker, Turn
from studio.wording import percent

_ENDS = (1, 3, 7)
_NAMES = ("turn 1", "turns 2 and 3", "turns 4 to 7", "turn 8 and later")
MATTERS = 0.10
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class At:
    """The mean main score, in [0, 1] with its 95 % interval, of the `n` answers given at these turns."""

    turns: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Turns:
    """An arm's answers from the first turns to the last, and whether they hold, in words."""

    at: tuple[At, ...]
    sentence: str


@dataclass(frozen=True)
class Talk:
    """A conversation as it was had: what stood before the person wrote first, what they wrote at each turn, and what
    was answered there; the last answer is the example's ideal output. Two messages in a row of one side are one."""

    opening: tuple[Turn, ...]
    asked: tuple[str, ...]
    answered: tuple[str, ...]


def talk(example: Example) -> Talk:
    """An example as a conversation; of one without earlier turns a single question and its answer."""
    said = [*example.earlier, Turn(Speaker.user, example.input), Turn(Speaker.assistant, example.ideal)]
    joined = [
        Turn(speaker, "\n\n".join(turn.text for turn in group)) for speaker, group in groupby(said, lambda t: t.speaker)
    ]
    opening = joined[:1] if joined[0].speaker is Speaker.assistant else []
    texts = [turn.text for turn in joined[len(opening) :]]
    return Talk(tuple(opening), tuple(texts[::2]), tuple(texts[1::2]))


def at_turn(example: Example, number: int, own: Sequence[str]) -> Example:
    """What is asked at a turn (from 1) of somebody whose `own` answers to the turns before stand in the conversation;
    the ideal output is what was answered there."""
    had = talk(example)
    before = [
        turn
        for asked, said in zip(had.asked, own, strict=False)
        for turn in (Turn(Speaker.user, asked), Turn(Speaker.assistant, said))
    ]
    return replace(
        example, id=turn_id(example.id, number), input=had.asked[number - 1], ideal=had.answered[number - 1],
        earlier=(*had.opening, *before[: 2 * (number - 1)]),
    )  # fmt: skip


def turn_id(example: str, number: int) -> str:
    """The id of a turn of a conversation."""
    return f"{example}{_BETWEEN}{number}"


def of_turn(name: str) -> tuple[str, int]:
    """The conversation and the turn of such an id."""
    example, number = name.split(_BETWEEN)
    return example, int(number)


def turn_of(example: Example) -> int:
    """At which turn an answer is asked for: 1 without earlier ones; only those of the person who asks count."""
    return 1 + sum(turn.speaker is Speaker.user for turn in example.earlier)


def name_of(turn: int) -> str:
    """How far that is into a conversation, in four steps."""
    return _NAMES[sum(turn > end for end in _ENDS)]


def hold(main: Mapping[str, float], turns: Mapping[str, int], of: str) -> Turns | None:
    """`main`: prompt -> main score of one arm, `turns`: prompt -> turn, `of`: what the score is, in words. None unless
    two steps of a conversation have answers."""
    by_step: dict[str, list[float]] = {name: [] for name in _NAMES}
    for prompt, score in main.items():
        by_step[name_of(turns[prompt])].append(score)
    steps = {name: scores for name, scores in by_step.items() if scores}
    if len(steps) < 2:
        return None
    found = tuple(At(name, m.value, m.low, m.high, m.n) for name, s in steps.items() for m in [average(s, 1)])
    return Turns(found, _sentence(found, list(steps.values()), of))


def _sentence(found: tuple[At, ...], scores: list[list[float]], of: str) -> str:
    first, last = found[0], found[-1]
    said = (
        f"At {first.turns} {percent(first.value)} {of}, at {last.turns} {percent(last.value)} "
        f"(n = {first.n:,} and {last.n:,})."
    )
    if min(first.n, last.n) < 2:
        return f"{said} Whether it holds cannot be told from so few."
    fall, low, high = apart(scores[0], scores[-1])
    interval = f"95 % interval {100 * low:+.0f} to {100 * high:+.0f} points"
    if low > 0:
        return f"{said} It fades by {100 * fall:.0f} points ({interval})."
    if high < MATTERS:
        return f"{said} It holds: it fades by less than {100 * MATTERS:.0f} points ({interval})."
    return f"{said} Whether it holds cannot be told from so few ({interval})."
