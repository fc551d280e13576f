"""Read-only links to a project's decision, for people without an account. Of a token only its SHA-256 is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Share:
    """One link. `round`: the round whose decision it shows, "" for the latest of the project. `name`: for whom it was
    made. `answers`: whether answers may be shown on it. `expires`, `last_opened`, `at`: ISO 8601 UTC, `last_opened` ""
    before the first opening; `opened` counts them."""

    id: str
    project: str
    round: str
    sha: str
    name: str
    answers: bool
    expires: str
    withdrawn: bool
    opened: int
    last_opened: str
    made_by: str
    at: str


@applies("share.made")
def share_made(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, sha, round, name, answers, expires. It has no undo but `share.withdrawn`: the link may be out."""
    if payload["round"] and tx.need("rounds", payload["round"])["project"] != act.project:
        raise Refusal("This round belongs to another project. No link was made.")
    tx.insert("shares", {
        **{name: payload[name] for name in ("id", "sha", "round", "name", "answers", "expires")},
        "project": act.project, "withdrawn": False, "opened": 0, "last_opened": "", "made_by": act.actor, "at": act.at,
    })  # fmt: skip


@applies("share.withdrawn", undo=True)
def share_withdrawn(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id."""
    row = tx.need("shares", payload["id"], what="link")
    if row["withdrawn"]:
        raise Refusal("This link was withdrawn already. Nothing was changed.")
    tx.update("shares", row, withdrawn=True)


@applies("share.opened")
def share_opened(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. Nothing is kept of who opened it."""
    row = tx.need("shares", payload["id"], what="link")
    tx.update("shares", row, opened=row["opened"] + 1, last_opened=act.at)


def of(store: Store, project: str) -> list[Share]:
    """Every link of a project, the newest first, those that open nothing any more, too."""
    sql = 'SELECT * FROM shares WHERE project = ? ORDER BY "at" DESC, id'
    return [Share(**row) for row in store.rows(sql, project)]


def standing(store: Store, sha: str, at: str) -> Share | None:
    """The link with this hash of its token, if it opens something at the ISO time `at`: it was not withdrawn and has
    not expired, its project is not archived, and who made it is here and may still make one."""
    sql = (
        "SELECT s.* FROM shares s JOIN people p ON p.id = s.made_by JOIN projects o ON o.id = s.project "
        "WHERE s.sha = ? AND NOT s.withdrawn AND s.expires > ? AND NOT o.archived "
        "AND p.active AND p.role IN ('pm', 'admin')"
    )
    found = store.rows(sql, sha, at)
    return Share(**found[0]) if found else None
