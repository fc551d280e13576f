"""Findings of the health check that the team accepts, each with who, when and why."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, canonical
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Waiver:
    """`finding`: the key of a finding; `cases`: how many there were when it was accepted, and `examples`: which (ids);
    None where a version before kept only how many."""

    finding: str
    reason: str
    cases: int
    person: str
    at: str
    examples: frozenset[str] | None


@applies("finding.waived", undo=True)
def finding_waived(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: finding, reason, cases, examples (ids; not in acts of an earlier version). Takes the place of an earlier
    one for the same finding."""
    listed = canonical(payload["examples"]).decode() if "examples" in payload else None
    tx.put("waivers", {"project": act.project, "finding": payload["finding"], "reason": payload["reason"],
                       "cases": payload["cases"], "person": act.actor, "at": act.at, "examples": listed})  # fmt: skip


@applies("waiver.revoked", undo=True)
def waiver_revoked(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: finding."""
    tx.delete("waivers", tx.need("waivers", act.project, payload["finding"]))


def every(store: Store, project: str) -> dict[str, Waiver]:
    """Finding -> the waiver that was written last, whether or not the finding has grown beyond it."""
    rows = store.rows("SELECT * FROM waivers WHERE project = ?", project)
    return {r["finding"]: _waiver(r) for r in rows}


def _waiver(row: Row) -> Waiver:
    listed = row["examples"]
    examples = None if listed is None else frozenset(json.loads(listed))
    return Waiver(row["finding"], row["reason"], row["cases"], row["person"], row["at"], examples)
