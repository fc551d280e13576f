"""Conversations as a whole: arms answer every turn of test conversations, with their own earlier answers before it.

Elsewhere a conversation is answered where it ends, after the turns of its example. Here nobody helps an arm back on the
way: what it said stands in what it reads next.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio import datasets, evaluation, looks, outputs
from studio.evaluate import conversations, metrics
from studio.evaluate.conversations import Beside, Scores, Through
from studio.evaluate.turns import at_turn, of_turn, talk, turn_id, turn_of
from studio.records import Arm, ArmKind, Brief, Dataset, Example, Generation, Job, JobState, Refusal, Split, Task
from studio.review.rounds import is_current
from studio.store import Store, arms, briefs, runs
from studio.store import datasets as dataset_rows

KIND = "conversations"
MOST = 30
"""Conversations that are gone through, spread over the slices."""


@dataclass(frozen=True)
class Found:
    """What a finished job says. `through`: arm -> it; `beside`: every arm but `other` beside that one; `held`: what was
    gone through; `said`: arm -> id of a turn -> its answer. `score`: what the main score is, in words. `changed`: arms
    that were changed since; what they said before tells nothing of them now and is left out."""

    job: Job
    arms: tuple[Arm, ...]
    other: str
    score: str
    through: dict[str, Through]
    beside: dict[str, Beside]
    held: tuple[Example, ...]
    said: dict[str, dict[str, Generation]]
    changed: tuple[Arm, ...] = ()

    def answers(self, arm: str, example: Example) -> list[str]:
        """What an arm said in a conversation, turn by turn."""
        own = self.said[arm]
        names = [turn_id(example.id, number) for number in range(1, len(talk(example).asked) + 1)]
        return [own[name].output for name in names if name in own]


def there_are(store: Store, dataset: Dataset) -> list[Example]:
    """The test prompts of a set that are conversations: at least two messages of the person who asks."""
    return [each for each in datasets.rows_in(store, dataset, Split.test) if turn_of(each) > 1]


def start(store: Store, actor: str, project: str, dataset: str, arm_ids: Sequence[str], most: int = MOST) -> Job:
    """Starts the job in which `arm_ids` of one model go through the test conversations.

    Raises Refusal where there are none, and as `outputs.generate`.
    """
    found = dataset_rows.get(store, dataset)
    if found is None:
        raise Refusal("This dataset is not in use any more. Nothing was started. Freeze one first.")
    looks.raise_if_spent(store, found, "Nothing was started.")
    held = datasets.spread(there_are(store, found), most)
    if not held:
        raise Refusal("No test prompt of this set is a conversation. Nothing was started. Freeze a set that has some.")
    answers = sum(len(talk(each).asked) for each in held)
    return outputs.ask(
        store, actor, found, arm_ids, held, KIND, {"split": Split.test.value}, work=KIND, answers=answers
    )  # fmt: skip


def newest(store: Store, project: str, dataset: str) -> Found | None:
    """The newest finished job of a set; None without one."""
    done = (
        job for job in runs.jobs(store, project)
        if job.kind == KIND and job.state is JobState.done and job.detail.get("dataset") == dataset
    )  # fmt: skip
    job = next(done, None)
    return None if job is None else _found(store, job)


def _found(store: Store, job: Job) -> Found | None:
    brief, dataset = briefs.latest(store, job.project), dataset_rows.get(store, job.detail["dataset"])
    if brief is None or dataset is None:
        return None
    rows: list[dict[str, Any]] = json.loads(store.get_blob(job.detail["result"]["outputs_blob"]))
    known = {arm.id: arm for arm in arms.every(store, job.project, retired=True)}
    said, older = _said(rows, known)
    asked = {of_turn(row["example"])[0] for row in rows}
    tests = datasets.rows_in(store, dataset, Split.test)
    held = [each for each in tests if each.id in asked]
    task = evaluation.kind_of_task(store, job.project, brief, tests).task
    score = metrics.main_name(task, brief)
    scores = {name: _scores(task, brief, held, own) for name, own in said.items()}
    named = tuple(known[name] for name in said)
    other = next((arm.id for arm in named if arm.kind is ArmKind.base), named[0].id if named else "")
    through = {name: told for name, own in scores.items() if (told := conversations.through(own, score))}
    beside = {
        arm.id: apart for arm in named if arm.id != other
        if (apart := conversations.beside(scores[arm.id], scores[other], arm.name, known[other].name, score))
    }  # fmt: skip
    return Found(job, named, other, score, through, beside, tuple(held), said, older)


def _said(
    rows: Sequence[dict[str, Any]], known: Mapping[str, Arm]
) -> tuple[dict[str, dict[str, Generation]], tuple[Arm, ...]]:
    """Arm -> id of a turn -> its answer, of the arms as they are now, and those that were changed since."""
    said: dict[str, dict[str, Generation]] = defaultdict(dict)
    older: dict[str, Arm] = {}
    for row in rows:
        own = outputs.generation(row)
        if own.arm in known and is_current(known[own.arm], own):
            said[own.arm][own.example] = own
        elif own.arm in known:
            older[own.arm] = known[own.arm]
    return dict(said), tuple(older.values())


def _scores(task: Task, brief: Brief, held: Sequence[Example], own: dict[str, Generation]) -> Scores:
    """Each answer by the studio's checks, in the conversation in which this arm gave it."""
    asked = {}
    for example in held:
        before: list[str] = []
        for number in range(1, len(talk(example).asked) + 1):
            name = turn_id(example.id, number)
            if name not in own:
                break
            asked[name] = at_turn(example, number, before)
            before.append(own[name].output)
    told = evaluation.main_scores(task, brief, asked, own)
    return {
        each.id: [told.get(turn_id(each.id, number)) for number in range(1, len(talk(each).asked) + 1)] for each in held
    }


def stop(store: Store, job: Job) -> None:
    """Asks the worker to stop; what was answered stays in its folder."""
    outputs.stop(store, job)
