"""Projects: the box that a brief, examples and everything after them live in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Project:
    """`origin` is "" for an own project, the name of the demo it was started from, or "copy:" or "begun:" and the id of
    the project it was copied from, or whose brief and settings it was begun with. `template`: it is offered first when
    somebody begins a project."""

    id: str
    name: str
    origin: str
    archived: bool
    made_by: str
    at: str
    template: bool = False


def _still_empty(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    for table in ("briefs", "examples"):
        if tx.query(f"SELECT 1 FROM {table} WHERE project = ? LIMIT 1", act.project):
            raise Refusal("This project holds work already. Nothing was changed. Archive it instead.")


@applies("project.created", guard=_still_empty)
def project_created(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if payload["id"] != act.project:
        raise Refusal("This act makes a project other than its own. Nothing was changed.")
    row = {
        "id": payload["id"],
        "name": payload["name"],
        "origin": payload["origin"],
        "archived": False,
        "template": False,
    }
    tx.insert("projects", {**row, "made_by": act.actor, "at": act.at}, "A project of this name exists already.")


@applies("project.renamed", undo=True)
def project_renamed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    tx.update("projects", tx.need("projects", act.project), name=payload["name"])


def _at_rest(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Nobody is left before a page that is gone: refuses to hide a project in which people vote or a job works."""
    if not payload["archived"]:
        return
    if tx.query("SELECT 1 FROM rounds WHERE project = ? AND state = 'open' LIMIT 1", act.project):
        raise Refusal("A blind round is open in this project. Nothing was archived. Finish or cancel the round first.")
    if tx.query("SELECT 1 FROM jobs WHERE project = ? AND state IN ('queued', 'running') LIMIT 1", act.project):
        raise Refusal("A job of this project is still at work. Nothing was archived. Wait for it, or stop it first.")


@applies("project.archived", undo=True, allowed=_at_rest)
def project_archived(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    tx.update("projects", tx.need("projects", act.project), archived=payload["archived"])


def _has_brief(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if payload["template"] and not tx.query("SELECT 1 FROM briefs WHERE project = ? LIMIT 1", act.project):
        raise Refusal("This project has no brief to begin from. Nothing was changed. Write its brief first.")


@applies("project.template", undo=True, allowed=_has_brief)
def project_template(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: template (whether it is one from now on)."""
    tx.update("projects", tx.need("projects", act.project), template=payload["template"])


def every(store: Store, *, archived: bool = False) -> list[Project]:
    rows = store.rows('SELECT * FROM projects WHERE archived = ? ORDER BY "at"', archived)
    return [Project(**row) for row in rows]


def get(store: Store, project: str) -> Project | None:
    rows = store.rows("SELECT * FROM projects WHERE id = ?", project)
    return Project(**rows[0]) if rows else None


@dataclass(frozen=True)
class Activity:
    """The number of a project's last act, a key for cached reads of it, and when and by whom something was last done
    there (looking at something is not)."""

    version: int
    at: str
    actor: str


def activity(store: Store) -> dict[str, Activity]:
    """Project -> its last activity, of all projects in one pass over the acts."""
    did = "FILTER (WHERE kind NOT IN ('outputs.seen', 'queue.seen'))"
    sql = (
        f'SELECT project, max(seq) AS version, arg_max("at", seq) {did} AS "at", arg_max(actor, seq) {did} AS actor '
        "FROM acts WHERE project <> '' AND seq > 0 GROUP BY project"
    )
    return {row["project"]: Activity(row["version"], row["at"], row["actor"]) for row in store.rows(sql)}


def touched(store: Store, person: str, limit: int = 3) -> list[str]:
    """The projects that this person last did something to as a whole, the latest first."""
    sql = (
        "SELECT project FROM acts WHERE actor = ? AND starts_with(kind, 'project.') AND undone_by IS NULL AND seq > 0 "
        "GROUP BY project ORDER BY max(seq) DESC LIMIT ?"
    )
    return [row["project"] for row in store.rows(sql, person, limit)]
