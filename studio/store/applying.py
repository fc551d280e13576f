"""What one act does to the rows, and its line in the database's own list of acts."""

from __future__ import annotations

from typing import Any

from studio.records import Act
from studio.store import series
from studio.store.writes import HANDLERS, Tx


def applied(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Runs the handler of the act's kind and lists the act."""
    HANDLERS[act.kind](tx, act, payload)
    if "series" in payload:
        series.count_part(tx, act, payload["series"])
    listed(tx, act)


def listed(tx: Tx, act: Act) -> None:
    tx.query(
        "INSERT INTO acts VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
        act.seq, act.id, act.at, act.actor, act.kind, act.project, act.payload, act.hash,
    )  # fmt: skip
