"""Does an answer cite the passages that it was given, and are the numbers that it cites among them? Pure.

Does not tell whether a passage says what the answer claims: a right number can stand behind a wrong sentence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from studio.evaluate.averages import average
from studio.wording import between, percent

_MARK = re.compile(r"\[\s*(\d{1,3}(?:\s*[,;]\s*\d{1,3})*)\s*\]")


@dataclass(frozen=True)
class Share:
    """A share in [0, 1] with its 95 % interval, of `n`."""

    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Citing:
    """`cites`: the share of answers that cite a passage. `exist`: of the numbers that an answer cites the share that
    it was given, averaged over the answers that cite; None when none does."""

    cites: Share
    exist: Share | None
    sentence: str


def cited(text: str) -> tuple[int, ...]:
    """The numbers in square brackets, such as [1] and [2, 3], each once, as they come."""
    found = [int(number) for mark in _MARK.findall(text) for number in re.findall(r"\d+", mark)]
    return tuple(dict.fromkeys(found))


def missing(text: str, given: int) -> tuple[int, ...]:
    """The cited numbers of which no passage was given."""
    return tuple(number for number in cited(text) if not 1 <= number <= given)


def citing(answers: Sequence[tuple[str, int]]) -> Citing | None:
    """`answers`: each with the number of passages it was given. None unless any was given some."""
    told = [(cited(text), given) for text, given in answers if given]
    if not told:
        return None
    cites = _share([float(bool(numbers)) for numbers, _ in told])
    exists = [sum(1 <= n <= given for n in numbers) / len(numbers) for numbers, given in told if numbers]
    exist = _share(exists) if exists else None
    return Citing(cites, exist, _sentence(cites, exist))


def _share(values: Sequence[float]) -> Share:
    found = average(values, 1)
    return Share(found.value, found.low, found.high, found.n)


def _sentence(cites: Share, exist: Share | None) -> str:
    said = f"{_words(cites)} of {cites.n:,} answers cite a passage"
    if exist is None:
        return f"{said}."
    return f"{said}; of the numbers they cite, {_words(exist)} were given to them (n = {exist.n:,})."


def _words(share: Share) -> str:
    return f"{percent(share.value)} ({between((share.low, share.high))})"
