"""Projects: start one empty or from a demo, rename, archive, make a template of one."""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass

from studio import brief as brief_step
from studio.paths import data_dir
from studio.records import Brief, Example, Person, Refusal, Role, Split, Status, canonical, from_json, to_json
from studio.store import Store, projects
from studio.store.projects import Project


@dataclass(frozen=True)
class Demo:
    """A demo project that ships with the studio. `folder` under the data folder."""

    folder: str
    title: str
    about: str


DEMOS = (
    Demo("support-replies", "Support replies in a house voice", "A homewares shop answers 636 customers."),
    Demo("ticket-triage", "Tickets sorted as JSON", "A time-tracking app sorts 318 tickets."),
)


MAY_MAKE_TEMPLATES = (Role.pm, Role.admin)


def create(store: Store, actor: str, name: str, origin: str = "") -> Project:
    """A new, empty project. Raises Refusal for an empty or taken name."""
    name = own_name(store, name, "Nothing was created.")
    made = new_id(name)
    store.act("project.created", actor, {"id": made, "name": name, "origin": origin}, made)
    found = projects.get(store, made)
    assert found is not None
    return found


def new_id(name: str) -> str:
    """An id nobody has, in which people find the name again."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32] or "project"
    return f"{slug}-{uuid.uuid4().hex[:6]}"


def own_name(store: Store, name: str, safe: str, project: str = "") -> str:
    """`name` without its outer blanks. Raises Refusal, saying what is `safe`, when it is empty or another project's."""
    name = name.strip()
    if not name:
        raise Refusal(f"A project needs a name. {safe}")
    every = [*projects.every(store), *projects.every(store, archived=True)]
    if any(p.name == name and p.id != project for p in every):
        raise Refusal(f"There is a project called “{name}” already. {safe} Choose another name.")
    return name


def from_demo(store: Store, actor: str, folder: str, name: str = "") -> Project:
    """A project filled with a demo's brief and examples, approved. Raises Refusal for an unknown demo."""
    demo = next((d for d in DEMOS if d.folder == folder), None)
    if demo is None:
        raise Refusal(f"There is no demo called “{folder}”. Nothing was created.")
    source = data_dir() / demo.folder
    project = create(store, actor, name or free_name(store, demo.title), origin=demo.folder)
    brief = from_json(Brief, json.loads((source / "brief.json").read_text("utf-8")))
    brief_step.save(store, actor, project.id, brief, note="Came with the demo", changes_meaning=True)
    lines = (source / "examples.jsonl").read_text("utf-8").splitlines()
    batch = uuid.uuid4().hex
    found = [_example(number, json.loads(line), batch) for number, line in enumerate(lines, start=1)]
    about = {"id": batch, "file": "examples.jsonl", "format": "jsonl", "rows": len(found), "refused": []}
    payload = {"batch": about, "rows_blob": store.put_blob(canonical(to_json(found)))}
    store.act("examples.imported", actor, payload, project.id)
    return project


def free_name(store: Store, title: str) -> str:
    """`title`, with a number after it where a project is called so already."""
    taken = {p.name for p in [*projects.every(store), *projects.every(store, archived=True)]}
    return next(n for n in (title, *(f"{title} {i}" for i in range(2, 1000))) if n not in taken)


def _example(number: int, row: dict[str, object], batch: str) -> Example:
    """The demo's own examples were checked by their authors, so they arrive approved; what is held out is fixed."""
    held_out = row["split"] if row["split"] != Split.train.value else None
    value = {**row, "split": held_out, "id": uuid.uuid4().hex, "status": Status.approved.value}
    return from_json(Example, {**value, "source": "demo", "batch": batch, "brief_version": 1, "row": number})


def rename(store: Store, actor: str, project: str, name: str) -> None:
    """Gives a project another name. Raises Refusal for an empty one, or one that another project has."""
    name = own_name(store, name, "Nothing was changed.", project)
    store.act("project.renamed", actor, {"name": name}, project)


def archive(store: Store, actor: str, project: str, *, archived: bool = True) -> None:
    """Hides a project from the lists, or shows it again; nothing in it changes. Raises Refusal to hide one while its
    round is open or a job of it is at work."""
    store.act("project.archived", actor, {"archived": archived}, project)


def make_template(store: Store, person: Person, project: str, *, template: bool = True) -> None:
    """From now on a project is offered first to whoever begins another, or is not any more. Nothing in it changes, and
    what was begun from it stays. Raises Refusal for a role that may not, and for a project without a brief."""
    if person.role not in MAY_MAKE_TEMPLATES:
        raise Refusal("A PM or an admin makes a project a template. Nothing was changed.")
    store.act("project.template", person.id, {"template": template}, project)
