"""Projects begun from another one: a copy of it, or its brief and settings alone, in one act."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.projects import Project, project_created
from studio.store.writes import HANDLERS, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

PARTS = ("brief.saved", "task.chosen", "advice.answered", "document.added", "arm.saved", "examples.imported")
"""The kinds of acts a copy is made of, in their order."""


def _untouched(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    sql = "SELECT 1 FROM acts WHERE project = ? AND seq > ? AND kind <> 'undone' AND undone_by IS NULL LIMIT 1"
    if tx.query(sql, act.project, act.seq):
        raise Refusal("Work was done in this project since. Nothing was changed. Archive it instead.")


@applies("project.copied", guard=_untouched)
def project_copied(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: project (id, name, origin), source (id of the project it was begun from), parts (each kind, payload: as
    an act of its own would have it; `PARTS`)."""
    project_created(tx, act, payload["project"])
    for part in payload["parts"]:
        if part["kind"] not in PARTS:
            raise ValueError(f"{part['kind']!r} is no part of a copy")
        HANDLERS[part["kind"]](tx, act, part["payload"])


def source_of(store: Store, project: Project) -> str:
    """The id of the project that this one was begun from; "" for one that was not."""
    return project.origin.partition(":")[2] if project.origin.startswith(("copy:", "begun:")) else ""
