"""The kind of task of a project, where somebody set it by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.records import Act, Task
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@applies("task.chosen", undo=True)
def task_chosen(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: task ("": whatever the brief and the examples look like). Takes the place of an earlier choice."""
    task = Task(payload["task"]).value if payload["task"] else ""
    tx.put("tasks", {"project": act.project, "task": task, "person": act.actor, "at": act.at})


def chosen(store: Store, project: str) -> Task | None:
    """What was chosen last; None: nothing, go by the brief and the examples."""
    rows = store.rows("SELECT task FROM tasks WHERE project = ?", project)
    return Task(rows[0]["task"]) if rows and rows[0]["task"] else None
