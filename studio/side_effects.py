"""What did tuning break? A job that asks a tuned model and its base what the task is not about, and its report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from studio import models, outputs
from studio.evaluate import side_effects
from studio.evaluate.side_effects import Items, Report, Seen
from studio.jobs import folder as job_folder
from studio.records import Arm, ArmKind, Decoding, Job, JobState, Refusal, from_json, to_json
from studio.store import Store, arms, runs
from studio.train import launch

KIND = "side_effects"
_BASE = "base"
# Enough to see how an answer begins and in which language; two models answer thirty questions.
_TOKENS = 64


@dataclass(frozen=True)
class Found:
    """The report on one tuned arm, and the job that measured it."""

    arm: Arm
    job: Job
    report: Report


def start(store: Store, actor: str, arm: str, items: Items | None = None) -> Job:
    """Starts the job for a tuned arm. Raises Refusal for any other arm, one tuned elsewhere, or a missing model."""
    found = arms.get(store, arm)
    if found is None or found.kind is not ArmKind.tuned:
        raise Refusal("Only a tuned model can have broken something. Nothing was started. Choose a tuned model.")
    spec = outputs.arm_spec(store, found)
    if not spec["adapter"]:
        raise Refusal(
            f"The weights of {found.name} are elsewhere, and what an address answers does not tell how surprised a "
            "model is. Nothing was started."
        )
    models.verify(found.model, store.workspace)
    asked, name = items or side_effects.items(), job_folder.new_id()
    job = {
        "kind": KIND, "id": name, "project": found.project, "model": models.reference(found.model, store.workspace),
        "arms": [{"id": _BASE}, spec], "decoding": to_json(Decoding(max_new_tokens=_TOKENS)),
        "skills": [to_json(question) for question in asked.skills], "neutral": dict(asked.neutral),
        "outside": dict(asked.outside),
    }  # fmt: skip
    folder = job_folder.create(store.workspace / "jobs" / name, job)
    payload = {"id": name, "kind": KIND, "folder": name, "detail": {"arm": found.id, "items_sha256": asked.sha256}}
    launch.start(store, actor, found.project, payload, folder)
    made = runs.job(store, name)
    assert made is not None
    return made


def ready(store: Store, project: str) -> dict[str, Found]:
    """Arm id -> the newest finished report on each tuned arm that is in use, by the questions the studio asks now."""
    found: dict[str, Found] = {}
    asked = side_effects.items().sha256
    known = {arm.id: arm for arm in arms.every(store, project)}
    for job in runs.jobs(store, project):
        arm = known.get(str(job.detail.get("arm", "")))
        if job.kind != KIND or job.state is not JobState.done or job.detail["items_sha256"] != asked:
            continue
        if arm is not None and arm.id not in found:
            found[arm.id] = Found(arm, job, of(job, arm))
    return found


def of(job: Job, arm: Arm) -> Report:
    """The report of a finished job."""
    seen: dict[str, Any] = job.detail["result"]["seen"]
    base, tuned = from_json(Seen, seen[_BASE]), from_json(Seen, seen[arm.id])
    return side_effects.report(side_effects.items(), base, tuned)


def resume(store: Store, actor: str, job: Job) -> None:
    """A job that was stopped or died goes on where it was. Raises Refusal when it cannot."""
    launch.resume(store, actor, job)


def stop(store: Store, job: Job) -> None:
    """Asks the worker to stop; what it has measured stays, and it can be gone on with."""
    outputs.stop(store, job)
