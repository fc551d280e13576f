"""A copy of a whole workspace while people work on it: the record up to one acknowledged act, and what it names.

The journal only grows and a blob never changes, so nobody waits for the copy: once the journal's length is noted, all
that lies before it is final, and every blob that it names is there already.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studio.exports.folder import SUMS
from studio.jobs import folder as job_folder
from studio.models.files import ADAPTER_FILES, files_sha256
from studio.project_file.form import all_named
from studio.records import JobState, Refusal, canonical, sha256, to_json
from studio.store import Store, brought, now, projects, runs
from studio.store.journal import Blobs, Journal
from studio.wording import several

FORMAT = "yardstick-backup-1"
MANIFEST = "backup.json"
JOURNAL = "journal.jsonl"
_OF_THIS_MACHINE = {"worker.json", job_folder.RAY_NOTE, job_folder.WAITING, job_folder.DEVICE}
"""Notes of a job about processes: a restored studio must neither wait for them nor stop them."""
_CHUNK = 2**20
_LEFT_OUT = (
    "The database is not in it: `studio restore` makes it again from the journal.",
    "Base models are not in it: `studio models fetch` brings the bundled ones; keep a copy of a folder of your own.",
    "Files that were uploaded and not imported yet, caches, and keys in the environment are not in it.",
)


@dataclass(frozen=True)
class Manifest:
    """What makes a folder a backup: when it was made, how many acts it holds, the hash of the last, and the SHA-256 of
    SHA256SUMS, which lists every other file."""

    format: str
    made: str
    acts: int
    head: str
    sums: str


@dataclass(frozen=True)
class Written:
    """A backup: where it lies, the acts in it and the hash of the last. `notes`: what is not in it, in sentences."""

    path: str
    acts: int
    head: str
    files: int
    bytes: int
    notes: tuple[str, ...]


def write(store: Store, folder: Path) -> Written:
    """Copies the workspace to `folder`, whole or not at all, and reads the copy once more. Acts that come meanwhile are
    not in it. Raises Refusal when `folder` holds something, lies in the workspace or cannot be written, and when a part
    of the workspace is damaged.

    Of a job at work it holds what lay in its folder, which may be the checkpoint before the last.
    """
    workspace, folder = store.workspace.resolve(), folder.resolve()
    if folder.is_relative_to(workspace):
        raise Refusal(
            f"{folder} lies inside the workspace, so both would be lost together. Nothing was written. Name a folder "
            "elsewhere, best on another disk."
        )
    with in_one_piece(folder, "Nothing was written") as made:
        tuned, mark = _tuned(store), store.mark()
        sums = {JOURNAL: copied(store.journal.path, made / JOURNAL, mark.bytes)}
        sums |= _blobs(store.blobs, made)
        beside, working = _beside(workspace, made)
        sums |= beside
        _raise_if_damaged(made)
        lines = "".join(f"{sums[name]}  {name}\n" for name in sorted(sums)).encode()
        manifest = Manifest(FORMAT, now(), mark.acts, mark.head, sha256(lines))
        _write(made / SUMS, lines)
        _write(made / MANIFEST, canonical(to_json(manifest)) + b"\n")
        size = sum((made / name).stat().st_size for name in sums)
    notes = (*_told(working, _not_as_made(tuned, sums)), *_LEFT_OUT)
    return Written(str(folder), mark.acts, mark.head, len(sums), size, notes)


@contextmanager
def in_one_piece(target: Path, safe: str) -> Iterator[Path]:
    """A new folder beside `target` that takes its name, durably, when the block ends; when it fails it is gone, and
    when the process is killed it is left as `target`.….partial. Raises Refusal, which says what is `safe`, when there
    is something at `target` or the disk refuses."""
    if target.is_mount():
        raise Refusal(f"{target} is where a disk is mounted. {safe}. Name a new folder in it.")
    made = None
    try:
        if target.exists() and (not target.is_dir() or any(target.iterdir())):
            raise Refusal(f"{target} is there already and not empty. {safe}. Name a new folder.")
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f"{target.name}.", suffix=".partial", dir=target.parent))
        yield made
        for each, _folders, _files in os.walk(made):
            job_folder.sync_folder(Path(each))
        made.rename(target)
        job_folder.sync_folder(target.parent)
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        raise Refusal(
            f"The disk refused{where} ({error.strerror or error}). {safe}. Free some space or name another folder, "
            "then try again."
        ) from error
    finally:
        if made is not None:
            shutil.rmtree(made, ignore_errors=True)


def copied(source: Path, target: Path, most: int = sys.maxsize) -> str:
    """Copies the first `most` bytes of a file, durably; the hex SHA-256 of what was written. Raises OSError."""
    digest, left = hashlib.sha256(), most
    with source.open("rb") as read:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as written:
            while chunk := read.read(min(_CHUNK, left)):
                digest.update(chunk)
                written.write(chunk)
                left -= len(chunk)
            written.flush()
            os.fsync(written.fileno())
    return digest.hexdigest()


def _blobs(blobs: Blobs, made: Path) -> dict[str, str]:
    """Every blob that is whole by now; those named by an act before the mark are. Name in the copy -> SHA-256."""
    sums: dict[str, str] = {}
    for path in sorted(blobs.folder.glob("??/*")):
        if _being_written(path):
            continue
        name = path.relative_to(blobs.folder.parent).as_posix()
        sums[name] = copied(path, made / name)
        if sums[name] != path.name:
            raise Refusal(_damaged(f"the stored part {name} was changed on disk"))
    return sums


def _beside(workspace: Path, made: Path) -> tuple[dict[str, str], int]:
    """The folders of jobs, with what they made, and what people have half written. Name in the copy -> SHA-256, and how
    many jobs had no result."""
    sums: dict[str, str] = {}
    working = 0
    for job in sorted((workspace / "jobs").glob("*")):
        # Its result is written last: looked for first, what it tells of is there.
        ended = (job / "result.json").exists()
        working += not ended
        left_out = _OF_THIS_MACHINE if ended else {*_OF_THIS_MACHINE, "result.json"}
        sums |= _tree(job, workspace, made, left_out)
    return sums | _tree(workspace / "drafts", workspace, made, set()), working


def _tree(folder: Path, workspace: Path, made: Path, left_out: set[str]) -> dict[str, str]:
    sums: dict[str, str] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(workspace)
        if not path.is_file() or path.name in left_out or any(_being_written(Path(part)) for part in name.parts):
            continue
        try:
            sums[name.as_posix()] = copied(path, made / name)
        except FileNotFoundError:
            continue  # a job at work keeps only its last checkpoints, and a draft ends when it is saved
    return sums


def _tuned(store: Store) -> dict[str, str]:
    """Where each tuned model should lie in the workspace, and the hash that it was made with."""
    known = [each for archived in (False, True) for each in projects.every(store, archived=archived)]
    made = [run for project in known for run in runs.every(store, project.id) if run.state is JobState.done]
    return {f"jobs/{run.job}/{run.adapter}": run.adapter_sha256 for run in made if run.job and run.adapter}


def _not_as_made(tuned: dict[str, str], sums: dict[str, str]) -> int:
    """How many of them the copy does not hold as they were made, by the sums of its files."""
    found = {place: {name: sums.get(f"{place}/{name}", "") for name in ADAPTER_FILES} for place in tuned}
    return sum(files_sha256(found[place]) != made for place, made in tuned.items())


def _told(working: int, models: int) -> Iterator[str]:
    if working:
        yield f"{several(working, 'job')} had no result yet: what lay there by then is in it."
    if models:
        yield f"The files of {several(models, 'tuned model')} are missing here or were changed: no restore mends that."


def _being_written(path: Path) -> bool:
    return ".part" in path.name or path.name == ".writing"


def _raise_if_damaged(made: Path) -> None:
    """A copy that could not be restored is none: better told now."""
    journal, blobs = Journal(made / JOURNAL, read_only=True), Blobs(made / "blobs")
    if problems := journal.problems(blobs) or list(_missing(journal, blobs)):
        raise Refusal(_damaged(problems[0]))


def _missing(journal: Journal, blobs: Blobs) -> Iterator[str]:
    """What the payloads of acts name in turn and a replay reads, as far as it is not there."""

    def has(name: str) -> bool:
        return blobs.path(name).exists()

    for act in journal.read():
        for told in brought.told([act], blobs.get):
            for name, needed in all_named(told.payload, has, blobs.get).items():
                if needed and not has(name):
                    yield f"act {act.seq} ({act.kind}) names a stored part ({name[:12]}) that is missing"


def _damaged(what: str) -> str:
    return (
        f"The workspace is damaged, so nothing was written: {what.rstrip('.')}. `studio audit` tells all of it; come "
        "back from the last good backup."
    )


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
