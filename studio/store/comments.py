"""Comments of the team on one example."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store import examples
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Comment:
    """What one person remarked on an example. `at` in ISO 8601 UTC."""

    id: str
    example: str
    body: str
    person: str
    at: str


def _own(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    examples.own(tx, act, [payload["example"]])


@applies("comment.added", undo=True, allowed=_own)
def comment_added(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, example, body."""
    tx.need("examples", payload["example"], what="example")
    tx.insert("comments", {
        "id": payload["id"], "project": act.project, "example": payload["example"], "body": payload["body"],
        "person": act.actor, "removed": False, "at": act.at,
    })  # fmt: skip


@applies("comment.removed", undo=True)
def comment_removed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. Only its author takes a comment away."""
    row = tx.need("comments", payload["id"])
    if row["person"] != act.actor:
        raise Refusal("Only the person who wrote a comment can take it away. Nothing was changed.")
    if row["removed"]:
        raise Refusal("This comment was taken away already. Nothing was changed.")
    tx.update("comments", row, removed=True)


def of_example(store: Store, example: str) -> list[Comment]:
    """In the order they were written, without those taken away."""
    sql = 'SELECT * FROM comments WHERE example = ? AND NOT removed ORDER BY "at", id'
    return [Comment(r["id"], r["example"], r["body"], r["person"], r["at"]) for r in store.rows(sql, example)]


def example_of(store: Store, comment: str) -> str:
    """The example that a comment is on, also one taken away; "" when there is no such comment."""
    rows = store.rows("SELECT example FROM comments WHERE id = ?", comment)
    return rows[0]["example"] if rows else ""
