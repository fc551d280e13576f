"""What became of frozen datasets: how two differ, who holds a record, and how often a test set was looked at."""

from __future__ import annotations

from dataclasses import dataclass

from studio.datasets import content
from studio.records import Dataset, Example, Run, Split
from studio.store import Store, arms, rounds, runs
from studio.store import datasets as rows


@dataclass(frozen=True)
class Moved:
    """One example that is in both datasets and not the same in both."""

    before: Example
    after: Example

    @property
    def rewritten(self) -> bool:
        """Whether the words differ, and not only the split or the slice."""
        return (self.before.prompt, self.before.ideal) != (self.after.prompt, self.after.ideal)


@dataclass(frozen=True)
class Difference:
    """How one dataset differs from an earlier one. `same` examples are in both, word for word and in the same split."""

    added: tuple[Example, ...]
    removed: tuple[Example, ...]
    moved: tuple[Moved, ...]
    same: int

    @property
    def sentence(self) -> str:
        rewritten = sum(m.rewritten for m in self.moved)
        parts = [
            f"{count:,} {words}"
            for count, words in (
                (len(self.added), "added"), (len(self.removed), "taken out"), (rewritten, "rewritten"),
                (len(self.moved) - rewritten, "in another split or slice"),
            )
            if count
        ]  # fmt: skip
        return f"{', '.join(parts) or 'Nothing differs'}; {self.same:,} the same."


def difference(store: Store, before: Dataset, after: Dataset) -> Difference:
    """What `after` adds to, takes from and changes in `before`."""
    old = {e.id: e for e in rows.rows_of(store, before)}
    new = {e.id: e for e in rows.rows_of(store, after)}
    moved = [Moved(old[i], new[i]) for i in new if i in old and content(old[i]) != content(new[i])]
    return Difference(
        tuple(e for i, e in new.items() if i not in old),
        tuple(e for i, e in old.items() if i not in new),
        tuple(moved),
        sum(i in old for i in new) - len(moved),
    )


@dataclass(frozen=True)
class Holding:
    """Where an example went: frozen datasets, and the runs that learned from it. What a model learned stays in it."""

    datasets: tuple[Dataset, ...]
    runs: tuple[Run, ...]

    @property
    def sentence(self) -> str:
        """For an example that may not be used any more: where it still is."""
        if not self.datasets:
            return "Consent was withdrawn. No frozen set holds this example."
        held = ", ".join(f"“{dataset.name}”" for dataset in self.datasets)
        learned = f"{len(self.runs):,} training run{'s' * (len(self.runs) != 1)}" if self.runs else "no training run"
        return f"Consent was withdrawn, and these frozen sets hold this example: {held}; {learned} learned from it."


def holding(store: Store, project: str, example: str) -> Holding:
    """The datasets that hold the example, and the runs for which it was in the part to learn from."""
    found: list[Dataset] = []
    learned: set[str] = set()
    for dataset in rows.every(store, project):
        split = next((e.split for e in rows.rows_of(store, dataset) if e.id == example), None)
        if split is not None:
            found.append(dataset)
        if split is Split.train:
            learned.add(dataset.id)
    return Holding(tuple(found), tuple(run for run in runs.every(store, project) if run.dataset in learned))


@dataclass(frozen=True)
class Spent:
    """How often the test set of a dataset was used. Each use makes the next result on it a little too good.

    `arms` had their outputs for test prompts scored; `rounds` put them before people; `prompts` of `of` test prompts
    were answered by any arm.
    """

    arms: int
    rounds: int
    prompts: int
    of: int

    @property
    def sentence(self) -> str:
        if not (self.arms or self.rounds):
            return f"The {self.of:,} test examples are untouched: no arm has answered them and no round has used them."
        answered = (
            f"{self.arms:,} arm{'s' * (self.arms != 1)} answered {self.prompts:,} of the {self.of:,} test examples"
        )
        shown = f"{self.rounds:,} blind round{'s' * (self.rounds != 1)} used them"
        return f"{answered}, and {shown}. Choosing between arms by these scores makes the next score on them flatter."


def spent(store: Store, dataset: Dataset) -> Spent:
    """How often the test examples of `dataset` were answered, scored and voted on."""
    tests = {e.id for e in rows.rows_of(store, dataset) if e.split is Split.test}
    written = [g for g in arms.generations(store, dataset.id) if g.example in tests]
    used = [r for r in rounds.every(store, dataset.project) if r.registration.get("dataset") == dataset.id]
    return Spent(len({g.arm for g in written}), len(used), len({g.example for g in written}), len(tests))
