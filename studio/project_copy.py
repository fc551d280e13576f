"""Begin a project from another one: all that was curated, or only its brief and settings."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from studio import projects
from studio.records import PROMPTING, Arm, Brief, Example, Refusal, canonical, to_json
from studio.store import Store, advice, arms, briefs, documents, examples, imports, tasks
from studio.store import projects as project_rows
from studio.store.projects import Project
from studio.wording import all_of, several

Part = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Copied:
    """A project as it was begun from another: how many examples and prompts came along, and the names of the prompts
    that could not, because they show examples of a set that was frozen in the other project."""

    project: Project
    examples: int
    prompts: int
    left: tuple[str, ...]

    @property
    def in_words(self) -> str:
        """One sentence or two for whoever pressed the button."""
        came = [f"{self.examples:,} examples"] if self.examples else []
        came += [f"{self.prompts} prompt{'s' * (self.prompts != 1)}"] if self.prompts else []
        brought = f" with {' and '.join(came)}" if came else ""
        left = f" Left out, as they show examples of a frozen set: {', '.join(self.left)}." if self.left else ""
        return f"“{self.project.name}” is ready{brought}.{left}"


@dataclasses.dataclass(frozen=True)
class Brings:
    """What a project that is begun from a template starts with: the template's `brief`, and of its prompts and
    documents so many. None of its examples, outputs, rounds or votes."""

    brief: Brief
    prompts: int
    documents: int

    @property
    def in_words(self) -> str:
        """One sentence."""
        counted = (
            (len(self.brief.criteria), "criterion", "criteria"),
            (len(self.brief.slices), "kind of input", "kinds of input"), (self.prompts, "prompt", ""),
            (self.documents, "document", ""),
        )  # fmt: skip
        parts = [several(count, *names) for count, *names in counted if count]
        return f"Brings its brief, with {all_of(parts)}." if parts else "Brings its brief."


def brings(store: Store, template: str) -> Brings | None:
    """What comes along from the project `template`; None when its brief was taken back since."""
    brief = briefs.latest(store, template)
    if brief is None:
        return None
    return Brings(brief, len(_fit(_of(store, template))), len(documents.every(store, template)))


def duplicate(store: Store, actor: str, source: str, name: str = "", *, with_examples: bool = True) -> Copied:
    """A new project with the brief, kind of task, answers to "should we tune", documents and prompts of `source`, and
    with its examples unless told otherwise (not those in the trash). Everything gets new ids, in one act.

    It keeps no revisions, comments, frozen sets, runs, outputs, rounds or decisions: they are about the other project.
    Raises Refusal for an unknown project, and for a taken or empty name.
    """
    found = project_rows.get(store, source)
    if found is None:
        raise Refusal("There is no such project. Nothing was created.")
    title = projects.own_name(store, name or projects.free_name(store, f"{found.name} (copy)"), "Nothing was created.")
    brief = briefs.latest(store, source)
    if brief is None and not with_examples:
        raise Refusal(f"“{found.name}” has no brief to begin from. Nothing was created.")
    kept = examples.every(store, source) if with_examples else []
    prompts = _of(store, source)
    fit = _fit(prompts)
    parts = [*_settings(store, found), *_prompts(store, source, fit), *_examples(store, found, kept)]
    made = projects.new_id(title)
    origin = f"{'copy' if with_examples else 'begun'}:{source}"
    payload = {"project": {"id": made, "name": title, "origin": origin}, "source": source, "parts": parts}
    store.act("project.copied", actor, payload, made)
    project = project_rows.get(store, made)
    assert project is not None
    left = tuple(arm.name for arm in prompts if arm.recipe.shots is not None)
    return Copied(project, len(kept), len(fit), left)


def _of(store: Store, source: str) -> list[Arm]:
    return [arm for arm in arms.every(store, source) if arm.kind in PROMPTING]


def _fit(prompts: Sequence[Arm]) -> list[Arm]:
    """Those that show no examples of a set that was frozen in their own project."""
    return [arm for arm in prompts if arm.recipe.shots is None]


def _settings(store: Store, source: Project) -> Iterator[Part]:
    brief = briefs.latest(store, source.id)
    if brief is not None:
        note = f"Copied from “{source.name}”, version {brief.version}"
        value = to_json(dataclasses.replace(brief, version=1))
        yield _part("brief.saved", {"brief": value, "note": note, "changes_meaning": True})
    if task := tasks.chosen(store, source.id):
        yield _part("task.chosen", {"task": task.value})
    for question, answer in advice.answers(store, source.id).items():
        yield _part("advice.answered", {"question": question, "value": answer.value})


def _prompts(store: Store, source: str, prompts: Sequence[Arm]) -> Iterator[Part]:
    """The documents that the prompts may read, then the prompts."""
    for document in documents.every(store, source):
        pieces = [passage.piece for passage in documents.passages_of(store, [document.id])]
        payload = {"id": f"doc-{uuid.uuid4().hex[:12]}", "name": document.name, "sha256": document.sha256,
                   "pieces_blob": store.put_blob(canonical(to_json(pieces)))}  # fmt: skip
        yield _part("document.added", payload)
    # Made in one moment, arms stand in the order of their ids.
    ids = sorted(uuid.uuid4().hex[:12] for _ in prompts)
    for name, arm in zip(ids, prompts, strict=True):
        value = to_json(dataclasses.replace(arm, id=name, version=1, retired=False))
        yield _part("arm.saved", {"arm": {field: value[field] for field in value if field != "project"}})


def _examples(store: Store, source: Project, found: Sequence[Example]) -> Iterator[Part]:
    """As one batch; what was approved before the brief last changed what good means, as one that still is."""
    meaning = briefs.meaning_since(store, source.id)
    for title, stale in (("", False), (", approved under an earlier brief", True)):
        some = [e for e in found if (e.brief_version < meaning) is stale]
        if not some:
            continue
        batch = uuid.uuid4().hex
        about = {"id": batch, "file": f"Copied from “{source.name}”{title}", "format": "copy", "rows": len(some),
                 "refused": []}  # fmt: skip
        columns = store.put_blob(imports.columns_of(_columns(some), len(some)))
        payload = {"batch": about, "brief_version": 0 if stale else 1, "columns_blob": columns}
        yield _part("examples.imported", payload)


_AS_THEY_ARE = (
    "input", "ideal", "slice", "group", "source", "system", "worse", "licence", "expires", "review_by", "recheck",
    "kinds", "tags", "approvals", "status", "split", "consent", "row",
)  # fmt: skip


def _columns(found: Sequence[Example]) -> dict[str, list[Any]]:
    columns = {name: [to_json(getattr(e, name)) for e in found] for name in _AS_THEY_ARE}
    columns["id"] = [uuid.uuid4().hex for _ in found]
    columns["earlier"] = [[[turn.speaker.value, turn.text] for turn in e.earlier] for e in found]
    return columns


def _part(kind: str, payload: dict[str, Any]) -> Part:
    return {"kind": kind, "payload": payload}
