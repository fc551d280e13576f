"""Votes that were taken out of the studio as texts to teach from: the prompts they are about test nothing any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@applies("votes.taken", undo=True)
def votes_taken(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: examples (ids of the prompts that the file holds). Those taken out before keep their first time."""
    fresh = [each for each in payload["examples"] if tx.get("taken", act.project, each) is None]
    if not payload["examples"]:
        raise Refusal("No vote decides a pair yet, so there is nothing to take out. Nothing was changed.")
    for each in fresh:
        tx.insert("taken", {"project": act.project, "example": each, "person": act.actor, "at": act.at})


def prompts(store: Store, project: str) -> dict[str, str]:
    """Example -> the day (YYYY-MM-DD) on which it was first taken out with votes on it."""
    sql = 'SELECT example, "at" FROM taken WHERE project = ? ORDER BY "at", example'
    return {row["example"]: row["at"][:10] for row in store.rows(sql, project)}
