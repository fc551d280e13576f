"""Exact machine checks: does an output keep a criterion of the brief? Pure.

A check says whether the words are there, not whether the sentence around them is true, kind or useful:
that is for people in a blind round.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import regex

from studio.evaluate import json_schema, readability
from studio.records import SCALE_LEVELS, Brief, Check, CheckKind, Criterion, Example, Refusal, Speaker, Turn


@dataclass(frozen=True)
class Subject:
    """What a check looks at: one output, with the input, ideal output and slice it belongs to, and the turns that came
    before the input, oldest first."""

    input: str
    output: str
    ideal: str = ""
    slice: str = ""
    earlier: tuple[Turn, ...] = ()


def of_example(example: Example, output: str | None = None) -> Subject:
    """An output to an example's whole conversation; None: its ideal output."""
    text = example.ideal if output is None else output
    return Subject(example.input, text, example.ideal, example.slice, example.earlier)


@dataclass(frozen=True)
class RuleScore:
    """How often one criterion was kept. `share` = kept / n with its 95 % exact interval; n counts the outputs
    it applies to. `broken` names the examples that broke it."""

    criterion: str
    kept: int
    n: int
    share: float
    interval: tuple[float, float]
    broken: tuple[str, ...]


def _has(text: str, phrase: str) -> bool:
    return _folded(phrase) in _folded(text)


@functools.lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    return text.casefold()


# Texts on which a pattern that tries every way to divide a text never ends.
_PROBES = tuple(f"{part * 400}!?" for part in ("a", "1", "a1", "word ", "a-", "...", '"x", '))
_SECONDS = 0.5  # for one pattern on one text; an ordinary one needs microseconds
_FIRST, _ALL = 1, 0


def _found(pattern: str, text: str, most: int = _ALL) -> set[str]:
    """The different matches of a pattern (`most`: stop after so many). Raises Refusal when it takes too long."""
    try:
        matches = _compiled(pattern).finditer(text, timeout=_SECONDS)
        return {m.group() for m in (itertools.islice(matches, most) if most else matches)}
    except TimeoutError as error:
        raise Refusal(
            f"The pattern {pattern} of the brief needs more than {_SECONDS} s on one text, so nothing was checked. "
            "Nothing was lost. Make it simpler: a repeat inside a repeat, such as (a+)+, is the usual cause."
        ) from error


@functools.lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    return regex.compile(pattern)


def _required(check: Check, subject: Subject) -> bool | None:
    return any(_has(subject.output, phrase) for phrase in check.phrases)


def _forbidden(check: Check, subject: Subject) -> bool | None:
    return not any(_has(subject.output, phrase) for phrase in check.phrases)


def _pattern(check: Check, subject: Subject) -> bool | None:
    return bool(_found(check.pattern, subject.output, _FIRST))


def _max_words(check: Check, subject: Subject) -> bool | None:
    return 0 < len(subject.output.split()) <= check.limit


def _min_words(check: Check, subject: Subject) -> bool | None:
    return len(subject.output.split()) >= check.limit


def _max_grade(check: Check, subject: Subject) -> bool | None:
    """An output without a word cannot be read at all."""
    found = readability.grade(subject.output)
    return found is not None and found <= check.limit


def _one_of(check: Check, subject: Subject) -> bool | None:
    """The whole output, but for blanks around it, is one of the labels, letter by letter."""
    return subject.output.strip() in check.phrases


def _json_schema(check: Check, subject: Subject) -> bool | None:
    return json_schema.holds(check.schema, subject.output, _searched)


def _searched(pattern: str, text: str) -> bool:
    return bool(_found(pattern, text, _FIRST))


def _repeats(check: Check, subject: Subject) -> bool | None:
    """Every match in the input stands in the output. Without one there, that of the last earlier turn of the person who
    asks in which there is one. The output invents none: any other in it stands in the conversation, whoever said it."""
    found = _found(check.pattern, subject.output)
    turns = [(turn.speaker, _found(check.pattern, turn.text)) for turn in subject.earlier]
    turns.append((Speaker.user, _found(check.pattern, subject.input)))
    wanted = next((these for who, these in reversed(turns) if who is Speaker.user and these), set())
    if not found <= set().union(*(these for _, these in turns)):
        return False
    if wanted:
        return wanted <= found
    if found:
        return None
    return _has(subject.output, check.otherwise) if check.otherwise else None


def _by_slice(check: Check, subject: Subject) -> bool | None:
    own = check.by_slice.get(subject.slice, ())
    others = {p for name, phrases in check.by_slice.items() if name != subject.slice for p in phrases} - set(own)
    if any(_has(subject.output, phrase) for phrase in others):
        return False
    return any(_has(subject.output, phrase) for phrase in own) if own else True


def parsed(text: str) -> dict[str, Any] | None:
    """The JSON object that `text` is, or None when it is anything else (also a list or a number)."""
    try:
        value = json_schema.read(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _json_fields(check: Check, subject: Subject) -> bool | None:
    value = parsed(subject.output)
    if value is None or set(value) != set(check.fields):
        return False
    # `1 == True` in Python, and an answer of 1 is not the boolean that was asked for.
    return all(
        any(type(value[k]) is type(a) and value[k] == a for a in allowed) if allowed else True
        for k, allowed in check.fields.items()
    )


def _equals_ideal(check: Check, subject: Subject) -> bool | None:
    """The JSON fields named in `phrases` (or the whole text) equal the ideal output's; None without an ideal."""
    if not subject.ideal.strip():
        return None
    if not check.phrases:
        return subject.output.strip() == subject.ideal.strip()
    output, ideal = parsed(subject.output), parsed(subject.ideal)
    if ideal is None:
        return None
    return output is not None and all(k in output and output[k] == ideal.get(k) for k in check.phrases)


_CHECKS: dict[CheckKind, Callable[[Check, Subject], bool | None]] = {
    CheckKind.required: _required,
    CheckKind.forbidden: _forbidden,
    CheckKind.pattern: _pattern,
    CheckKind.max_words: _max_words,
    CheckKind.repeats: _repeats,
    CheckKind.by_slice: _by_slice,
    CheckKind.json_fields: _json_fields,
    CheckKind.equals_ideal: _equals_ideal,
    CheckKind.min_words: _min_words,
    CheckKind.one_of: _one_of,
    CheckKind.json_schema: _json_schema,
    CheckKind.max_grade: _max_grade,
}


def kept(criterion: Criterion, subject: Subject) -> bool | None:
    """True or False when the criterion's checks can tell, None when they do not apply to this subject.

    All checks must hold. None: no checks, another slice, or nothing to compare with. The phrases of a
    check are found in any case of letters; patterns are used as written.
    """
    if criterion.slices and subject.slice not in criterion.slices:
        return None
    answers = [answer for check in criterion.checks if (answer := _CHECKS[check.kind](check, subject)) is not None]
    return all(answers) if answers else None


def interval(successes: float, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The Clopper-Pearson interval of a share: exact, so a little wide, for independent outputs."""
    if n == 0:
        return (0.0, 1.0)
    from scipy.special import betaincinv  # half a second that the server does not need to start

    tail = (1 - confidence) / 2
    low = float(betaincinv(successes, n - successes + 1, tail)) if successes > 0 else 0.0
    high = float(betaincinv(successes + 1, n - successes, 1 - tail)) if successes < n else 1.0
    return (low, high)


Told = list[tuple[Criterion, dict[str, bool]]]
"""Each criterion with checks: example id -> whether its output keeps it, where that can be told."""


def told(brief: Brief, subjects: Mapping[str, Subject]) -> Told:
    """What the checks say of all `subjects` (example id -> subject): asked once, for the scores and the shares."""
    answers = [(c, {name: kept(c, subject) for name, subject in subjects.items()}) for c in brief.criteria if c.checks]
    return [(c, {name: answer for name, answer in own.items() if answer is not None}) for c, own in answers]


def shares(found: Told) -> dict[str, float]:
    """Example id -> the share of the criteria that its output keeps, of those that can be told of it."""
    of: dict[str, list[bool]] = {}
    for _, own in found:
        for name, answer in own.items():
            of.setdefault(name, []).append(answer)
    return {name: sum(answers) / len(answers) for name, answers in of.items()}


def score(brief: Brief, subjects: Mapping[str, Subject]) -> list[RuleScore]:
    """One `RuleScore` per criterion that a machine can check, over `subjects` (example id -> subject)."""
    return scores(told(brief, subjects))


def scores(found: Told) -> list[RuleScore]:
    """One `RuleScore` for each criterion."""
    scores = []
    for criterion, told in found:
        good = sum(told.values())
        share = good / len(told) if told else 0.0
        broken = tuple(name for name, answer in told.items() if not answer)
        scores.append(RuleScore(criterion.name, good, len(told), share, interval(good, len(told)), broken))
    return scores


def share_kept(brief: Brief, subject: Subject) -> float | None:
    """The share of applicable criteria that one output keeps; None when none applies."""
    answers = [answer for c in brief.criteria if (answer := kept(c, subject)) is not None]
    return sum(answers) / len(answers) if answers else None


def refuse_broken_checks(brief: Brief) -> None:
    """Raises Refusal for a check that could not run (a bad regular expression, nothing to look for), and for a scale
    whose levels are not all in words."""
    for criterion in brief.criteria:
        if criterion.scale and (len(criterion.scale) != SCALE_LEVELS or not all(w.strip() for w in criterion.scale)):
            raise Refusal(
                f"“{criterion.name}” is answered from 1 to {SCALE_LEVELS}, but not every level says what it looks "
                "like. Two people would mean different things by it. Nothing was saved; your text is still here."
            )
        if not 0 <= criterion.target <= 1:
            raise Refusal(
                f"The share asked of “{criterion.name}” must lie between 0 and 100 %. Nothing was saved; your text is "
                "still here."
            )
        for check in criterion.checks:
            if problem := _problem(check):
                raise Refusal(f"The check of “{criterion.name}” {problem} Nothing was saved; your text is still here.")


def _problem(check: Check) -> str:
    if check.kind in (CheckKind.pattern, CheckKind.repeats):
        return _pattern_problem(check.pattern)
    if check.kind is CheckKind.json_schema:
        return json_schema.problem(check.schema, _searched, _pattern_problem)
    nothing = not any(p.strip() for p in check.phrases)
    missing = {
        CheckKind.required: nothing and "has no phrase to look for.",
        CheckKind.forbidden: nothing and "has no phrase to look for.",
        CheckKind.one_of: len({p.strip() for p in check.phrases} - {""}) < 2 and "needs at least two labels.",
        CheckKind.max_words: check.limit < 1 and "needs a largest number of words of at least 1.",
        CheckKind.min_words: check.limit < 1 and "needs a smallest number of words of at least 1.",
        CheckKind.max_grade: not 1 <= check.limit <= 20 and "needs a school grade from 1 to 20.",
        CheckKind.by_slice: not check.by_slice and "names no slice.",
        CheckKind.json_fields: not check.fields and "names no field.",
    }
    return missing.get(check.kind) or ""


def _pattern_problem(pattern: str) -> str:
    if not pattern:
        return "has no pattern to look for."
    try:
        regex.compile(pattern)
    except regex.error as error:
        return f"is not a valid regular expression ({error})."
    try:
        for text in _PROBES:
            _found(pattern, text)
    except Refusal:
        return "takes too long on a long text: a repeat inside a repeat, such as (a+)+, is the usual cause."
    return ""
