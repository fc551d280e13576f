"""Where a project stands in the loop, the one next thing, and what predates a later change. Reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from studio.health.checks import MINIMUM
from studio.records import PROMPTING, Arm, Dataset, JobState, Refusal, Round, Split, canonical
from studio.review import numbered
from studio.store import Store, arms, briefs, datasets, decisions, documents, examples, projects, runs

STEPS = ("brief", "examples", "health", "baselines", "train", "evaluate", "review", "decision")


@dataclass(frozen=True)
class LoopStep:
    """One step of the loop. `state`: done, current or open; `note`: its record in a few words."""

    name: str
    state: str
    note: str


def stand(store: Store, project: str) -> list[LoopStep]:
    """Every step in order. The first one that is not done is the current one."""
    notes = {name: note(store, project) for name, note in _NOTES.items()}
    steps, current = [], False
    for name in STEPS:
        done, text = notes[name]
        state = "done" if done else "open" if current else "current"
        current = current or not done
        steps.append(LoopStep(name, state, text))
    return steps


def _brief(store: Store, project: str) -> tuple[bool, str]:
    brief = briefs.latest(store, project)
    return (True, f"version {brief.version}") if brief else (False, "not written")


def _examples(store: Store, project: str) -> tuple[bool, str]:
    counts = examples.counts(store, project)
    total, approved = sum(counts.values()), counts["approved"]
    return approved >= MINIMUM, f"{approved:,} of {total:,} approved" if total else "none yet"


def _dataset(store: Store, project: str) -> tuple[bool, str]:
    found = datasets.latest(store, project)
    return (True, f"{sum(found.splits.values()):,} frozen") if found else (False, "not frozen")


def _prompts(store: Store, project: str) -> tuple[bool, str]:
    count = sum(arm.kind in PROMPTING for arm in arms.every(store, project))
    return count > 0, f"{count} prompt{'s' * (count != 1)}" if count else "none yet"


def _run(store: Store, project: str) -> tuple[bool, str]:
    found = runs.every(store, project)
    if any(run.state is JobState.done for run in found):
        count = sum(run.state is JobState.done for run in found)
        return True, f"{count} run{'s' * (count != 1)}"
    return False, "training now" if any(
        run.state in (JobState.queued, JobState.running) for run in found
    ) else "not trained"


def _outputs(store: Store, project: str) -> tuple[bool, str]:
    dataset = datasets.latest(store, project)
    known = {arm.id for arm in arms.every(store, project)}
    # A prompt tried on validation examples is not compared yet.
    tests = datasets.ids_in(store, dataset, Split.test) if dataset else frozenset()
    written = arms.answered(store, dataset.id) if dataset else []
    count = len({a.arm for a in written if a.arm in known and a.example in tests})
    return count >= 2, f"{count} compared" if count else "no outputs"


def _round(store: Store, project: str) -> tuple[bool, str]:
    found = numbered.newest(store, project)
    if found is None:
        return False, "not opened"
    return (True, "closed") if found.state == "closed" else (False, "open now")


def _decision(store: Store, project: str) -> tuple[bool, str]:
    """On the newest round: what was signed on one before it says nothing of this one."""
    newest = numbered.newest(store, project)
    found = decisions.on(store, newest.id) if newest else None
    return (True, found.in_words.capitalize()) if found else (False, "not signed")


_NOTES = {
    "brief": _brief,
    "examples": _examples,
    "health": _dataset,
    "baselines": _prompts,
    "train": _run,
    "evaluate": _outputs,
    "review": _round,
    "decision": _decision,
}


def stale(store: Store, project: str) -> list[str]:
    """What predates an earlier link of the chain, one sentence each with how many; empty when all is fresh."""
    newest = numbered.newest(store, project)
    return stale_for(store, newest) if newest else _before_a_round(store, project)


def stale_for(store: Store, found: Round) -> list[str]:
    """The same for one round: what predates an earlier link among all before it, and in what it rests on itself."""
    return list(dict.fromkeys([*_before_a_round(store, found.project), *_of_round(store, found)]))


def _before_a_round(store: Store, project: str) -> list[str]:
    found: list[str] = []
    brief, dataset = briefs.latest(store, project), datasets.latest(store, project)
    meaning = briefs.meaning_since(store, project)
    if brief and (count := examples.approved_before(store, project, meaning)):
        found.append(f"{count} approved examples predate version {meaning} of the brief, which changed the meaning.")
    if dataset and dataset.brief_version < meaning:
        found.append(_frozen_before(dataset, meaning))
    if dataset and (changed := _changed_since(store, project, dataset.rows_blob)):
        found.append(f"{changed} approved examples are new or were changed after {dataset.name} was frozen.")
    if dataset and (older := [arm.name for arm in arms.every(store, project) if _shows_older(arm, dataset.id)]):
        found.append(f"{', '.join(older)} shows examples of an older set than {dataset.name}.")
    here = {each.sha256 for each in documents.every(store, project)}
    if lacking := [arm.name for arm in arms.every(store, project) if _reads_removed(arm, here)]:
        found.append(f"{', '.join(lacking)} is given passages of a document that was removed.")
    ended = [run for run in runs.every(store, project) if run.state is JobState.done]
    # A set of votes comes after its round, not before its training.
    done = [run for run in ended if not run.settings.get("beta")]
    if dataset and done and done[0].dataset != dataset.id:
        found.append(f"The latest run was trained on an older set than {dataset.name}.")
    return found


def _shows_older(arm: Arm, dataset: str) -> bool:
    return arm.recipe.shots is not None and arm.recipe.shots.dataset != dataset


def _reads_removed(arm: Arm, here: set[str]) -> bool:
    return arm.recipe.passages is not None and any(sha not in here for sha in arm.recipe.passages.documents)


def _changed_since(store: Store, project: str, rows_blob: str) -> int:
    def read() -> int:
        frozen = {
            row["id"]: (row["input"], row["ideal"], row["slice"], row.get("system", ""), _turns(row.get("earlier", [])))
            for row in json.loads(store.get_blob(rows_blob))
        }
        now = examples.approved_words(store, project)
        return sum(frozen.get(name) != words for name, words in now.items())

    return store.once(("changed since", project, rows_blob), read, ("examples",))


def _turns(earlier: list[Any]) -> str:
    return canonical(earlier).decode() if earlier else "[]"


def _frozen_before(dataset: Dataset, meaning: int) -> str:
    return f"{dataset.name} was frozen under version {dataset.brief_version} of the brief, not {meaning}."


def _of_round(store: Store, found: Round) -> list[str]:
    """The registration, its set, and the sets from which its candidates learned."""
    meaning, told = briefs.meaning_since(store, found.project), list[str]()
    under, newest = found.registration["brief_version"], datasets.latest(store, found.project)
    asked = datasets.get(store, found.registration["dataset"])
    if under < meaning:
        told.append(f"The blind round was registered under version {under} of the brief.")
    if asked and asked.brief_version < meaning:
        told.append(_frozen_before(asked, meaning))
    if asked and newest and newest.id != asked.id:
        told.append(f"The blind round asks about {asked.name}, an older set than {newest.name}.")
    for each in found.candidates:
        facts = found.registration["arms"][each.arm]
        run = runs.get(store, facts["run"]) if facts["run"] else None
        learned = datasets.get(store, run.dataset) if run else None
        if learned and learned.brief_version < meaning:
            told.append(
                f"{facts['name']} learned from {learned.name}, frozen under version {learned.brief_version} of the "
                f"brief, not {meaning}."
            )
    return told


def project_named(store: Store, wanted: str) -> projects.Project | None:
    """The project with this id or name."""
    return next((p for p in projects.every(store) if wanted in (p.id, p.name)), None)


def project_of(store: Store, wanted: str) -> str:
    """The id of the project with this id or name. Raises Refusal when there is none."""
    found = project_named(store, wanted)
    if found is None:
        raise Refusal(f"There is no project called “{wanted}”. Nothing was changed. `studio import` makes one.")
    return found.id
