"""Reads a project's file that nobody vouches for: in the child of `studio.examples.sandbox`, into a folder of its own.

Every act is applied there to a new, empty store, by the same handlers that will apply it to the workspace, so that what
cannot be applied fails there. Sums find what was changed since the file was written; they do not tell who wrote it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.examples.batch import MIB, Limits
from studio.models.files import adapter_sha256
from studio.project_file.form import (
    ACTS,
    BLOBS,
    FORMAT,
    KINDS,
    MANIFEST,
    MODEL,
    NAME,
    Manifest,
    all_named,
    stays_inside,
)
from studio.records import Act, Refusal, canonical, from_json, to_json
from studio.store import Store, brought, rounds, runs
from studio.store.journal import Blobs, link

LIMITS = Limits(
    file_bytes=1024 * MIB, unpacked_bytes=2048 * MIB, rows=200_000, memory_bytes=4096 * MIB, cpu_seconds=300,
    wall_seconds=600.0,
)  # fmt: skip
"""`rows`: acts and blobs in one file. The rest as for an import; 2 GiB unpacked."""
_SAFE = "Nothing was brought in and nothing else was changed."
DAMAGED = f"This file is damaged or not a project of Yardstick. {_SAFE} Choose the zip that a studio wrote."
_CHANGED = f"A part of this file ({{}}) is not as it was written. {_SAFE} Export the project again."
_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(frozen=True)
class Unpacked:
    """What a file holds, checked. Its blobs lie in `scratch` of the folder it was unpacked to, where a store keeps
    them; `acts_blob` is the list of its acts, `models` are the names of the tuned models' files below the folder."""

    manifest: Manifest
    acts_blob: str
    acts: int
    blobs: tuple[str, ...]
    models: tuple[str, ...]

    def payload(self, name: str, file: str) -> dict[str, Any]:
        """Of the act that brings it in: the project's name there, and the file's SHA-256."""
        return {"name": name, "acts_blob": self.acts_blob, "people": list(self.manifest.people), "file": file,
                "head": self.manifest.head}  # fmt: skip


def scratch(folder: Path) -> Path:
    """The workspace in which the child tried the file."""
    return folder / "scratch"


def told(path: Path, folder: Path, limits: Limits) -> dict[str, Any]:
    """Unpacks `path` into `folder` and tries it. The answer of the child: an `Unpacked` as plain JSON.

    Raises Refusal, in one sentence, for a file that is damaged, too large, hostile, or of another version.
    """
    try:
        return {"project": to_json(_unpacked(path, folder, limits))}
    except (zipfile.BadZipFile, zlib.error, ValueError, TypeError, AttributeError, AssertionError, EOFError, OSError,
            NotImplementedError, RecursionError, LookupError) as damaged:  # fmt: skip
        raise Refusal(DAMAGED) from damaged


def _unpacked(path: Path, folder: Path, limits: Limits) -> Unpacked:
    if path.stat().st_size > limits.file_bytes:
        raise Refusal(f"This file is larger than {limits.file_bytes // MIB:,} MB, the most that is read. {_SAFE}")
    with zipfile.ZipFile(path) as file:
        entries = _entries(file, limits)
        manifest = _manifest(file)
        for each in entries:
            _unpack(file, each, folder, manifest)
    names = [each.filename for each in entries]
    acts = [from_json(Act, json.loads(line)) for line in (folder / ACTS).read_bytes().splitlines()]
    _check_chain(acts, manifest)
    blobs = Blobs(scratch(folder) / "blobs")
    made = Unpacked(
        manifest, blobs.put(canonical(to_json(acts))), len(acts),
        tuple(name.removeprefix(BLOBS) for name in names if name.startswith(BLOBS)),
        tuple(name for name in names if MODEL.fullmatch(name)),
    )  # fmt: skip
    _check_acts(acts, blobs, limits)
    _try(made, folder)
    return made


def _entries(file: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """The list of what is in it. Refuses names that are not ours, the same name twice, and more than is read."""
    found = file.infolist()
    if len(found) > limits.rows:
        raise Refusal(f"This file holds more than {limits.rows:,} parts, the most that are read. {_SAFE}")
    if sum(each.file_size for each in found) > limits.unpacked_bytes:
        raise Refusal(f"This file unpacks to more than {limits.unpacked_bytes // MIB:,} MB. {_SAFE}")
    names = {each.filename for each in found}
    if len(names) < len(found) or not all(map(_ours, names)) or any(each.flag_bits & 1 for each in found):
        raise ValueError("foreign parts")
    return found


def _ours(name: str) -> bool:
    blob = name.startswith(BLOBS) and NAME.fullmatch(name.removeprefix(BLOBS))
    return name in (MANIFEST, ACTS) or bool(blob) or bool(MODEL.fullmatch(name))


def _manifest(file: zipfile.ZipFile) -> Manifest:
    if file.getinfo(MANIFEST).file_size > 16 * MIB:
        raise ValueError("a manifest of this size is none")
    value = json.loads(file.read(MANIFEST))
    if value["format"] != FORMAT:
        raise Refusal(
            f"This file was written by another version of the studio ({str(value['format'])[:40]!r}). {_SAFE}"
        )
    made = from_json(Manifest, value)
    for person in made.people:
        if not _ID.fullmatch(person["id"]) or not 0 < len(person["name"]) <= 80 or type(person["scripted"]) is not bool:
            raise ValueError("no person")
    if not _ID.fullmatch(made.project) or not 0 < len(made.name.strip()) <= 80:
        raise ValueError("no project")
    return made


def _unpack(file: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path, manifest: Manifest) -> None:
    """One part, piece by piece and never more than it says; it must have its sum."""
    name, summed, left = entry.filename, hashlib.sha256(), entry.file_size
    blob = name.removeprefix(BLOBS) if name.startswith(BLOBS) else ""
    target = scratch(folder) / "blobs" / blob[:2] / blob if blob else folder / name
    target.parent.mkdir(parents=True, exist_ok=True)
    with file.open(entry) as packed, open(target, "wb") as out:
        while piece := packed.read(MIB):
            left -= len(piece)
            if left < 0:
                raise ValueError("more than it says")
            summed.update(piece)
            out.write(piece)
    if name != MANIFEST and summed.hexdigest() != (blob or manifest.sums.get(name)):
        raise Refusal(_CHANGED.format(name[:18]))


def _check_chain(acts: list[Act], manifest: Manifest) -> None:
    """Each act has its hash, in order; where no act of another project stood between two, one leads to the next."""
    before: Act | None = None
    for act in acts:
        in_order = before is None or act.seq > before.seq
        follows = before is None or act.seq > before.seq + 1 or act.previous == before.hash
        if link(act) != act.hash or act.project != manifest.project or not in_order or not follows:
            raise Refusal(_CHANGED.format(f"act {act.seq}"))
        before = act


def _check_acts(acts: list[Act], blobs: Blobs, limits: Limits) -> None:
    """Every act, also of the journals before the last, is of a kind that may leave its workspace, names only what is in
    the file and places below its own folders, and has a time."""

    def read(name: str) -> bytes:
        if not has(name):
            raise ValueError("a part is missing")
        return blobs.get(name)

    def has(name: str) -> bool:
        return bool(NAME.fullmatch(name)) and blobs.path(name).exists()

    for count, each in enumerate(brought.told(acts, read)):
        if count > limits.rows:
            raise Refusal(f"This file holds more than {limits.rows:,} acts, the most that are read. {_SAFE}")
        if each.act.kind not in KINDS:
            raise Refusal(
                f"This file holds an act that this studio does not take in ({each.act.kind[:40]!r}). {_SAFE} It may "
                "come from a newer version."
            )
        if not all(has(name) for name, needed in all_named(each.payload, has, read).items() if needed):
            raise ValueError("a part is missing")
        if datetime.datetime.fromisoformat(each.act.at).tzinfo is None:
            raise ValueError("no time")
        if each.act.kind.startswith("job.") and not stays_inside(each.payload):
            raise ValueError("a place outside")


def _try(made: Unpacked, folder: Path) -> None:
    """Applies everything to a store of its own, and looks at what came of it."""
    store, project = Store.open(scratch(folder)), made.manifest.project
    try:
        store.act(brought.KIND, "", made.payload(made.manifest.name, ""), project)
        if any(found.state == "open" for found in rounds.every(store, project)):
            raise Refusal(f"A blind round is open in this file, so it would tell which answer is whose. {_SAFE}")
        if runs.jobs(store, active=True):
            raise Refusal(f"A job is still at work in this file. {_SAFE} Export the project once it has ended.")
        models = {name.rpartition("/")[0] for name in made.models}
        trained = {f"jobs/{run.job}/{run.adapter}": run for run in runs.every(store, project, discarded=True)}
        for place in models:
            if adapter_sha256(folder / place) != trained[place].adapter_sha256:
                raise Refusal(_CHANGED.format("a tuned model"))
    finally:
        store.close()
