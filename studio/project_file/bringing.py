"""Bring a project's file into this workspace: tried apart first, then one act."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from studio import projects
from studio.examples.sandbox import apart
from studio.models.files import file_sha256
from studio.project_file.reading import LIMITS, Unpacked, scratch
from studio.records import Refusal, from_json
from studio.store import Store, brought, people
from studio.store import projects as project_rows
from studio.store.journal import Blobs
from studio.store.projects import Project
from studio.wording import several

_SAFE = "Nothing was brought in."


@dataclass(frozen=True)
class Brought:
    """A project as it came in: how many acts tell of it, the names of those who are known here only by name, how many
    tuned models came along, and the head of the journal that it comes from."""

    project: Project
    acts: int
    people: tuple[str, ...]
    models: int
    head: str

    @property
    def in_words(self) -> str:
        who = (
            f" {', '.join(self.people)} {'is' if len(self.people) == 1 else 'are'} named in it and cannot sign in."
            if self.people
            else ""
        )
        return f"“{self.project.name}” was brought in with {several(self.acts, 'act')}.{who}"


def bring(store: Store, actor: str, path: Path, name: str = "", *, vouched: bool = False) -> Brought:
    """Brings the project of an untrusted file in, with its whole history, under its own ids. `name`: another name for
    it here. `vouched`: an admin stands by the file; without, it must tell of nobody who signs in here.

    Raises Refusal for a file that cannot be read, or whose project is here already; nothing is changed then.
    """
    if not path.is_file():
        raise Refusal(f"There is no file {path.name}. {_SAFE} Check the path.")
    with tempfile.TemporaryDirectory(prefix="incoming-", dir=store.workspace) as made:
        folder = Path(made)
        answer = apart("project", path, {"folder": made}, LIMITS)
        found = from_json(Unpacked, answer["project"])
        unpacked = Blobs(scratch(folder) / "blobs")
        known = _check_here(store, found, unpacked, vouched)
        title = projects.own_name(store, name or projects.free_name(store, found.manifest.name), _SAFE)
        for blob in (*found.blobs, found.acts_blob):
            store.put_blob(unpacked.get(blob))
        with _models(folder, store.workspace, {model.rpartition("/")[0] for model in found.models}):
            store.act(brought.KIND, actor, found.payload(title, file_sha256(path)), found.manifest.project)
    project = project_rows.get(store, found.manifest.project)
    assert project is not None
    strangers = tuple(person["name"] for person in found.manifest.people if person["id"] not in known)
    return Brought(project, found.acts, strangers, len(found.models) // 2, found.manifest.head)


@contextmanager
def _models(folder: Path, workspace: Path, places: set[str]) -> Iterator[None]:
    """The tuned models in their places before the act that tells of them; gone again if it fails. Raises Refusal."""
    moved: list[Path] = []
    try:
        for place in sorted(places):
            target = workspace / place
            target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(folder / place, target)
            moved.append(target)
        yield
    except BaseException as error:
        for target in moved:
            shutil.rmtree(target, ignore_errors=True)
        if isinstance(error, OSError):
            raise Refusal(f"A tuned model could not be put in its place ({error.strerror}). {_SAFE}") from error
        raise


def _check_here(store: Store, found: Unpacked, blobs: Blobs, vouched: bool) -> set[str]:
    """The ids of those who sign in here and are told of, whether or not the file lists them. Raises Refusal where it
    may not come in."""
    here = project_rows.get(store, found.manifest.project)
    if here is not None:
        where = ", under Archived" if here.archived else ""
        raise Refusal(
            f"This project is here already, as “{here.name}”{where}. {_SAFE} Duplicate it to have a second one: under "
            "new ids, what was registered and signed could not be verified any more."
        )
    by_name = brought.people_brought(store)
    own = {each.id: each.name for each in people.everyone(store) if each.active or each.id not in by_name}
    acts = brought.told(brought.acts_in(blobs.get(found.acts_blob)), blobs.get)
    known = brought.people_in(acts, own.keys()) | ({each["id"] for each in found.manifest.people} & own.keys())
    if known and not vouched:
        names = ", ".join(sorted(own[person] for person in known))
        raise Refusal(
            f"The file tells of what {names} did elsewhere, who signs in here. {_SAFE} Ask an admin to do it."
        )
    return known
