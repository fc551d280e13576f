"""What `studio export run` writes of a run: its record, its passport, its adapter, or the whole tuned model."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio import papers, supervisor
from studio.records import Job, Refusal, Run, to_json
from studio.reports import model_card
from studio.store import Store, arms, runs
from studio.store import datasets as dataset_rows
from studio.train import takeaway, takeaway_readme
from studio.train.passport import passport
from studio.train.takeaway import Taken


def chosen(store: Store, project: str, run: str = "") -> Run:
    """The run of that id, or the newest that was made. Raises Refusal when there is none."""
    found = [each for each in runs.every(store, project) if run in ("", each.id)]
    if not found and run:
        raise Refusal(f"There is no run {run} in this project. Nothing was written.")
    if not found:
        raise Refusal("No run was made in this project, so there is none to export.")
    return found[0]


def record(store: Store, run: Run) -> bytes:
    """The run as the store has it, with its set's hash and the journal's head."""
    dataset = dataset_rows.get(store, run.dataset)
    facts = {**to_json(run), "dataset_sha256": dataset.sha256 if dataset else "", "journal_head": store.head}
    return as_file(facts)


def as_passport(store: Store, run: Run) -> bytes:
    """The run's passport, byte for byte what the Train page gives."""
    return as_file(to_json(passport(store, run.id)))


def as_file(facts: dict[str, Any]) -> bytes:
    return (json.dumps(facts, indent=1, ensure_ascii=False) + "\n").encode()


FILES: dict[str, Callable[[Store, Run], bytes]] = {"json": record, "passport": as_passport}
"""What of a run can be written as one file, by the name of the format."""


def prepare(store: Store, actor: str, run: Run, form: str) -> Job:
    """Starts the job that makes what is taken away, its README beginning with the model's card as it stands now."""
    about = papers.about(store, run.project, f"tuned-{run.id}") if arms.get(store, f"tuned-{run.id}") else None
    card = model_card.written(store, about, form) if about else ""
    return takeaway.start(store, actor, run.id, form, card)


def take_away(store: Store, actor: str, run: Run, form: str, out: Path) -> Taken:
    """Makes the adapter or the merged model, checks it, and lays it at `out`, whole or not at all. Waits until then.

    Raises Refusal when something is at `out` already, or when it cannot be made, written, or does not answer as the
    model that was reviewed.
    """
    if out.exists():
        raise Refusal(f"There is something at {out} already. Nothing was written. Name a folder that is not there yet.")
    job = supervisor.wait(store, prepare(store, actor, run, form).id)
    taken = takeaway.of(store, job)
    if taken is None:
        raise Refusal(job.detail.get("result", {}).get("reason") or f"It was {job.state.value}. Nothing was written.")
    if not taken.as_reviewed:
        raise Refusal(f"{takeaway_readme.checked(taken.check)} Nothing was written.")
    partial = out.with_name(out.name + ".partial")
    try:
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(taken.folder, partial)
        partial.rename(out)
    except OSError as error:
        shutil.rmtree(partial, ignore_errors=True)
        raise Refusal(f"{out} could not be written ({error.strerror}). Nothing else was changed.") from error
    return taken
