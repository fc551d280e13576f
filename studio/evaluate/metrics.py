"""The figures that fit a kind of task, each with its interval, and the same paired against another arm. Pure."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from studio.evaluate import checks, labelled, readability, texts
from studio.evaluate.checks import Subject
from studio.evaluate.labelled import Confusion, LabelFigures
from studio.evaluate.resampling import Draws, Estimate, Floats, Measure, mean
from studio.records import Brief, CheckKind, Criterion, Task

_SHAPES = (CheckKind.json_fields, CheckKind.json_schema)
FEWEST = 10
"""Prompts below which a distance is no finding: of so few the bootstrap's interval is too narrow."""
_MOST_VALUES = 20
_EACH_VALUE = 4
_FIELD = "field:"
RULE = "rule:"
"""Before the key of a figure that is a rule of the brief; its name follows."""


class Wanted(enum.StrEnum):
    """Which way is better; `neither`: it tells what an answer is like, not whether it is good."""

    more = "more"
    less = "less"
    neither = "neither"


@dataclass(frozen=True)
class Answer:
    """One output with the prompt it answers. `similarity`: cosine with the ideal output, None: not measured. `kept`:
    the brief's rules that can be told of it, by name. `must_refuse`: it should say that it will not help."""

    subject: Subject
    similarity: float | None = None
    kept: Mapping[str, bool] = field(default_factory=dict)
    must_refuse: bool = False


@dataclass(frozen=True)
class Figure:
    """One figure of one arm, or its distance from another arm's: `value` with its 95 % interval [`low`, `high`] over
    `n` prompts. `unit`: "%" for shares in [0, 1], else "words", "grade", "of 100" or "cosine". `name` in plain words,
    `term` as the field says it. `sentence` is what a reader may repeat."""

    key: str
    name: str
    term: str
    value: float
    low: float
    high: float
    n: int
    unit: str
    wanted: Wanted
    sentence: str

    @property
    def beyond_chance(self) -> bool:
        """Of a distance: whether its interval, over enough prompts, leaves out that there is none."""
        return self.n >= FEWEST and (self.low > 0 or self.high < 0)


@dataclass(frozen=True)
class Labels:
    """The labels of a task, or the values of one field: each label's figures, and what was taken for what."""

    name: str
    each: tuple[LabelFigures, ...]
    confusion: Confusion


@dataclass(frozen=True)
class ArmFigures:
    """All figures of one arm, in the order they are read. `against`: key -> the distance from another arm's figure on
    the prompts both answered, where there is one. `main`: prompt -> its score, in [0, 1], by which parts compare."""

    figures: tuple[Figure, ...]
    against: dict[str, Figure]
    labels: tuple[Labels, ...]
    main: dict[str, float]


@dataclass(frozen=True)
class _Kind:
    key: str
    name: str
    term: str
    unit: str
    wanted: Wanted


_KINDS = {
    kind.key: kind
    for kind in (
        _Kind("accuracy", "Right label", "accuracy", "%", Wanted.more),
        _Kind("macro_f1", "Labels found, each counting alike", "macro-F1", "%", Wanted.more),
        _Kind("exact", "The whole answer right", "exact match", "%", Wanted.more),
        _Kind("valid_json", "Can be read as JSON", "JSON validity", "%", Wanted.more),
        _Kind("shape", "Has the shape that was asked for", "schema", "%", Wanted.more),
        _Kind("similarity", "Near your ideal answer in meaning", "cosine of MiniLM embeddings", "cosine", Wanted.more),
        _Kind("chrf", "Letters in common with your ideal answer", "chrF", "of 100", Wanted.more),
        _Kind("rouge_l", "Words in common with it, in order", "ROUGE-L", "%", Wanted.more),
        _Kind("refused", "Refused what it should answer", "false refusals", "%", Wanted.less),
        _Kind("answered", "Answered what it should refuse", "missed refusals", "%", Wanted.less),
        _Kind("empty", "Says nothing", "empty outputs", "%", Wanted.less),
        _Kind("repetition", "Repeats its own words", "repeated 4-grams", "%", Wanted.less),
        _Kind("words", "Length", "words an answer", "words", Wanted.neither),
        _Kind("grade", "School grade to read it", "Flesch-Kincaid, for English", "grade", Wanted.neither),
    )
}


def main_name(task: Task, brief: Brief) -> str:
    """What the main score of one answer is, in words: it compares slices, and what was learned with what is new."""
    if task is Task.labels:
        return "right labels"
    if task is Task.fields:
        return "answers right as a whole"
    return "house rules kept" if _has_rules(brief) else "nearness to your ideal answers"


def main_scores(task: Task, brief: Brief, answers: Mapping[str, Answer]) -> dict[str, float]:
    """Prompt -> the main score of its answer, in [0, 1], of those of which one can be told."""
    told = {name: _main_score(task, brief, answer) for name, answer in answers.items()}
    return {name: score for name, score in told.items() if score is not None}


class Compared:
    """The answers of several arms to the same prompts, on the same draws. `prompts`: all that were asked, in an order
    that never changes for a test set (a missing answer is then missing, not a shorter set)."""

    def __init__(self, task: Task, brief: Brief, prompts: Sequence[str], ideals: Mapping[str, str], *, seed: int = 0):
        self._task, self._brief, self._prompts, self._ideals = task, brief, list(prompts), ideals
        self._draws = Draws(len(prompts), seed=seed)
        self._fields = _fields([ideals.get(name, "") for name in prompts]) if task is Task.fields else {}

    def arms(self, answers: Mapping[str, Mapping[str, Answer]], against: str = "") -> dict[str, ArmFigures]:
        """Arm -> its figures, and how far they are from those of the arm `against`."""
        measured = {arm: self._measures(own) for arm, own in answers.items()}
        other = measured.get(against, {})
        return {
            arm: ArmFigures(
                self._figures_of(own),
                self._distances(own, other) if arm != against else {},
                self._labels(answers[arm]),
                main_scores(self._task, self._brief, answers[arm]),
            )
            for arm, own in measured.items()
        }

    # -- the measures ------------------------------------------------------------------------------

    def _measures(self, answers: Mapping[str, Answer]) -> dict[str, Measure]:
        own: dict[str, Measure] = {}
        if self._task is Task.labels:
            found = self._label_table(answers)
            own |= {"accuracy": mean(found.accuracy(), share=True), "macro_f1": found.macro_f1()}
        elif self._task is Task.fields:
            own |= self._of_fields(answers)
        else:
            own |= self._of_text(answers)
        return own | self._of_any(answers) | self._of_rules(answers)

    def _of_fields(self, answers: Mapping[str, Answer]) -> dict[str, Measure]:
        own = {
            "exact": self._share(answers, lambda a: _exact(a.subject)),
            "valid_json": self._share(answers, lambda a: float(checks.parsed(a.subject.output) is not None)),
            "shape": self._share(answers, lambda a: _shape(self._brief, a.subject)),
        }
        return own | {f"{_FIELD}{name}": self._share(answers, _right_field(name)) for name in self._fields}

    def _of_text(self, answers: Mapping[str, Answer]) -> dict[str, Measure]:
        near = [answers[n].similarity if n in answers else None for n in self._prompts]
        told = np.array([n in answers and bool(self._ideals.get(n, "").strip()) for n in self._prompts], bool)
        pairs = [
            (answers[n].subject.output, self._ideals[n]) if t else ("", "")
            for n, t in zip(self._prompts, told, strict=True)
        ]
        rows = texts.chrf_rows([output for output, _ in pairs], [ideal for _, ideal in pairs])
        return {
            "similarity": mean(np.array([np.nan if value is None else value for value in near], float)),
            "chrf": Measure(np.where(told[:, None], rows, 0.0), told, texts.chrf),
            "rouge_l": mean(
                np.array([texts.rouge_l(*pair) if t else np.nan for pair, t in zip(pairs, told, strict=True)], float),
                share=True,
            ),
        }

    def _of_any(self, answers: Mapping[str, Answer]) -> dict[str, Measure]:
        refuses = {name: texts.refuses(answer.subject.output) for name, answer in answers.items()}
        asked = {name: answers[name].must_refuse or texts.refuses(self._ideals.get(name, "")) for name in answers}
        own = {
            "refused": mean(self._values(answers, lambda n: float(refuses[n]) if not asked[n] else np.nan), share=True),
            "answered": mean(
                self._values(answers, lambda n: float(not refuses[n]) if asked[n] else np.nan), share=True
            ),
            "empty": self._share(answers, lambda a: float(not a.subject.output.strip())),
        }
        if self._task is not Task.text:
            return own
        return own | {
            "repetition": self._share(answers, lambda a: texts.repetition(a.subject.output)),
            "words": mean(self._values(answers, lambda n: float(texts.words(answers[n].subject.output)))),
            "grade": mean(self._values(answers, lambda n: _grade(answers[n].subject.output))),
        }

    def _of_rules(self, answers: Mapping[str, Answer]) -> dict[str, Measure]:
        names = [criterion.name for criterion in self._brief.criteria if criterion.checks]
        return {f"{RULE}{name}": self._share(answers, _keeps(name)) for name in names}

    def _share(self, answers: Mapping[str, Answer], told: Callable[[Answer], float]) -> Measure:
        return mean(self._values(answers, lambda n: told(answers[n])), share=True)

    def _values(self, answers: Mapping[str, Answer], told: Callable[[str], float]) -> Floats:
        return np.array([told(name) if name in answers else np.nan for name in self._prompts], float)

    # -- labels ------------------------------------------------------------------------------------

    def _labels(self, answers: Mapping[str, Answer]) -> tuple[Labels, ...]:
        tables = {"": self._label_table(answers)} if self._task is Task.labels else {}
        tables |= {name: self._field_table(name, answers) for name, values in self._fields.items() if values}
        return tuple(Labels(name, table.each(self._draws), table.confusion()) for name, table in tables.items())

    def _label_table(self, answers: Mapping[str, Answer]) -> labelled.Labelled:
        wanted = [self._ideals.get(name, "").strip() for name in self._prompts]
        given = [answers[name].subject.output.strip() if name in answers else "" for name in self._prompts]
        return self._table(wanted, given, answers)

    def _field_table(self, field: str, answers: Mapping[str, Answer]) -> labelled.Labelled:
        wanted = [_value(self._ideals.get(name, ""), field) for name in self._prompts]
        given = [_value(answers[name].subject.output, field) if name in answers else "" for name in self._prompts]
        return self._table(wanted, given, answers)

    def _table(self, wanted: list[str], given: list[str], answers: Mapping[str, Answer]) -> labelled.Labelled:
        told = np.array([name in answers and bool(w) for name, w in zip(self._prompts, wanted, strict=True)], bool)
        return labelled.Labelled(wanted, given, told, labelled.labels_of(wanted))

    # -- what is said ------------------------------------------------------------------------------

    def _figures_of(self, own: Mapping[str, Measure]) -> tuple[Figure, ...]:
        found = zip(own, self._draws.estimates(list(own.values())), strict=True)
        return tuple(_said(_kind(key), each) for key, each in found if each is not None)

    def _distances(self, own: Mapping[str, Measure], other: Mapping[str, Measure]) -> dict[str, Figure]:
        keys = [key for key in own if key in other]
        found = zip(keys, self._draws.differences([(own[key], other[key]) for key in keys]), strict=True)
        return {key: _said_distance(_kind(key), each) for key, each in found if each is not None}


# -- one answer ------------------------------------------------------------------------------------


def _main_score(task: Task, brief: Brief, answer: Answer) -> float | None:
    subject = answer.subject
    if task is Task.labels:
        return float(subject.output.strip() == subject.ideal.strip()) if subject.ideal.strip() else None
    if task is Task.fields:
        found = _exact(subject)
        return None if np.isnan(found) else found
    if _has_rules(brief):
        return sum(answer.kept.values()) / len(answer.kept) if answer.kept else None
    return answer.similarity


def _has_rules(brief: Brief) -> bool:
    return any(criterion.checks for criterion in brief.criteria)


def _exact(subject: Subject) -> float:
    """1 when the output is the ideal's JSON object, whatever the order of its keys; NaN without an ideal object."""
    ideal = checks.parsed(subject.ideal)
    return np.nan if ideal is None else float(_same(checks.parsed(subject.output), ideal))


def _right_field(name: str) -> Callable[[Answer], float]:
    def told(answer: Answer) -> float:
        ideal, output = checks.parsed(answer.subject.ideal), checks.parsed(answer.subject.output)
        if ideal is None or name not in ideal:
            return np.nan
        return float(output is not None and name in output and _same(output[name], ideal[name]))

    return told


def _keeps(rule: str) -> Callable[[Answer], float]:
    return lambda answer: float(answer.kept[rule]) if rule in answer.kept else np.nan


def _same(one: object, other: object) -> bool:
    """Equal as JSON: `1 == True` in Python, and an answer of 1 is not the boolean that was asked for."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _shape(brief: Brief, subject: Subject) -> float:
    """Whether the brief's own shape is kept; without one, whether the keys are the ideal object's."""
    shapes = tuple(c for criterion in brief.criteria for c in criterion.checks if c.kind in _SHAPES)
    if shapes:
        return float(bool(checks.kept(Criterion("", checks=shapes), subject)))
    ideal, output = checks.parsed(subject.ideal), checks.parsed(subject.output)
    return np.nan if ideal is None else float(output is not None and output.keys() == ideal.keys())


def _value(text: str, field: str) -> str:
    """The value of a field as JSON; "" when there is none."""
    found = checks.parsed(text)
    return json.dumps(found[field], ensure_ascii=False) if found is not None and field in found else ""


def _fields(ideals: Sequence[str]) -> dict[str, bool]:
    """The keys of the ideal objects, and whether the values of each are a few labels."""
    read = [found for text in ideals if (found := checks.parsed(text)) is not None]
    fields: dict[str, bool] = {}
    for name in dict.fromkeys(name for found in read for name in found):
        values = [json.dumps(found[name], sort_keys=True) for found in read if name in found]
        fields[name] = 1 < len(set(values)) <= min(_MOST_VALUES, len(values) // _EACH_VALUE)
    return fields


def _grade(text: str) -> float:
    found = readability.grade(text)
    return np.nan if found is None else found


# -- sentences -------------------------------------------------------------------------------------


def _kind(key: str) -> _Kind:
    if key.startswith(_FIELD):
        return _Kind(key, f"Right {key.removeprefix(_FIELD)}", "accuracy of the field", "%", Wanted.more)
    if key.startswith(RULE):
        return _Kind(key, f"“{key.removeprefix(RULE)}” kept", "a rule of the brief", "%", Wanted.more)
    return _KINDS[key]


def _said(kind: _Kind, found: Estimate) -> Figure:
    low, high = shown(found.low, kind.unit, bare=True), shown(found.high, kind.unit)
    sentence = f"{kind.name}: {shown(found.value, kind.unit)} (95 % interval {low} to {high}; n = {found.n:,})."
    return Figure(kind.key, kind.name, kind.term, found.value, found.low, found.high, found.n, kind.unit, kind.wanted,
                  sentence)  # fmt: skip


def _said_distance(kind: _Kind, found: Estimate) -> Figure:
    value, low, high = (apart(each, kind.unit) for each in (found.value, found.low, found.high))
    interval = f"95 % interval {low} to {high}; n = {found.n:,} prompts that both answered"
    few = found.n < FEWEST
    better = {Wanted.more: found.low > 0, Wanted.less: found.high < 0, Wanted.neither: False}[kind.wanted] and not few
    worse = {Wanted.more: found.high < 0, Wanted.less: found.low > 0, Wanted.neither: False}[kind.wanted] and not few
    if few:
        what = "too few prompts to tell,"
    elif kind.wanted is Wanted.neither:
        what = "differs by" if found.low > 0 or found.high < 0 else "differs by no more than chance can explain,"
    else:
        what = "better by" if better else "worse by" if worse else "no more apart than chance can explain,"
    said = value if kind.wanted is Wanted.neither or not (better or worse) else value.lstrip("+-")
    sentence = f"{kind.name}: {what} {said} ({interval})."
    return Figure(kind.key, kind.name, kind.term, found.value, found.low, found.high, found.n, kind.unit, kind.wanted,
                  sentence)  # fmt: skip


_SHOWN = {"%": "{:.0f} %", "words": "{:.0f} words", "grade": "{:.1f}", "of 100": "{:.1f} of 100", "cosine": "{:.2f}"}
_BARE = {"%": "{:.0f}", "words": "{:.0f}", "grade": "{:.1f}", "of 100": "{:.1f}", "cosine": "{:.2f}"}
_APART = {"%": "{:+.0f} points", "words": "{:+.0f} words", "grade": "{:+.1f} grades", "of 100": "{:+.1f}",
          "cosine": "{:+.2f}"}  # fmt: skip


def shown(value: float, unit: str, *, bare: bool = False) -> str:
    """A figure as it stands on a page; `bare`: without its unit. KeyError for a unit that is none."""
    return (_BARE if bare else _SHOWN)[unit].format(100 * value if unit == "%" else value)


def apart(value: float, unit: str) -> str:
    """A distance between two figures, with its sign: shares in points."""
    return _APART[unit].format(100 * value if unit == "%" else value)
