"""A language model's opinion: held against people's votes first, and only then on the test prompts.

Off until somebody asks for it, refused without votes to hold it against, and never stored as a vote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from studio import datasets, looks, models, outputs, vote_sets
from studio.evaluate import judge
from studio.evaluate.judge import Calibration, Couple, Leaning
from studio.jobs import folder as job_folder
from studio.records import Arm, Dataset, Decoding, Job, JobState, Refusal, Split, canonical, from_json, sha256, to_json
from studio.store import Store, arms, briefs, runs
from studio.store import datasets as dataset_rows
from studio.train import elsewhere, launch

KIND = "judging"
MOST = 60
"""Test prompts that are judged, spread over the slices."""
_VOTED, _TEST = "voted/", "test/"
_TOKENS = 8


@dataclass(frozen=True)
class Found:
    """What a finished job says. `model`: the judge; `arms`: the two it was asked about; `leaning`: None where the judge
    is not usable."""

    job: Job
    model: str
    arms: tuple[str, str]
    calibration: Calibration
    leaning: Leaning | None


def voted(store: Store, project: str) -> int:
    """Pairs that people decided, against which a judge can be held; it takes `vote_sets.LEAST`."""
    return len(vote_sets.found(store, project).rows)


def start(store: Store, actor: str, project: str, dataset: str, model: str, first: str, second: str) -> Job:
    """Starts the job: `model` judges every pair that people decided, and then arm `first` against arm `second` on test
    prompts both answered.

    Raises Refusal with too few decided pairs, without answers to judge, for the same arm twice, for test prompts that
    a model is taught by votes on, a model that is not here, or an address that is not allowed.
    """
    found, brief = dataset_rows.get(store, dataset), briefs.latest(store, project)
    if found is None or brief is None:
        raise Refusal("This dataset is not in use any more. Nothing was started. Freeze one first.")
    looks.raise_if_spent(store, found, "Nothing was started.")
    elsewhere.require_allowed(store, model)
    models.verify(model, store.workspace)
    people, preferred, agree = _people(store, project)
    couples = [*people, *_both(store, found, first, second)]
    name, reference = job_folder.new_id(), models.reference(model, store.workspace)
    asked = judge.questions(brief, couples)
    spec = {
        "kind": "generate", "id": name, "project": project, "model": reference,
        "arms": [{"id": "judge", "system_prompt": judge.SYSTEM}], "decoding": to_json(Decoding(max_new_tokens=_TOKENS)),
        "prompts": [{"id": each, "input": text} for each, text in asked.items()],
    }  # fmt: skip
    endpoint = models.entry(model).kind == "endpoint"
    if endpoint:
        spec["most_requests"] = outputs.most_requests(len(asked))
    folder = job_folder.create(store.workspace / "jobs" / name, spec)
    kept = {"couples": [to_json(couple) for couple in couples], "preferred": preferred, "agree": agree}
    detail = {
        "dataset": dataset,
        "model": model,
        "arms": [first, second],
        "asked_blob": store.put_blob(canonical(kept)),
    }
    payload = {"id": name, "kind": KIND, "folder": name, "detail": detail}
    launch.start(store, actor, project, payload, folder, needs_device=not endpoint)
    job = runs.job(store, name)
    assert job is not None
    return job


def _people(store: Store, project: str) -> tuple[list[Couple], dict[str, str], float | None]:
    """What people decided, as couples in an order that means nothing; which side they preferred; how often two of them
    agree. Raises Refusal with too few."""
    found = vote_sets.found(store, project)
    if len(found.rows) < vote_sets.LEAST:
        raise Refusal(
            f"People have decided {len(found.rows)} pairs in closed rounds, and a judge is held against at least "
            f"{vote_sets.LEAST}. Nothing was started. Let people vote first."
        )
    couples, preferred = [], {}
    for number, row in enumerate(found.rows):
        name = f"{_VOTED}{number}"
        better_first = int(sha256(f"{row.input}\n{row.ideal}\n{row.worse}"), 16) % 2 == 0
        texts = (row.ideal, row.worse) if better_first else (row.worse, row.ideal)
        couples.append(Couple(name, row.prompt, *texts))
        preferred[name] = "first" if better_first else "second"
    rate = found.judged.disagreement.rate
    return couples, preferred, None if rate is None else 1 - rate


def _both(store: Store, dataset: Dataset, first: str, second: str) -> list[Couple]:
    chosen = [arms.get(store, name) for name in (first, second)]
    if first == second or None in chosen:
        raise Refusal("A judge compares two arms in use. Nothing was started. Choose two.")
    one, other = (outputs.current(store, dataset.id, arm) for arm in chosen if arm is not None)
    tests = [e for e in datasets.rows_in(store, dataset, Split.test) if e.id in one and e.id in other]
    if not tests:
        raise Refusal("No test prompt was answered by both arms. Nothing was started. Let them answer first.")
    return [
        Couple(f"{_TEST}{e.id}", e.prompt, one[e.id].output, other[e.id].output) for e in datasets.spread(tests, MOST)
    ]


def newest(store: Store, project: str, dataset: str) -> Found | None:
    """The newest finished judgement on a set; None without one."""
    for job in runs.jobs(store, project):
        if job.kind == KIND and job.state is JobState.done and job.detail["dataset"] == dataset:
            return _found(store, job)
    return None


def _found(store: Store, job: Job) -> Found:
    kept = json.loads(store.get_blob(job.detail["asked_blob"]))
    rows = json.loads(store.get_blob(job.detail["result"]["outputs_blob"]))
    replies = {row["example"]: row["output"] for row in rows}
    couples = [from_json(Couple, each) for each in kept["couples"]]
    people, tests = (_of(couples, kind) for kind in (_VOTED, _TEST))
    calibration = judge.calibrated(judge.verdicts(people, replies), kept["preferred"], kept["agree"])
    first, second = job.detail["arms"]
    known = {arm.id: arm for arm in arms.every(store, job.project, retired=True)}
    lean = judge.leaning(judge.verdicts(tests, replies), _name(known.get(first)), _name(known.get(second)), calibration)
    return Found(job, job.detail["model"], (first, second), calibration, lean if calibration.usable else None)


def _of(couples: Sequence[Couple], kind: str) -> list[Couple]:
    return [couple for couple in couples if couple.id.startswith(kind)]


def _name(arm: Arm | None) -> str:
    return arm.name if arm else "an arm that is gone"


def go_on(store: Store, actor: str, job: Job) -> None:
    """A judgement that stopped or failed goes on: what it said is not asked again. Raises Refusal, as `start` would
    now."""
    if dataset := dataset_rows.get(store, job.detail["dataset"]):
        looks.raise_if_spent(store, dataset, "Nothing was changed.")
    elsewhere.require_allowed(store, job.detail["model"])
    launch.resume(store, actor, job)


def stop(store: Store, job: Job) -> None:
    """Asks the worker to stop."""
    outputs.stop(store, job)
