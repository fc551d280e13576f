"""Votes that were taken out of the studio as texts to teach from: the prompts they are about test nothing any more."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


def no_open_round(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Raises Refusal while a blind round is open in the project."""
    if tx.query("SELECT 1 FROM rounds WHERE project = ? AND state = 'open' LIMIT 1", act.project):
        raise Refusal(
            "A blind round is open, and to teach from votes spends test prompts that it may use. Nothing was changed. "
            "Finish or cancel the round first."
        )


def _not_again(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """A prompt that a later file holds, too, stays spent by that one."""
    sql = "SELECT payload FROM acts WHERE project = ? AND kind = ? AND undone_by IS NULL AND seq > ?"
    later = [json.loads(tx.blob(row["payload"])) for row in tx.query(sql, act.project, act.kind, act.seq)]
    if any(set(payload["examples"]) & set(each["examples"]) for each in later):
        raise Refusal("A later file holds these prompts, too. Nothing was changed. Undo the later one first.")


@applies("votes.taken", undo=True, guard=_not_again, allowed=no_open_round)
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
