"""Saved views: a filter of the examples under a name, shared by everybody in the project."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal, canonical
from studio.store.finding import Filter
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class View:
    id: str
    name: str
    wanted: Filter


@applies("view.saved", undo=True)
def view_saved(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, name, filter (what is set of it, as texts). A known id is renamed or pointed at another filter."""
    taken = tx.query(
        "SELECT 1 FROM views WHERE project = ? AND name = ? AND id <> ? AND NOT removed",
        act.project, payload["name"], payload["id"],
    )  # fmt: skip
    if taken:
        raise Refusal(f"A view called “{payload['name']}” is there already. Nothing was saved; choose another name.")
    current = tx.get("views", payload["id"])
    if current is not None and current["project"] != act.project:
        raise Refusal("There is no such view in this project. Nothing was changed.")
    body = canonical(payload["filter"]).decode()
    tx.put("views", {"id": payload["id"], "project": act.project, "name": payload["name"], "body": body,
                     "actor": act.actor, "removed": False, "at": act.at})  # fmt: skip


@applies("view.removed", undo=True)
def view_removed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. The examples that it finds stay as they are."""
    current = tx.need("views", payload["id"])
    if current["removed"] or current["project"] != act.project:
        raise Refusal("There is no such view here any more. Nothing was changed.")
    tx.update("views", current, removed=True)


def every(store: Store, project: str) -> list[View]:
    """Those that were not removed, by name."""
    sql = "SELECT * FROM views WHERE project = ? AND NOT removed ORDER BY lower(name), id"
    return [_view(row) for row in store.rows(sql, project)]


def get(store: Store, view: str) -> View | None:
    """Also one that was removed."""
    rows = store.rows("SELECT * FROM views WHERE id = ?", view)
    return _view(rows[0]) if rows else None


def _view(row: Row) -> View:
    return View(row["id"], row["name"], Filter.of(json.loads(row["body"])))
