"""Addresses of models elsewhere that an admin allowed: nothing of this workspace is sent to any other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Address:
    """An address such as "https://models.example/v1", and who allowed it when."""

    address: str
    person: str
    at: str


@applies("address.allowed", undo=True)
def address_allowed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: address, allowed. Of the workspace, not of a project."""
    tx.put("addresses", {"address": payload["address"], "allowed": payload["allowed"], "person": act.actor,
                         "at": act.at})  # fmt: skip


def is_allowed(tx: Tx, address: str) -> bool:
    row: Row | None = tx.get("addresses", address)
    return row is not None and bool(row["allowed"])


def allowed(store: Store) -> list[Address]:
    """Those allowed now, in alphabetical order."""
    rows = store.rows("SELECT * FROM addresses WHERE allowed ORDER BY address")
    return [Address(row["address"], row["person"], row["at"]) for row in rows]
