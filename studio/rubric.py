"""Rubric: people rate single answers by the brief's criteria, not told whose they are; beside the automatic scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio import outputs
from studio.evaluate import rubric
from studio.evaluate.metrics import ArmFigures
from studio.evaluate.rubric import Answered, Rated, Rubric
from studio.records import SCALE_LEVELS, Brief, Criterion, Generation, Refusal, sha256
from studio.store import Store, ratings


@dataclass(frozen=True)
class Waiting:
    """The next answer for a person to rate, and how many wait after it."""

    arm: str
    example: str
    output: str
    left: int


def criteria(brief: Brief) -> tuple[Criterion, ...]:
    """What is rated: what only people can tell, or everything where a machine can check all."""
    return tuple(c for c in brief.criteria if not c.checks) or brief.criteria


def rate(
    store: Store, person: str, project: str, brief: Brief, dataset: str, waiting: Waiting, values: Mapping[str, int]
) -> None:  # fmt: skip
    """Saves one person's rating of one answer. Raises Refusal for a criterion the brief does not have, or a value that
    its scale does not have."""
    known = {c.name: range(1, SCALE_LEVELS + 1) if c.scale else ratings.YES_NO for c in criteria(brief)}
    if any(name not in known or value not in known[name] for name, value in values.items()):
        raise Refusal("The brief changed while you were rating. Nothing was saved. Rate this answer again.")
    payload = {
        "dataset": dataset, "arm": waiting.arm, "example": waiting.example, "output": sha256(waiting.output),
        "values": dict(values),
    }  # fmt: skip
    store.act("answer.rated", person, payload, project)


def next_for(
    store: Store, person: str, dataset: str, compared: Sequence[outputs.Compared], prompts: Sequence[str]
) -> Waiting | None:  # fmt: skip
    """The answer to rate next: prompt after prompt, so that all arms are rated on the same, and in each prompt the arms
    in an order drawn for this person. Empty and missing answers are left out."""
    done = {(r.arm, r.example, r.output) for r in ratings.every(store, dataset) if r.person == person}
    written = {each.arm.id: outputs.current(store, dataset, each.arm) for each in compared}
    waiting = [
        (arm, prompt, written[arm][prompt].output)
        for prompt in sorted(prompts, key=lambda name: sha256(f"rate/{name}"))
        for arm in sorted(written, key=lambda name: sha256(f"{person}/{prompt}/{name}"))
        if prompt in written[arm] and written[arm][prompt].output.strip()
    ]
    left = [(arm, prompt, text) for arm, prompt, text in waiting if (arm, prompt, sha256(text)) not in done]
    return Waiting(*left[0], len(left) - 1) if left else None


def report(
    store: Store, brief: Brief, dataset: str, compared: Sequence[outputs.Compared], figures: Mapping[str, ArmFigures]
) -> Rubric:  # fmt: skip
    """What people say of the answers as they are now, beside the scores of these arms."""
    written = {each.arm.id: outputs.current(store, dataset, each.arm) for each in compared}
    scales = {c.name: bool(c.scale) for c in criteria(brief)}
    rated = [
        Rated(r.arm, r.example, name, r.person, (value - 1) / (SCALE_LEVELS - 1) if scales[name] else float(value))
        for r in ratings.every(store, dataset)
        if r.example in written.get(r.arm, {}) and sha256(written[r.arm][r.example].output) == r.output
        for name, value in r.values.items() if name in scales
    ]  # fmt: skip
    return rubric.report(rated, _automatic(compared, figures, written))


def _automatic(
    compared: Sequence[outputs.Compared], figures: Mapping[str, ArmFigures],
    written: Mapping[str, Mapping[str, Generation]],
) -> dict[str, dict[Answered, float]]:  # fmt: skip
    """The scores that a single answer has."""
    near = {(arm, p): g.similarity for arm, own in written.items() for p, g in own.items() if g.similarity is not None}
    length = {(arm, p): float(len(g.output.split())) for arm, own in written.items() for p, g in own.items()}
    main = {(arm, p): score for arm, own in figures.items() for p, score in own.main.items()}
    found: dict[str, dict[Answered, float]] = {"The main score": main, "Near in meaning": near, "Length": length}
    for each in compared:
        for rule, own in each.kept.items():
            found.setdefault(f"“{rule}” kept", {}).update({(each.arm.id, p): float(kept) for p, kept in own.items()})
    return found
