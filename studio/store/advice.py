"""What people answered to the questions of “Should we fine-tune at all?”, and how far they agreed as labellers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Given:
    """An answer as it stands: `value` is "" when it was taken back."""

    value: str
    person: str
    at: str


@applies("advice.answered", undo=True)
def advice_answered(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: question, value ("" takes the answer back)."""
    tx.put("advice", {"project": act.project, "question": payload["question"], "value": payload["value"],
                      "person": act.actor, "at": act.at})  # fmt: skip


def answers(store: Store, project: str) -> dict[str, Given]:
    """Question -> the answer that holds, without those taken back."""
    rows = store.rows("SELECT * FROM advice WHERE project = ? AND value <> ''", project)
    return {row["question"]: Given(row["value"], row["person"], row["at"]) for row in rows}


def decisions_by_example(store: Store, project: str) -> list[list[str]]:
    """For each example that somebody labelled: the decisions, by person; who could not tell is left out."""
    told = "project = ? AND decision NOT IN ('', 'skip')"
    sql = f"SELECT example, decision FROM labels WHERE {told} ORDER BY example, person"
    found: dict[str, list[str]] = {}
    for row in store.rows(sql, project):
        found.setdefault(row["example"], []).append(row["decision"])
    return list(found.values())
