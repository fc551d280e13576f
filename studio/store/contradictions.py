"""Decisions on examples that contradict each other, the pairs of texts that are none after all, and labels that look
wrong and are right."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal, canonical
from studio.store.briefs import brief_saved, not_built_on
from studio.store.examples import examples_marked, examples_rewritten, own
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


RIGHT = "right"
"""The decision on one example that its label is right; its pair is of its text with itself."""


@dataclass(frozen=True)
class SettledPair:
    """Two texts that the team keeps side by side, or one whose label is `RIGHT`. `pair`: their key
    (`studio.health.pair_key`); `rule`: the criterion of the brief that says when which of them is right, "" for none;
    `examples`: those they stood in then."""

    pair: str
    decision: str
    reason: str
    rule: str
    examples: tuple[str, ...]
    person: str
    at: str


def _stands(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Raises Refusal when an example is not as it was when this was decided on; names who was quicker."""
    own(tx, act, list(payload["stood"]))
    for row in tx.need_many("examples", list(payload["stood"]), what="example"):
        if row["revision"] != payload["stood"][row["id"]]:
            sql = (
                "SELECT p.name FROM revisions r JOIN people p ON p.id = r.actor WHERE r.example = ? "
                "ORDER BY r.revision DESC LIMIT 1"
            )
            found = tx.query(sql, row["id"])
            raise Refusal(_quicker(found[0]["name"] if found else "Somebody else"))
        if row["trashed"]:
            raise Refusal("One of these examples is in the trash by now. Nothing was changed. Look at the next case.")
    for pair in payload["pairs"]:
        if tx.get("settled_pairs", act.project, pair["pair"]) is not None:
            raise Refusal(_quicker("Somebody else"))


def _quicker(who: str) -> str:
    return f"{who} decided on this case meanwhile. Theirs is kept and yours changed nothing. Here is what is open now."


def _undoable(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if payload["brief"]:
        not_built_on(tx, act, payload["brief"])


@applies("contradiction.settled", guard=_undoable, allowed=_stands)
def contradiction_settled(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: decision, reason, rule, stood (id -> the revision decided on), rejected (ids), rewritten (examples, each
    with its current revision + 1), brief (as for `brief.saved`, or None), brief_version, pairs (each pair, examples)
    that are no contradiction, or whose label is right, while their texts stand."""
    if payload["brief"]:
        brief_saved(tx, act, payload["brief"])
    if payload["rejected"]:
        marked = {"ids": payload["rejected"], "status": "rejected", "approver": ""}
        examples_marked(tx, act, marked | {"brief_version": payload["brief_version"]})
    if payload["rewritten"]:
        examples_rewritten(tx, act, {"examples": payload["rewritten"]})
    for pair in payload["pairs"]:
        tx.insert("settled_pairs", {
            "project": act.project, "pair": pair["pair"], "decision": payload["decision"], "reason": payload["reason"],
            "rule": payload["rule"], "examples": canonical(pair["examples"]).decode(), "person": act.actor,
            "at": act.at,
        })  # fmt: skip


@applies("contradiction.reopened", undo=True)
def contradiction_reopened(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: pairs (keys). A rule that came with the decision stays in the brief."""
    for pair in payload["pairs"]:
        tx.delete("settled_pairs", tx.need("settled_pairs", act.project, pair, what="decision"))


def settled(store: Store, project: str) -> list[SettledPair]:
    """What holds while the texts stand: pairs that are no contradiction and labels that are right, the newest first."""
    rows = store.rows('SELECT * FROM settled_pairs WHERE project = ? ORDER BY "at" DESC, pair', project)
    return [
        SettledPair(r["pair"], r["decision"], r["reason"], r["rule"], tuple(json.loads(r["examples"])), r["person"],
                    r["at"])
        for r in rows
    ]  # fmt: skip
