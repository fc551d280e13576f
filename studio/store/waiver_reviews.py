"""Who looked a second time at the findings that were accepted when a set was frozen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from studio.records import Act
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@applies("waivers.reviewed", undo=True)
def waivers_reviewed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: dataset. The actor stands by all that was accepted with it."""
    tx.need("datasets", payload["dataset"])
    tx.insert("waiver_reviews", {"dataset": payload["dataset"], "person": act.actor, "at": act.at},
              "You have reviewed these already. Nothing was changed.")  # fmt: skip


def of(store: Store, dataset: str) -> dict[str, str]:
    """Person -> when they reviewed what was accepted with this set."""
    rows = store.rows('SELECT person, "at" FROM waiver_reviews WHERE dataset = ? ORDER BY "at"', dataset)
    return {row["person"]: row["at"] for row in rows}
