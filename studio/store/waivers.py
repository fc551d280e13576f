"""Findings of the health check that the team accepts, each with who, when and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Waiver:
    """`finding`: the key of a finding; `cases`: how many there were when it was accepted."""

    finding: str
    reason: str
    cases: int
    person: str
    at: str


@applies("finding.waived", undo=True)
def finding_waived(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: finding, reason, cases. Takes the place of an earlier one for the same finding."""
    tx.put("waivers", {"project": act.project, "finding": payload["finding"], "reason": payload["reason"],
                       "cases": payload["cases"], "person": act.actor, "at": act.at})  # fmt: skip


@applies("waiver.revoked", undo=True)
def waiver_revoked(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: finding."""
    tx.delete("waivers", tx.need("waivers", act.project, payload["finding"]))


def every(store: Store, project: str) -> dict[str, Waiver]:
    """Finding -> the waiver that was written last, whether or not the finding has grown beyond it."""
    rows = store.rows("SELECT * FROM waivers WHERE project = ?", project)
    return {r["finding"]: Waiver(r["finding"], r["reason"], r["cases"], r["person"], r["at"]) for r in rows}
