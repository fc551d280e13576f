"""Watch it learn: what a run answered to its pinned prompts at each measurement, and the brief's checks on it. Pure.

A handful of prompts show how answers change; how good they are is for the comparison, on many more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.evaluate import checks
from studio.records import Brief, Prompt, Turn, from_json

PINNED = 5
"""So many prompts are answered on the way, at most."""


@dataclass(frozen=True)
class Answer:
    """What was answered after `step` steps, and which of the brief's rules a machine can check it kept and broke."""

    step: int
    text: str
    kept: tuple[str, ...]
    broken: tuple[str, ...]


@dataclass(frozen=True)
class Watched:
    """A pinned prompt with its answers, the earliest first. That of step 0 is the base's own."""

    example: str
    slice: str
    prompt: Prompt
    answers: tuple[Answer, ...]

    def after(self, step: int) -> Answer | None:
        """The answer after so many steps; None when it was not asked then."""
        return next((answer for answer in self.answers if answer.step == step), None)

    def of_model(self, taken: int) -> Answer:
        """What the model answered that came of it, whose checkpoint is that of step `taken`; the last answer while
        that is not known (0), and where it was not asked then."""
        return self.after(taken or -1) or self.answers[-1]


@dataclass(frozen=True)
class Tally:
    """Rules kept of those that apply, over the prompts answered after a step."""

    step: int
    kept: int
    told: int


def watched(
    events: Iterable[Mapping[str, Any]], pinned: Iterable[Mapping[str, Any]], brief: Brief | None
) -> tuple[Watched, ...]:
    """From a job's events of the kind sample and the `samples` of its spec. What a run that went on after a crash
    answered again counts once."""
    about = {row["id"]: row for row in pinned}
    found: dict[str, dict[int, str]] = {}
    asked: dict[str, str] = {}
    for event in events:
        if event["kind"] == "sample":
            found.setdefault(event["example"], {})[event["step"]] = event["output"]
            asked[event["example"]] = event["input"]
    made = []
    for example, texts in found.items():
        row = about.get(example, {"input": asked[example]})
        earlier = tuple(from_json(Turn, turn) for turn in row.get("earlier", ()))
        prompt = Prompt(row["input"], earlier, row.get("system", ""))
        answers = tuple(_answer(brief, row, prompt, step, texts[step]) for step in sorted(texts))
        made.append(Watched(example, row.get("slice", ""), prompt, answers))
    return tuple(made)


def tallies(shown: Sequence[Watched]) -> tuple[Tally, ...]:
    """One for each step after which prompts were answered, in order."""
    steps = sorted({answer.step for each in shown for answer in each.answers})
    return tuple(_tally(step, [a for each in shown if (a := each.after(step))]) for step in steps)


def _tally(step: int, answers: Sequence[Answer]) -> Tally:
    kept = sum(len(answer.kept) for answer in answers)
    return Tally(step, kept, kept + sum(len(answer.broken) for answer in answers))


def _answer(brief: Brief | None, row: Mapping[str, Any], prompt: Prompt, step: int, text: str) -> Answer:
    subject = checks.Subject(prompt.input, text, row.get("ideal", ""), row.get("slice", ""), prompt.earlier)
    criteria = brief.criteria if brief else ()
    told = {c.name: kept for c in criteria if (kept := checks.kept(c, subject)) is not None}
    return Answer(step, text, *(tuple(n for n, kept in told.items() if kept is wanted) for wanted in (True, False)))
