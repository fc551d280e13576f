"""Robustness and fairness: arms answer validation prompts as they are and changed, and what came of it.

The prompts are those of the validation split, so that nothing is learned about the test by asking.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from studio import datasets, evaluation, outputs
from studio.evaluate import holding
from studio.evaluate.changes import PEOPLE, SURFACES, Change, applied
from studio.evaluate.holding import AS_IT_WAS, Answered, Holds
from studio.records import Arm, Example, Generation, Job, JobState, Refusal, Split
from studio.store import Store, arms, briefs, runs
from studio.store import datasets as dataset_rows

KINDS = {"surface": "robustness", "people": "fairness"}
"""What can be asked -> the kind of its job."""
PROMPTS = 30
"""Prompts that are asked in every version, spread over the slices."""
_BETWEEN = "\x1f"


@dataclass(frozen=True)
class Found:
    """What a finished job says, arm by arm. `surface`: `holds`; else `alike`."""

    job: Job
    arms: tuple[Arm, ...]
    holds: dict[str, Holds]
    alike: dict[str, holding.Alike]
    asked: int


def start(
    store: Store, actor: str, project: str, dataset: str, arm_ids: Sequence[str], what: str, most: int = PROMPTS
) -> Job:
    """Starts the job in which `arm_ids` of one model answer. `what`: of `KINDS`.

    Raises Refusal when it is unknown, the set has no validation prompts, and as `outputs.generate`.
    """
    if what not in KINDS:
        raise Refusal(f"What can be asked is {' or '.join(KINDS)}, not {what!r}. Nothing was started.")
    found = dataset_rows.get(store, dataset)
    if found is None:
        raise Refusal("This dataset is not in use any more. Nothing was started. Freeze one first.")
    kept = datasets.spread(datasets.rows_in(store, found, Split.validation), most)
    if not kept:
        raise Refusal("This set has no prompts kept aside (validation). Nothing was started. Freeze a larger set.")
    prompts = [version for example in kept for version in versions(example, SURFACES if what == "surface" else PEOPLE)]
    return outputs.ask(store, actor, found, arm_ids, prompts, KINDS[what])


def versions(example: Example, changes: Sequence[Change]) -> list[Example]:
    """The example as it is and with every change that applies; the id tells which."""
    made = {AS_IT_WAS: example.input} | {
        change.name: text for change in changes if (text := applied(change, example.input)) is not None
    }
    return [replace(example, id=f"{example.id}{_BETWEEN}{name}", input=text) for name, text in made.items()]


def newest(store: Store, project: str, dataset: str, what: str) -> Found | None:
    """The newest finished job of a set; None without one."""
    kind = KINDS[what]
    done = (
        job for job in runs.jobs(store, project)
        if job.kind == kind and job.state is JobState.done and job.detail.get("dataset") == dataset
    )  # fmt: skip
    job = next(done, None)
    return None if job is None else _found(store, job, what)


def _found(store: Store, job: Job, what: str) -> Found | None:
    brief, dataset = briefs.latest(store, job.project), dataset_rows.get(store, job.detail["dataset"])
    if brief is None or dataset is None:
        return None
    rows: list[dict[str, Any]] = json.loads(store.get_blob(job.detail["result"]["outputs_blob"]))
    examples = {e.id: e for e in datasets.rows_in(store, dataset, Split.validation)}
    task = evaluation.kind_of_task(store, job.project, brief, list(examples.values())).task
    changes = SURFACES if what == "surface" else PEOPLE
    asked = {v.id: v for name in {_of(row) for row in rows} for v in versions(examples[name], changes)}
    known = {arm.id: arm for arm in arms.every(store, job.project, retired=True)}
    by_arm: dict[str, dict[str, Generation]] = defaultdict(dict)
    for row in rows:
        if row["example"] in asked:  # a change that the studio no longer makes is left out
            by_arm[row["arm"]][row["example"]] = outputs.generation(row)
    answered = {}
    for arm, written in by_arm.items():
        scores = evaluation.main_scores(task, brief, asked, written)
        answers: dict[str, dict[str, Answered]] = defaultdict(dict)
        for name, one in written.items():
            example, change = name.split(_BETWEEN)
            answers[example][change] = Answered(one.output, scores.get(name))
        answered[arm] = answers
    return Found(
        job, tuple(known[arm] for arm in answered if arm in known),
        {arm: holding.holds(each) for arm, each in answered.items()} if what == "surface" else {},
        {arm: holding.alike(each) for arm, each in answered.items()} if what == "people" else {},
        len({_of(row) for row in rows}),
    )  # fmt: skip


def stop(store: Store, job: Job) -> None:
    """Asks the worker to stop; what was answered stays in its folder."""
    outputs.stop(store, job)


def _of(row: dict[str, Any]) -> str:
    return str(row["example"].split(_BETWEEN)[0])
