"""Write a whole project into one file: its acts as the journal has them, with everything that they name."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.models.files import ADAPTER_FILES, adapter_sha256, file_sha256
from studio.project_file.form import ACTS, BLOBS, FORMAT, KINDS, MANIFEST, STAY, Manifest, all_named
from studio.records import Act, JobState, Refusal, canonical, sha256, to_json
from studio.store import Store, brought, now, people, projects, rounds, runs
from studio.store.projects import Project
from studio.train import step as train_step

_SAFE = "Nothing was written."


@dataclass(frozen=True)
class Summary:
    """What the file of a project would hold, and why it cannot be written now ("" when it can). `model_bytes`: of the
    tuned models that lie here, which may be taken along."""

    project: Project
    models: int
    model_bytes: int
    why_not: str


@dataclass(frozen=True)
class Content:
    """A written file: its bytes and SHA-256, and how much it holds. `left`: what stayed behind, in sentences."""

    path: Path
    bytes: int
    sha256: str
    acts: int
    blobs: int
    people: int
    models: int
    left: tuple[str, ...]


def summary(store: Store, project: str) -> Summary:
    """Raises Refusal for an unknown project."""
    found = projects.get(store, project)
    if found is None:
        raise Refusal(f"There is no such project. {_SAFE}")
    sizes = [sum(file.stat().st_size for file in files.values()) for files in _models(store, project).values()]
    return Summary(found, len(sizes), sum(sizes), _why_not(store, project))


def _why_not(store: Store, project: str) -> str:
    """Who holds the file holds all of it: of an open round the seed too, which says whose answer is whose."""
    if any(each.state == "open" for each in rounds.every(store, project)):
        return (
            "A blind round is open, and its file would tell which answer is whose. Nothing was written. Finish or "
            "cancel the round first."
        )
    if runs.jobs(store, project, active=True):
        return "A job of this project is still at work. Nothing was written. Wait for it, or stop it first."
    return ""


def write(store: Store, project: str, out: Path, *, models: bool = False) -> Content:
    """Writes the file of a project to `out`, whole or not at all. Raises Refusal while a round is open or a job works,
    and when a part of the project is missing on the disk."""
    found, (acts, left) = summary(store, project), contents(store, project)
    if found.why_not:
        raise Refusal(found.why_not)
    blobs, (tuned, changed) = _blobs(store, acts), _whole(store, project) if models else ({}, ())
    lines = b"".join(canonical(to_json(act)) + b"\n" for act in acts)
    sums = {ACTS: sha256(lines)} | {name: file_sha256(path) for files in tuned.values() for name, path in files.items()}
    manifest = Manifest(
        FORMAT, project, found.project.name, now(), store.version, store.head, _people(store, acts), sums
    )  # fmt: skip
    partial = out.with_name(out.name + ".partial")
    try:
        with zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr(MANIFEST, canonical(to_json(manifest)))
            file.writestr(ACTS, lines)
            for name in blobs:
                file.writestr(f"{BLOBS}{name}", store.get_blob(name))
            for name, path in ((name, path) for files in tuned.values() for name, path in files.items()):
                file.write(path, name, zipfile.ZIP_STORED)
        size, sha = partial.stat().st_size, file_sha256(partial)
        partial.replace(out)
    except OSError as error:
        raise Refusal(f"{out.name} could not be written ({error.strerror}). Nothing else was changed.") from error
    finally:
        partial.unlink(missing_ok=True)
    return Content(out, size, sha, len(acts), len(blobs), len(manifest.people), len(tuned), (*left, *changed))


def contents(store: Store, project: str) -> tuple[list[Act], tuple[str, ...]]:
    """The acts that leave with a project, in order, and what stays behind, in sentences."""
    kept: list[Act] = []
    staying: set[int] = set()
    for act in brought.acts_of(store, project):
        stays = act.kind in STAY or (act.kind == "undone" and store.payload(act)["seq"] in staying)
        if not stays and act.kind not in KINDS:
            raise ValueError(f"{act.kind!r} is not classed: does it leave with its project?")
        if stays:
            staying.add(act.seq)
        else:
            kept.append(act)
    left = ("Shared links, the address that reminders go to and a mark as a template stay here.",) if staying else ()
    return kept, (*left, "Prices, allowed addresses and everybody's access stay here: they belong to the workspace.")


def _blobs(store: Store, acts: Sequence[Act]) -> list[str]:
    """Every blob that the acts name, and those that were brought before them; also one that is needed though it is
    gone: reading it says so."""

    def has(name: str) -> bool:
        return store.blobs.path(name).exists()

    found: dict[str, None] = {}
    for each in brought.told(acts, store.get_blob):
        named = all_named(each.payload, has, store.get_blob)
        found |= dict.fromkeys([each.act.payload, *(name for name, needed in named.items() if needed or has(name))])
    return list(found)


def _people(store: Store, acts: Sequence[Act]) -> tuple[dict[str, Any], ...]:
    """Whoever did something here, or is named by what somebody did."""
    known = {person.id: person for person in people.everyone(store)}
    there = brought.people_in(brought.told(acts, store.get_blob), known.keys())
    return tuple(
        {"id": p.id, "name": p.name, "role": p.role.value, "scripted": p.scripted}
        for p in known.values()
        if p.id in there
    )


def _whole(store: Store, project: str) -> tuple[dict[str, dict[str, Path]], tuple[str, ...]]:
    """The tuned models that are as they were made, and a sentence for each that is not."""
    found, made = _models(store, project), {run.id: run.adapter_sha256 for run in runs.every(store, project)}
    fit = {run: files for run, files in found.items() if adapter_sha256(next(iter(files.values())).parent) == made[run]}
    told = (f"The model of run {run} was changed on disk since, so it stays here." for run in found if run not in fit)
    return fit, tuple(told)


def _models(store: Store, project: str) -> dict[str, dict[str, Path]]:
    """Run -> name in the file -> path, of the tuned models that lie here."""
    found: dict[str, dict[str, Path]] = {}
    for run in runs.every(store, project):
        if run.state is not JobState.done or not run.adapter or not run.job:
            continue
        folder = train_step.adapter_of(store, run)
        if all((folder / name).is_file() for name in ADAPTER_FILES):
            found[run.id] = {f"jobs/{run.job}/{run.adapter}/{name}": folder / name for name in ADAPTER_FILES}
    return found
