"""What people answered to the questions of “Should we fine-tune at all?”."""

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
