"""Signed decisions: immutable; one can be withdrawn with a reason, and both stay visible."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal, Verdict, canonical
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Decision:
    """`body` is the ruling as it stood when signed; `head` the journal head it was signed on."""

    id: str
    project: str
    round: str
    body: dict[str, Any]
    comment: str
    signed_by: str
    head: str
    withdrawn: str
    at: str

    @property
    def verdict(self) -> Verdict:
        return Verdict(self.body["verdict"])

    @property
    def in_words(self) -> str:
        """What was signed: "no go", "inconclusive, overridden"."""
        word = self.verdict.value.replace("_", " ").lower()
        return f"{word}, overridden" if self.body.get("override") else word

    @property
    def ships(self) -> bool:
        """Whether it stands and lets something ship: a GO, or an override with its reason."""
        return not self.withdrawn and (self.verdict is Verdict.go or bool(self.body.get("override")))


def _about_the_newest(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    newest = "SELECT id FROM rounds WHERE project = ? AND state <> 'cancelled' ORDER BY \"at\" DESC LIMIT 1"
    found = tx.query(newest, act.project)
    if found and found[0]["id"] != payload["round"]:
        raise Refusal("A newer round was opened since, and a decision is about the newest. Nothing was signed.")


@applies("decision.signed", allowed=_about_the_newest)
def decision_signed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, round, body (with verdict), comment, head."""
    Verdict(payload["body"]["verdict"])
    found = tx.need("rounds", payload["round"])
    if found["state"] != "closed":
        raise Refusal("The round is not closed, so there is nothing to sign yet. Nothing was changed.")
    standing = tx.query("SELECT 1 FROM decisions WHERE round = ? AND withdrawn = '' LIMIT 1", payload["round"])
    if standing:
        raise Refusal("A decision on this round is signed already. Nothing was changed. Withdraw it to sign another.")
    tx.insert("decisions", {
        "id": payload["id"], "project": act.project, "round": payload["round"],
        "body": canonical(payload["body"]).decode(), "comment": payload["comment"], "signed_by": act.actor,
        "head": payload["head"], "withdrawn": "", "at": act.at,
    })  # fmt: skip


def _none_standing(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    row = tx.need("decisions", payload["id"])
    if tx.query("SELECT 1 FROM decisions WHERE round = ? AND withdrawn = '' LIMIT 1", row["round"]):
        raise Refusal("Another decision on this round was signed meanwhile. Nothing was changed. Withdraw that first.")


@applies("decision.withdrawn", guard=_none_standing)
def decision_withdrawn(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, reason."""
    row = tx.need("decisions", payload["id"])
    if not payload["reason"].strip():
        raise Refusal("Withdrawing a decision needs a reason. Nothing was changed.")
    if row["withdrawn"]:
        raise Refusal("This decision was withdrawn already. Nothing was changed.")
    tx.update("decisions", row, withdrawn=payload["reason"])


def _decision(row: Row) -> Decision:
    return Decision(**{**row, "body": json.loads(row["body"])})


def every(store: Store, project: str) -> list[Decision]:
    """Newest first, the withdrawn too."""
    return [_decision(r) for r in store.rows('SELECT * FROM decisions WHERE project = ? ORDER BY "at" DESC', project)]


def unsigned(store: Store) -> list[str]:
    """The projects whose latest round (a cancelled one is none) is closed, and no decision on it stands."""
    latest = "SELECT max(\"at\") FROM rounds o WHERE o.project = r.project AND o.state <> 'cancelled'"
    sql = (
        f"SELECT project FROM rounds r WHERE state = 'closed' AND \"at\" = ({latest}) AND NOT EXISTS "
        "(SELECT 1 FROM decisions d WHERE d.round = r.id AND d.withdrawn = '') ORDER BY closed_at"
    )
    return [row["project"] for row in store.rows(sql)]


def on(store: Store, found: str) -> Decision | None:
    """The decision that stands on a round; None while nobody signed one, or once it was withdrawn."""
    rows = store.rows("SELECT * FROM decisions WHERE round = ? AND withdrawn = ''", found)
    return _decision(rows[0]) if rows else None
