"""Evaluate: the figures that fit the kind of task, slice by slice, and whether what was learned carries over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio import datasets, outputs
from studio.evaluate import checks, generalising, metrics, parts, tasks, turns
from studio.evaluate.generalising import Gap
from studio.evaluate.metrics import Answer, ArmFigures
from studio.evaluate.parts import Group, Part
from studio.evaluate.tasks import Guess
from studio.evaluate.turns import Turns
from studio.outputs import Compared
from studio.records import PROMPTING, Arm, ArmKind, Brief, Dataset, Example, Generation, Job, Split, Task
from studio.store import Store, arms, briefs
from studio.store import datasets as dataset_rows
from studio.store import tasks as task_rows

SAMPLE = 60
"""Examples it learned from that are asked for the gap, spread over the slices."""
MUST_REFUSE = "must_refuse"


@dataclass(frozen=True)
class Against:
    """One arm beside the one it is compared with, part by part: `verdict` over all of them, the worst part first."""

    arm: str
    other: str
    verdict: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Report:
    """What can be said of the arms that answered a split. `score`: what the main score of an answer is, in words.
    `figures`: arm id -> figures; `against`: for each arm but `other`, it beside `other`; `gaps`: tuned arm -> gap;
    `turns`: arm -> whether it holds through a conversation, where the split has conversations."""

    kind: Guess
    score: str
    other: str
    figures: dict[str, ArmFigures]
    against: tuple[Against, ...]
    gaps: dict[str, Gap]
    turns: dict[str, Turns]


def kind_of_task(store: Store, project: str, brief: Brief, examples: Sequence[Example]) -> Guess:
    """The kind that a person chose, or else what the brief and the ideal outputs look like."""
    guess = tasks.infer(brief, [e.ideal for e in examples])
    chosen = task_rows.chosen(store, project)
    return Guess(chosen, "Somebody in the team chose this.", True) if chosen else guess


def choose_kind(store: Store, person: str, project: str, task: Task | None) -> None:
    """Sets the kind of task by hand; None: go by the brief and the examples again."""
    store.act("task.chosen", person, {"task": task.value if task else ""}, project)


def report(
    store: Store,
    project: str,
    dataset: str,
    compared: Sequence[Compared],
    *,
    split: Split = Split.test,
    other: str = "",
) -> Report | None:
    """Everything that is told of `compared` (of that split). `other`: the arm beside which the others are set; "" for
    the best prompt, or the base without one. None without a brief, a set or an answer."""
    brief, found = briefs.latest(store, project), dataset_rows.get(store, dataset)
    if brief is None or found is None or not compared:
        return None
    examples = {e.id: e for e in sorted(datasets.rows_in(store, found, split), key=lambda e: e.id)}
    kind = kind_of_task(store, project, brief, list(examples.values()))
    beside = other or _beside(compared)
    written = {
        each.arm.id: answers(examples, outputs.current(store, dataset, each.arm), each.kept) for each in compared
    }
    ideals = {name: e.ideal for name, e in examples.items()}
    figures = metrics.Compared(kind.task, brief, list(examples), ideals).arms(written, beside)
    named = {each.arm.id: each.arm.name for each in compared}
    score = metrics.main_name(kind.task, brief)
    groups = groups_of(brief, list(examples.values()))
    against = tuple(_against(each.arm.id, beside, named, figures, groups, score) for each in compared
                    if each.arm.id != beside and beside in named)  # fmt: skip
    at = {name: turns.turn_of(example) for name, example in examples.items()}
    told = {arm: turns.hold(own.main, at, score) for arm, own in figures.items()}
    gaps = _gaps(store, found, brief, kind.task, compared, figures)
    return Report(kind, score, beside, figures, against, gaps, {arm: each for arm, each in told.items() if each})


def _beside(compared: Sequence[Compared]) -> str:
    """The best prompt, or else the base, or else whatever is there."""
    prompts = [each for each in compared if each.arm.kind in PROMPTING]
    if prompts:
        return max(prompts, key=lambda each: each.average.value).arm.id
    return next((each.arm.id for each in compared if each.arm.kind is ArmKind.base), compared[0].arm.id)


def answers(
    examples: Mapping[str, Example], written: Mapping[str, Generation], kept: Mapping[str, Mapping[str, bool]]
) -> dict[str, Answer]:
    """What an arm wrote to these examples, with what it is checked against. `kept`: rule -> example -> whether."""
    rules: dict[str, dict[str, bool]] = defaultdict(dict)
    for rule, own in kept.items():
        for name, answer in own.items():
            rules[name][rule] = answer
    return {
        name: Answer(
            checks.of_example(examples[name], g.output),
            g.similarity,
            rules.get(name, {}),
            _must_refuse(examples[name]),
        )  # fmt: skip
        for name, g in written.items()
        if name in examples
    }


def main_scores(
    task: Task, brief: Brief, examples: dict[str, Example], written: dict[str, Generation]
) -> dict[str, float]:
    """Example -> the main score of what was written to it, in [0, 1], of those of which one can be told."""
    kept = {criterion.name: own for criterion, own in checks.told(brief, outputs.subjects(examples, written))}
    return metrics.main_scores(task, brief, answers(examples, written, kept))


def _must_refuse(example: Example) -> bool:
    """As the team marks it: by a hard kind, or by a slice of that name."""
    return MUST_REFUSE in (*example.kinds, example.slice)


def groups_of(brief: Brief, examples: Sequence[Example]) -> list[Group]:
    """The slices in the brief's order, those it does not name after them, then the hard kinds and, where there are
    conversations, how far into one; none that is empty."""
    by_slice: dict[str, list[str]] = {each.name: [] for each in brief.slices}
    by_kind: dict[str, list[str]] = defaultdict(list)
    by_turn: dict[str, list[str]] = defaultdict(list)
    for example in sorted(examples, key=turns.turn_of):
        by_turn[turns.name_of(turns.turn_of(example))].append(example.id)
        if example.slice:
            by_slice.setdefault(example.slice, []).append(example.id)
        for kind in example.kinds:
            by_kind[kind].append(example.id)
    found = [("slice", name, names) for name, names in by_slice.items()]
    found += [("kind", name, names) for name, names in sorted(by_kind.items())]
    found += [("turn", name, names) for name, names in by_turn.items() if len(by_turn) > 1]
    return [Group(of, name, tuple(names)) for of, name, names in found if names]


def _against(
    arm: str,
    other: str,
    named: Mapping[str, str],
    figures: Mapping[str, ArmFigures],
    groups: Sequence[Group],
    score: str,
) -> Against:
    found = parts.compare(groups, figures[arm].main, figures[other].main)
    whole = parts.overall(figures[arm].main, figures[other].main, (named[arm], named[other]), score)
    return Against(arm, other, f"{whole} {parts.verdict(found, named[arm], named[other])}".strip(), found)


# -- does it carry over -----------------------------------------------------------------------------


def _gaps(
    store: Store, dataset: Dataset, brief: Brief, task: Task, compared: Sequence[Compared],
    figures: Mapping[str, ArmFigures],
) -> dict[str, Gap]:  # fmt: skip
    """For each tuned arm that also answered examples it learned from."""
    learned = {e.id: e for e in datasets.rows_in(store, dataset, Split.train)}

    def seen(arm: Arm) -> dict[str, float]:
        written = {k: g for k, g in outputs.current(store, dataset.id, arm).items() if k in learned}
        return main_scores(task, brief, learned, written)

    base = next((each.arm for each in compared if each.arm.kind is ArmKind.base), None)
    before = seen(base) if base else {}
    found = {}
    for each in compared:
        if each.arm.kind is not ArmKind.tuned:
            continue
        now, new = seen(each.arm), figures[each.arm.id].main
        both = [before[name] for name in now if name in before]
        control = (both, list(figures[base.id].main.values())) if base and len(both) > 1 else None
        told = generalising.gap(list(now.values()), list(new.values()), base=control,
                                of=metrics.main_name(task, brief))  # fmt: skip
        if told:
            found[each.arm.id] = told
    return found


def ask_what_it_learned(store: Store, person: str, project: str, dataset: str, arm: str) -> Job:
    """Starts a job in which a tuned arm and its base answer a sample of what it learned from. Raises Refusal as
    `outputs.generate` does."""
    tuned = arms.get(store, arm)
    base = next(
        (a for a in arms.every(store, project) if a.kind is ArmKind.base and tuned and a.model == tuned.model), None
    )
    asked = [arm, base.id] if base else [arm]
    return outputs.generate(store, person, project, dataset, asked, Split.train, most=SAMPLE)
