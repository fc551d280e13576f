"""What people say of single answers by the brief's criteria, one rating each; of an output as it was then."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import SCALE_LEVELS, Act, Refusal, canonical
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

YES_NO = (0, 1)


@dataclass(frozen=True)
class Rating:
    """One person's rating of an arm's answer. `values`: criterion -> 1 to 5 where it has a scale, else 0 or 1.
    `output`: the hash of what was read."""

    arm: str
    example: str
    person: str
    values: dict[str, int]
    output: str


@applies("answer.rated", undo=True)
def answer_rated(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: dataset, arm, example, output (hash), values. Takes the place of this person's earlier rating of it."""
    if not payload["values"]:
        raise Refusal("Nothing was rated. Answer at least one criterion.")
    if any(value not in range(SCALE_LEVELS + 1) for value in payload["values"].values()):
        raise Refusal(f"A rating is yes, no, or 1 to {SCALE_LEVELS}. Nothing was saved. Choose again.")
    tx.put("ratings", {
        "id": "/".join((payload["dataset"], payload["arm"], payload["example"], act.actor)), "project": act.project,
        "dataset": payload["dataset"], "arm": payload["arm"], "example": payload["example"], "person": act.actor,
        "vals": canonical(payload["values"]).decode(), "output": payload["output"], "at": act.at,
    })  # fmt: skip


def every(store: Store, dataset: str) -> list[Rating]:
    """All ratings of answers to a dataset's prompts, of older outputs too."""
    rows = store.rows("SELECT * FROM ratings WHERE dataset = ? ORDER BY id", dataset)
    return [Rating(r["arm"], r["example"], r["person"], json.loads(r["vals"]), r["output"]) for r in rows]
