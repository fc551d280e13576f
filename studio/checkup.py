"""One look over a project's examples: the splits they would get, and the report on them.

It knows no store and no page, so that a process of its own can do it while people vote (`studio.checking`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from studio import health
from studio.evaluate import checks
from studio.generation import reader
from studio.health import meant
from studio.jobs.vectors import Vectors
from studio.records import Brief, Criterion, Example, Refusal, Split, Status


@dataclass(frozen=True)
class Sources:
    """Where what is known of examples comes from. `vectors`: the folder of the cache of vectors; `model`: that of the
    model whose tokens are counted, which reads at most `most_tokens`. "" and 0 where there is none."""

    vectors: str = ""
    model: str = ""
    most_tokens: int = 0


@dataclass(frozen=True)
class Asked:
    """What is looked over. `examples`: those of the project as they count under `brief`; `earlier`: the rows of its
    frozen datasets, each text of an example once, oldest first; `today`: YYYY-MM-DD; `settled`: the keys of pairs of
    examples that the team decided are no contradiction, and of those whose label it said is right."""

    examples: tuple[Example, ...]
    brief: Brief
    earlier: tuple[Example, ...] = ()
    today: str = ""
    sources: Sources = Sources()
    settled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Checkup:
    """`splits`: the split of each approved example, by id; empty when they cannot be divided, and `hindrance` says
    why. The report is on the examples with these splits."""

    report: health.HealthReport
    splits: dict[str, Split] = field(default_factory=dict)
    hindrance: str = ""


def kept(criterion: Criterion, example: Example) -> bool | None:
    """Does the example's ideal output keep the criterion? None when a machine cannot tell."""
    if not example.ideal.strip():
        return None
    subject = checks.of_example(example)
    return checks.kept(criterion, subject)


def checkup(
    asked: Asked, known: health.Known = health.NOTHING_KNOWN, told: Callable[[int, int], None] | None = None
) -> Checkup:
    """`told(done, total)` is called as the checks go on; what it raises ends them. Same in, same out."""
    splits, hindrance = _splits(asked)
    report = health.report(
        placed(asked.examples, splits),
        asked.brief,
        kept,
        today=asked.today,
        known=known,
        settled=asked.settled,
        told=told,
    )
    return Checkup(report, splits, hindrance)


def placed(examples: tuple[Example, ...], splits: dict[str, Split]) -> list[Example]:
    """The examples that are not rejected, by id: first the approved ones with their split, then the rest."""
    approved = [replace(e, split=splits.get(e.id, e.split)) for e in examples if e.status is Status.approved]
    rest = [e for e in examples if e.status in (Status.draft, Status.in_review)]
    return [*sorted(approved, key=lambda e: e.id), *sorted(rest, key=lambda e: e.id)]


def _splits(asked: Asked) -> tuple[dict[str, Split], str]:
    approved = [e for e in asked.examples if e.status is Status.approved]
    here = {(e.id, e.prompt.asked) for e in approved}
    gone = [e for e in asked.earlier if (e.id, e.prompt.asked) not in here]
    previous = {e.id: e.split for e in asked.earlier if e.split}
    try:
        return health.assign(approved, seed="studio", previous=previous, gone=gone), ""
    except Refusal as refusal:
        return {}, str(refusal)


class Gatherer:
    """Gathers what is known of the examples of one project, time after time; not to be shared between threads.

    It keeps the pairs that are close in meaning: only those of inputs that changed are computed anew.
    """

    def __init__(self) -> None:
        self._inputs: dict[str, str] = {}
        self._close: tuple[health.Close, ...] | None = None

    def known(self, asked: Asked) -> health.Known:
        """What was read of these examples so far, and their lengths in tokens. Nothing of what cannot be had here."""
        live = [e for e in asked.examples if e.status is not Status.rejected]
        texts = {e.id: e.prompt.asked for e in live}
        read = Vectors(Path(asked.sources.vectors)).of_texts(texts) if asked.sources.vectors else {}
        tokens = _tokens(asked.sources.model, live)
        most = asked.sources.most_tokens if tokens else 0
        return health.Known(read, self._pairs({name: texts[name] for name in read}, read), tokens, most)

    def _pairs(self, inputs: dict[str, str], read: dict[str, health.Floats]) -> tuple[health.Close, ...]:
        changed = [name for name, text in inputs.items() if self._inputs.get(name) != text]
        if self._close is None or 2 * len(changed) > len(inputs):
            self._close = meant.close_pairs(read)
        else:
            self._close = meant.renewed(self._close, read, changed)
        self._inputs = inputs
        return self._close


def _tokens(model: str, examples: Sequence[Example]) -> dict[str, health.Tokens]:
    if not model:
        return {}
    try:
        return reader.of(Path(model)).lengths(examples)
    except Refusal:
        return {}  # a model that was never taught to answer in turns: training refuses it itself
