"""What the brief's exact checks say of a round's candidate beside the best of its baselines, on the round's prompts."""

from __future__ import annotations

from dataclasses import dataclass

from studio import outputs
from studio.evaluate.criteria import Scored, SideBySide, side_by_side
from studio.records import Brief, Dataset, Round, Split
from studio.store import Store, arms, briefs
from studio.store import datasets as dataset_rows


@dataclass(frozen=True)
class Checked:
    """The `candidate` beside `other`, the baseline that keeps most rules on average; both are ids of arms. `each`: the
    criteria, the largest gain first; empty where no rule can be checked of both. `scored`: what the checks say of each
    of the two."""

    candidate: str
    other: str
    each: tuple[SideBySide, ...]
    scored: tuple[Scored, Scored]


def of_round(store: Store, found: Round, candidate: str) -> Checked | None:
    """By the brief that was registered, over the prompts that were. None where its records are gone or say nothing."""
    return store.once(("checked", found.id, found.sha256, candidate), lambda: _of_round(store, found, candidate))


def _of_round(store: Store, found: Round, candidate: str) -> Checked | None:
    brief = briefs.version(store, found.project, found.registration["brief_version"])
    dataset = dataset_rows.get(store, found.registration["dataset"])
    contest = next((each for each in found.candidates if each.arm == candidate), None)
    if brief is None or dataset is None or contest is None:
        return None
    ours = _scored(store, found, brief, dataset, candidate)
    others = [scored for name in contest.baselines if (scored := _scored(store, found, brief, dataset, name))]
    if ours is None or not others:
        return None
    best = max(others, key=lambda each: each.average.value)
    return Checked(candidate, best.arm, side_by_side(ours, best), (ours, best))


def _scored(store: Store, found: Round, brief: Brief, dataset: Dataset, name: str) -> Scored | None:
    arm = arms.get(store, name)
    if arm is None:
        return None
    asked = frozenset(p["id"] for p in found.registration["prompts"])
    told = outputs.by_rules(store, arm, brief, dataset, Split.test, asked)
    return Scored(name, told.scores, told.kept, told.shares, told.average) if told.shares else None
