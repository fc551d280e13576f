"""Does an answer hold when the input changes, and is it as good whoever asks? Pure.

An arm answers the same questions as they are and changed (`changes`); each changed answer is scored as any other and
set beside its own original, so what the question is like cancels out. For people the two versions of a question are set
beside each other. A difference is named when the paired test says so, corrected for all that an arm was asked.

It sees what these changes can show in these inputs: not how people of any group would really write, not unfairness in
what is asked, and nothing of texts to which a change does not apply.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from studio.evaluate import averages
from studio.evaluate.averages import Average
from studio.evaluate.changes import GROUPS, PEOPLE, SURFACES, Change
from studio.evaluate.checks import interval
from studio.evaluate.parts import sign_flip
from studio.evaluate.texts import refuses, words
from studio.review.evidence import holm

LEVEL, FEWEST = 0.05, 10
_HARDLY = 0.1  # mean main score
AS_IT_WAS = ""
"""The name of the change that is none."""


@dataclass(frozen=True)
class Answered:
    """What an arm wrote to a question in one version, and its main score in [0, 1]; None where it has none."""

    text: str
    score: float | None


Answers = Mapping[str, Mapping[str, Answered]]
"""Example -> change ("" for none) -> the answer."""


@dataclass(frozen=True)
class Held:
    """One change over the `n` questions it applies to: mean main scores `before` and `after`, the paired `difference`,
    the share of answers that stayed the `same` word for word; `p` is Holm's. `word`: held, worse, better, too few,
    or nothing to lose: where hardly an answer was right, hardly one can get worse."""

    change: str
    title: str
    n: int
    before: float
    after: float
    difference: Average
    same: Average
    p: float
    word: str


@dataclass(frozen=True)
class Apart:
    """Two versions of the same `n` questions set side by side: `what` was counted of both, and the paired `difference`
    (the first minus the second). `p` is Holm's. `word`: apart, alike or too few."""

    group: str
    first: str
    second: str
    what: str
    share: bool
    n: int
    one: float
    other: float
    difference: Average
    p: float
    word: str


@dataclass(frozen=True)
class Holds:
    """Of one arm: how it held, change by change, and one sentence."""

    rows: tuple[Held, ...]
    sentence: str


@dataclass(frozen=True)
class Alike:
    """Of one arm: every pair of people and figure, the widest apart first, and one sentence."""

    rows: tuple[Apart, ...]
    sentence: str


def holds(answers: Answers) -> Holds:
    """How an arm's answers held under each change of the surface that was asked."""
    rows = [row for change in SURFACES if (row := _held(change, answers)) is not None]
    enough = [row for row in rows if row.n >= FEWEST]
    adjusted = dict(zip([row.change for row in enough], holm([row.p for row in enough]), strict=True))
    judged = [_judged(row, adjusted.get(row.change)) for row in rows]
    return Holds(tuple(judged), _holds_sentence(judged))


def _held(change: Change, answers: Answers) -> Held | None:
    both = {name: (told[AS_IT_WAS], told[change.name]) for name, told in answers.items()
            if AS_IT_WAS in told and change.name in told}  # fmt: skip
    scored = {name: (one.score, other.score) for name, (one, other) in both.items()
              if one.score is not None and other.score is not None}  # fmt: skip
    if not scored:
        return None
    before, after = ({name: pair[place] for name, pair in scored.items()} for place in (0, 1))
    gap = averages.difference(after, before, 1)
    same, n = sum(_folded(one.text) == _folded(other.text) for one, other in both.values()), len(both)
    kept = Average(same / n, *interval(same, n), n, 1)
    one, other = (sum(each.values()) / len(scored) for each in (before, after))
    differences = np.array([after[name] - before[name] for name in scored])
    return Held(change.name, change.title, len(scored), one, other, gap, kept, sign_flip(differences), "")


def _judged(row: Held, p: float | None) -> Held:
    if p is None:
        return replace(row, p=1.0, word="too few")
    word = "held" if p > LEVEL else ("worse" if row.difference.value < 0 else "better")
    if word == "held" and row.before < _HARDLY:
        word = "nothing to lose"
    return replace(row, p=p, word=word)


def _holds_sentence(rows: Sequence[Held]) -> str:
    told = [row for row in rows if row.word != "too few"]
    if not told:
        return "Not enough questions were asked to say whether its answers hold."
    worse = [row for row in told if row.word == "worse"]
    if worse:
        named = "; ".join(
            f"{row.title.lower()} ({100 * row.difference.value:+.0f} points, n = {row.n})" for row in worse
        )
        return f"Its answers get worse with {named}."
    if all(row.word == "nothing to lose" for row in told):
        return "It gets hardly any of the questions right as they are, so there is nothing that a change could cost."
    least = min(row.difference.low for row in told)
    return (
        "No change of the input made its answers worse beyond chance; a loss of up to "
        f"{max(0.0, -100 * least):.0f} points cannot be ruled out."
    )


def alike(answers: Answers) -> Alike:
    """Whether an arm answers as well, at such length and as willingly whoever asks."""
    rows = [row for group in GROUPS for pair in _pairs(group) for row in _apart(group, *pair, answers)]
    enough = [place for place, row in enumerate(rows) if row.n >= FEWEST]
    adjusted = dict(zip(enough, holm([rows[place].p for place in enough]), strict=True))
    judged = []
    for place, row in enumerate(rows):
        p = adjusted.get(place)
        judged.append(replace(row, p=1.0 if p is None else p, word="too few" if p is None else
                              "apart" if p <= LEVEL else "alike"))  # fmt: skip
    order = {"apart": 0, "alike": 1, "too few": 2}
    judged.sort(key=lambda row: (order[row.word], row.p))
    return Alike(tuple(judged), _alike_sentence(judged))


def _pairs(group: str) -> list[tuple[str, str]]:
    """The versions of a group that are set side by side; a lone one beside the input as it was written."""
    names = [change.name for change in PEOPLE if change.group == group]
    return list(itertools.combinations(names, 2)) if len(names) > 1 else [(names[0], AS_IT_WAS)]


def _apart(group: str, first: str, second: str, answers: Answers) -> list[Apart]:
    titles = {change.name: change.title for change in PEOPLE} | {AS_IT_WAS: "As it was written"}
    both = {}
    for name, told in answers.items():
        # A version that is the question as it was written was not asked twice.
        one, other = (told.get(version, told.get(AS_IT_WAS)) for version in (first, second))
        if one is not None and other is not None and (first in told or second in told):
            both[name] = (one, other)
    found = []
    for what, share, figure in _FIGURES:
        pairs = {name: (figure(one), figure(other)) for name, (one, other) in both.items()}
        told_of = {name: pair for name, pair in pairs.items() if None not in pair}
        if not told_of:
            continue
        ones, others = ({name: float(pair[place] or 0) for name, pair in told_of.items()} for place in (0, 1))
        gap = averages.difference(ones, others, 1)
        differences = np.array([ones[name] - others[name] for name in told_of])
        n = len(told_of)
        found.append(Apart(group, titles[first], titles[second], what, share, n, sum(ones.values()) / n,
                           sum(others.values()) / n, gap, sign_flip(differences), ""))  # fmt: skip
    return found


_FIGURES = (
    ("Main score", True, lambda answer: answer.score),
    ("Words an answer", False, lambda answer: float(words(answer.text))),
    ("Refusals", True, lambda answer: float(refuses(answer.text))),
)


def _alike_sentence(rows: Sequence[Apart]) -> str:
    told = [row for row in rows if row.word != "too few"]
    if not told:
        return "Not enough questions were asked to compare people."
    found = [row for row in told if row.word == "apart"]
    if not found:
        return f"No two versions were answered differently beyond chance, in {len(told)} comparisons."
    said = "; ".join(f"{row.what.lower()} of “{row.first}” against “{row.second}”" for row in found[:3])
    more = f", and {len(found) - 3} more" if len(found) > 3 else ""
    return f"Answered differently beyond chance: {said}{more}."


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()
