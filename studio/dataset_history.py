"""What became of frozen datasets: how any two differ, and where a record went that may not be used any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from studio import wording
from studio.records import Consent, Dataset, Example, Run, Split, from_json
from studio.store import Store, runs
from studio.store import datasets as rows

_WORDS = ("input", "ideal", "worse", "system", "earlier")
_FILED = ("slice", "kinds", "tags", "group", "source", "licence", "consent", "expires")


@dataclass(frozen=True)
class Moved:
    """One example that is in both datasets and not the same in both."""

    before: Example
    after: Example


@dataclass(frozen=True)
class Told:
    """What one set says of a check, or why a finding was accepted, and what the other says; "" for nothing."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class Difference:
    """How one dataset differs from another. An example may be `rewritten` (its words), `resplit` and `refiled` (slice,
    kinds, tags, group, source or rights) at once. `same` examples are in both and equal in all of it. `brief`: the two
    versions. `findings`: those that speak otherwise, the fine ones as ""."""

    added: tuple[Example, ...]
    removed: tuple[Example, ...]
    rewritten: tuple[Moved, ...]
    resplit: tuple[Moved, ...]
    refiled: tuple[Moved, ...]
    same: int
    brief: tuple[int, int]
    findings: tuple[Told, ...]
    waivers: tuple[Told, ...]

    @property
    def sentence(self) -> str:
        counted = (
            (self.added, "added"), (self.removed, "taken out"), (self.rewritten, "rewritten"),
            (self.resplit, "in another split"), (self.refiled, "with another slice, tag or right"),
        )  # fmt: skip
        parts = [f"{len(found):,} {words}" for found, words in counted if found]
        return f"{', '.join(parts) or 'No example differs'}; {self.same:,} the same."

    @property
    def around(self) -> list[str]:
        """What else differs than the examples, a sentence each."""
        said = []
        if self.brief[0] != self.brief[1]:
            said.append(f"Frozen under version {self.brief[1]} of the brief instead of {self.brief[0]}.")
        said += [_changed("found", told) for told in self.findings]
        return said + [_changed("accepted", told) for told in self.waivers]


def _changed(what: str, told: Told) -> str:
    name = wording.finding_name(told.name)
    if not told.before:
        return f"Newly {what}, {name}: {told.after}"
    if not told.after:
        return f"No longer {what}, {name}. It was: {told.before}"
    return f"{what.capitalize()} otherwise, {name}: {told.after} It was: {told.before}"


def difference(store: Store, before: Dataset, after: Dataset) -> Difference:
    """What `after` adds to, takes from and changes in `before`; any two datasets, in either order."""
    old, new = ({row["id"]: row for row in rows.raw_rows(store, dataset)} for dataset in (before, after))
    changed = [(old[i], new[i]) for i in new if i in old and old[i] != new[i]]

    def differing(names: tuple[str, ...]) -> tuple[Moved, ...]:
        return tuple(
            Moved(from_json(Example, one), from_json(Example, other))
            for one, other in changed if any(_value(one, name) != _value(other, name) for name in names)
        )  # fmt: skip

    both = sum(i in old for i in new)
    rewritten, resplit, refiled = differing(_WORDS), differing(("split",)), differing(_FILED)
    return Difference(
        tuple(from_json(Example, row) for i, row in new.items() if i not in old),
        tuple(from_json(Example, row) for i, row in old.items() if i not in new),
        rewritten, resplit, refiled,
        both - len({m.after.id for found in (rewritten, resplit, refiled) for m in found}),
        (before.brief_version, after.brief_version),
        _told(_findings(before), _findings(after)),
        _told(before.health.get("waivers", {}), after.health.get("waivers", {})),
    )  # fmt: skip


def _value(row: Mapping[str, Any], name: str) -> Any:
    """A field of a frozen row; one that rows of an early version lack has its empty value."""
    return row.get(name) or (Consent.unknown.value if name == "consent" else None)


def _findings(dataset: Dataset) -> dict[str, str]:
    """Finding -> its sentence, without the fine ones."""
    found: list[dict[str, Any]] = dataset.health.get("report", {}).get("findings", [])
    return {
        f"{f['check']}:{f['subject']}" if f.get("subject") else f["check"]: f["sentence"]
        for f in found if f["severity"] != "fine"
    }  # fmt: skip


def _told(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[Told, ...]:
    names = dict.fromkeys([*before, *after])
    both = (Told(name, before.get(name, ""), after.get(name, "")) for name in names)
    return tuple(told for told in both if told.before != told.after)


# -- where a record went ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Holding:
    """Where `count` examples went: frozen datasets, and the runs that learned from one of them, the discarded ones too:
    their files are still there, and what a model learned stays in it. `splits`: dataset -> the parts they are in."""

    count: int
    datasets: tuple[Dataset, ...]
    runs: tuple[Run, ...]
    splits: Mapping[str, tuple[Split, ...]]

    @property
    def sentence(self) -> str:
        """For examples that may not be used any more: where they still are."""
        which = "this example" if self.count == 1 else "one of these examples or more"
        if not self.datasets:
            return f"No frozen set holds {which}."
        held = ", ".join(f"“{d.name}”{' (discarded)' if d.discarded else ''}" for d in self.datasets)
        learned = f"{len(self.runs):,} training run{'s' * (len(self.runs) != 1)}" if self.runs else "no training run"
        return f"These frozen sets hold {which}: {held}; {learned} learned from it."

    @property
    def todo(self) -> list[str]:
        """What to do when they may not be used any more, in order. Empty when nothing holds them."""
        steps = []
        if self.datasets:
            what = "the example" if self.count == 1 else "the examples"
            steps.append(f"Reject {what}, so that no new set takes it in, and freeze a set without it.")
        if self.runs:
            steps.append("Train again from that set: what a model learned cannot be taken out of it.")
            steps.append("Discard the runs that learned from it, and take back what was released of them.")
            steps.append("Discarding only takes a run off the pages: where it must be gone, delete its folder in jobs.")
        return steps


def holding(store: Store, project: str, examples: Collection[str]) -> Holding:
    """The datasets that hold any of the examples (ids), and the runs that had any of them in the part to learn from."""
    sets = [source for of in (rows.every, rows.of_votes) for source in of(store, project, discarded=True)]
    splits = {
        dataset.id: tuple(s for s in Split if not rows.ids_in(store, dataset, s).isdisjoint(examples))
        for dataset in sets
    }
    found = tuple(dataset for dataset in sets if splits[dataset.id])
    learned = {name for name, parts in splits.items() if Split.train in parts}
    # Releases, once there are any, join here: those made of one of these runs.
    taught = tuple(run for run in runs.every(store, project, discarded=True) if run.dataset in learned)
    return Holding(len(examples), found, taught, splits)
