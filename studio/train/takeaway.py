"""Take a tuned model away: as its adapter or as a whole model, made and checked by a worker, in a folder and a zip."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio import datasets, models
from studio.jobs import folder as job_folder
from studio.records import Decoding, Job, JobState, Refusal, Run, Split, to_json
from studio.store import Store, arms, runs
from studio.store import datasets as dataset_rows
from studio.train import launch, release, step
from studio.train.passport import Passport, passport
from studio.train.settings import FULL

KIND = "takeaway"
FORMS = {"adapter": "The adapter alone", "merged": "The whole model (merged)"}
"""Form -> what it is called."""

# Enough prompts that one answer that differs shows, few enough for a minute on a small machine.
_PROMPTS, _TOKENS = 8, 48


@dataclass(frozen=True)
class Taken:
    """A tuned model that is ready to take away. `folder` and `zip` lie in the job's folder; `check`: {prompts, words,
    float32, bfloat16}, see `takeaway_work.make`."""

    job: str
    form: str
    name: str
    folder: Path
    zip: Path
    zip_bytes: int
    files: dict[str, str] = field(default_factory=dict)
    check: dict[str, int] = field(default_factory=dict)

    @property
    def as_reviewed(self) -> bool:
        """Whether every prompt of the check was answered as by the reviewed model, in full precision."""
        return bool(self.check["words"]) and self.check["float32"] == self.check["prompts"]


def forms(run: Run) -> dict[str, str]:
    """The forms in which a run can be taken away: of full fine-tuning, the whole model only."""
    return {form: title for form, title in FORMS.items() if form == "merged" or run.settings.get("method") != FULL}


def start(store: Store, actor: str, run: str, form: str, card: str = "") -> Job:
    """Starts the job that makes it; its README begins with `card`, the model's card, where there is one.

    Raises Refusal for an unknown form, an unfinished run, or a missing model.
    """
    if form not in FORMS:
        raise Refusal(f"A tuned model is taken away as {' or '.join(FORMS)}, not as {form!r}. Nothing was started.")
    found = runs.get(store, run)
    dataset = dataset_rows.get(store, found.dataset) if found else None
    if found is None or dataset is None or arms.get(store, f"tuned-{run}") is None or not found.adapter_sha256:
        raise Refusal("This training has not been finished, so there is nothing to take away. Nothing was started.")
    if not found.adapter:
        raise Refusal("This model was tuned elsewhere, so its weights are there. Nothing was made. Ask its provider.")
    if why := release.why_not(store, found):
        raise Refusal(
            f"This model was trained {why}, so it is not for release. Nothing was made. Train it again without them to "
            "take it away."
        )
    if form not in forms(found):
        raise Refusal(
            "This training learned all weights anew, and what serves models elsewhere reads no adapter of that kind. "
            "Nothing was started. Take the whole model."
        )
    models.verify(found.model, store.workspace)
    asked = datasets.rows_in(store, dataset, Split.validation) or datasets.rows_in(store, dataset, Split.train)
    made, name = passport(store, run), job_folder.new_id()
    title = _title(store, found)
    spec = {
        "kind": KIND, "id": name, "project": found.project, "form": form, "name": name_of(title, form),
        "model": models.reference(found.model, store.workspace), "adapter_sha256": found.adapter_sha256,
        "adapter": str(step.adapter_of(store, found)),
        "prompts": [job_folder.prompt_row(e.id, e.prompt) for e in datasets.spread(asked, _PROMPTS)],
        "decoding": to_json(Decoding(max_new_tokens=_TOKENS)), "passport": to_json(made),
        "facts": _facts(title, made) | {"card": card},
    }  # fmt: skip
    folder = job_folder.create(store.workspace / "jobs" / name, spec)
    payload = {"id": name, "kind": KIND, "folder": name, "detail": {"run": run, "form": form}}
    launch.start(store, actor, found.project, payload, folder)
    job = runs.job(store, name)
    assert job is not None
    return job


def ready(store: Store, run: Run) -> dict[str, Taken]:
    """Form -> the newest that was made of this run and still lies on this machine."""
    found: dict[str, Taken] = {}
    for job in runs.jobs(store, run.project):
        if job.kind == KIND and job.detail.get("run") == run.id and (taken := of(store, job)):
            found.setdefault(taken.form, taken)
    return found


def of(store: Store, job: Job) -> Taken | None:
    """What a finished job made; None while it has made nothing, or when its files are gone."""
    result, home = job.detail.get("result", {}), store.workspace / "jobs" / job.folder
    if job.state is not JobState.done or not (home / result["zip"]).is_file():
        return None
    return Taken(
        job.id, result["form"], result["name"], home / result["folder"], home / result["zip"], result["zip_bytes"],
        result["files"], result["check"],
    )  # fmt: skip


def base_for(model: str) -> str:
    """How a command line elsewhere names the base: by its name on the hub; a model of the studio's own making, or of a
    folder, as a folder that must lie beside."""
    return model if models.entry(model).kind == "hub" else f"./{Path(model).name}"


def _facts(title: str, made: Passport) -> dict[str, Any]:
    """What the README says, apart from what the worker finds out."""
    return {
        "title": title, "base": base_for(made.base.name), "base_sha256": made.base.sha256 or "not recorded",
        "source": made.base.source, "licence": made.base.licence, "rank": int(made.settings.get("lora_rank", 0)),
        "passport_sha256": made.sha256,
    }  # fmt: skip


def _title(store: Store, run: Run) -> str:
    arm = arms.get(store, f"tuned-{run.id}")
    return arm.name if arm else f"Run {run.id}"


def name_of(title: str, form: str) -> str:
    """What the folder of a model of this title is called: small letters, figures and hyphens."""
    plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "tuned"
    return f"{plain}-{form}"
