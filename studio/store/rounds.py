"""Blind rounds, their pairs and votes. A vote's key is (round, pair, reviewer): the database refuses a second."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import (
    Act,
    Choice,
    Pair,
    PairKind,
    Refusal,
    Round,
    Turn,
    Vote,
    candidates_of,
    canonical,
    from_json,
)
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

TWICE = "You voted on that pair already; the first vote stands. Take it back to vote again."
MOST_NOTE, MOST_BETTER = 2_000, 20_000
"""Characters that a note and a better answer may have."""
TOO_LATE = (
    "The round closed before this arrived, so it was not added to your vote. The vote is safe, and so is your text."
)
CLOSED = "The round closed before this vote arrived, so it was not counted. Everything voted before is safe."


def _no_votes(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if tx.query("SELECT 1 FROM votes WHERE round = ? LIMIT 1", payload["id"]):
        raise Refusal("People have voted in this round. Nothing was changed. Cancel the round instead; votes are kept.")


@applies("round.opened", guard=_no_votes)
def round_opened(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, registration, sha256, commitment, pairs_blob (JSON list of pair rows, with their sides)."""
    if tx.query("SELECT 1 FROM rounds WHERE project = ? AND state = 'open' LIMIT 1", act.project):
        raise Refusal("A round is open in this project. Nothing was changed. Finish or cancel it first.")
    tx.insert("rounds", {
        "id": payload["id"], "project": act.project, "registration": canonical(payload["registration"]).decode(),
        "sha256": payload["sha256"], "state": "open", "commitment": payload["commitment"], "seed": "",
        "closed_because": "", "actor": act.actor, "at": act.at, "closed_at": "",
    })  # fmt: skip
    first = candidates_of(payload["registration"])[0].arm
    # Older pairs hold no earlier turns, and are real ones about the round's only candidate.
    older = {"earlier": "[]", "candidate": first, "kind": PairKind.real.value, "of": "",
             "left_written": "", "right_written": ""}  # fmt: skip
    rows = [{**older, **row, "round": payload["id"]} for row in json.loads(tx.blob(payload["pairs_blob"]))]
    tx.insert_many("pairs", rows, ("round", payload["id"]))


def _no_votes_since(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    found = tx.need("rounds", payload["id"])
    sql = "SELECT 1 FROM acts WHERE kind = 'vote.cast' AND project = ? AND seq > ? AND undone_by IS NULL LIMIT 1"
    if found["sha256"] != payload["sha256"] or found["state"] != "open" or tx.query(sql, act.project, act.seq):
        raise Refusal(
            "The round went on under this amendment. Nothing was changed. Amend it again, with the reason, instead."
        )


@applies("round.amended", guard=_no_votes_since)
def round_amended(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, previous (the hash before), registration (as amended, with the ledger in it), sha256."""
    row = tx.need("rounds", payload["id"])
    if row["state"] != "open":
        raise Refusal("The round is not open any more. Nothing was changed.")
    if row["sha256"] != payload["previous"]:
        raise Refusal("Somebody amended the round meanwhile. Nothing was changed. Read it again, then change it.")
    tx.update("rounds", row, registration=canonical(payload["registration"]).decode(), sha256=payload["sha256"])


def _still_open(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if tx.need("rounds", payload["round"])["state"] != "open":
        raise Refusal("The round is closed, so its votes can no longer change. Nothing was changed.")


@applies("vote.cast", guard=_still_open)
def vote_cast(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: round, registration (its hash), pair, choice, reason, shippable_a, shippable_b, scripted, conflict;
    newer ones also reasons, note, better, seconds."""
    found = tx.need("rounds", payload["round"])
    if found["state"] != "open":
        raise Refusal(CLOSED)
    if payload["registration"] != found["sha256"]:
        raise Refusal("This vote belongs to another registration of the round. It was not counted. Reload the page.")
    pair = tx.need("pairs", payload["pair"])
    if pair["round"] != payload["round"]:
        raise Refusal("This pair is not part of the round. The vote was not counted. Reload the page.")
    vote = vote_of(act, payload)
    if vote.choice is Choice.skip and not vote.reason:
        raise Refusal("A skip needs a reason. The pair is still open.")
    tx.insert("votes", {
        "pair": vote.pair, "reviewer": vote.reviewer, "round": payload["round"], "choice": vote.choice.value,
        "reason": vote.reason, "shippable_a": vote.shippable_a, "shippable_b": vote.shippable_b,
        "scripted": vote.scripted, "conflict": vote.conflict, "at": vote.at, **_said(payload),
        "seconds": vote.seconds,
    }, TWICE)  # fmt: skip


def vote_of(act: Act, payload: dict[str, Any]) -> Vote:
    """The vote that an act "vote.cast" casts, as it is read again from its row."""
    return Vote(payload["pair"], act.actor, Choice(payload["choice"]), payload["reason"], payload["shippable_a"],
                payload["shippable_b"], payload["scripted"], payload["conflict"], act.at,
                tuple(payload.get("reasons", ())), payload.get("note", ""), payload.get("better", ""),
                payload.get("seconds"))  # fmt: skip


def _said(payload: dict[str, Any]) -> Row:
    """What a voter said beside the vote, as columns; votes of before said nothing."""
    note, better = payload.get("note", ""), payload.get("better", "")
    if len(note) > MOST_NOTE or len(better) > MOST_BETTER:
        raise Refusal(
            f"A note may have {MOST_NOTE:,} characters and a better answer {MOST_BETTER:,}. Nothing was saved; what "
            "you wrote is still there: shorten it."
        )
    return {"reasons": canonical(payload.get("reasons", [])).decode(), "note": note, "better": better}


@applies("vote.explained", guard=_still_open)
def vote_explained(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: round, pair, reasons, note, better: all that the actor now says beside their vote on the pair."""
    if tx.need("rounds", payload["round"])["state"] != "open":
        raise Refusal(TOO_LATE)
    vote = tx.get("votes", payload["round"], payload["pair"], act.actor)
    if vote is None:
        raise Refusal("You have no vote on that pair to say more about. Nothing was saved; what you wrote is kept.")
    tx.update("votes", vote, **_said(payload))


@applies("round.closed")
def round_closed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, because, seed (published now); newer ones also seen (the act up to which the votes were judged)."""
    row = tx.need("rounds", payload["id"])
    if row["state"] != "open":
        raise Refusal("The round is closed already. Nothing was changed.")
    sql = (
        "SELECT 1 FROM acts WHERE project = ? AND seq > ? AND kind IN ('vote.cast', 'round.amended', 'undone') LIMIT 1"
    )
    if "seen" in payload and tx.query(sql, act.project, payload["seen"]):
        raise Refusal("A vote arrived meanwhile, so the round was not closed yet. Nothing was changed.")
    tx.update("rounds", row, state="closed", closed_because=payload["because"], seed=payload["seed"], closed_at=act.at)


def _none_open(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if tx.query("SELECT 1 FROM rounds WHERE project = ? AND state = 'open' LIMIT 1", act.project):
        raise Refusal(
            "Another round is open in this project meanwhile. Nothing was changed. Finish or cancel it first."
        )


@applies("round.cancelled", guard=_none_open)
def round_cancelled(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, because. Its votes stay in the record and decide nothing."""
    row = tx.need("rounds", payload["id"])
    if row["state"] != "open":
        raise Refusal("Only an open round can be cancelled. Nothing was changed.")
    tx.update("rounds", row, state="cancelled", closed_because=payload["because"], closed_at=act.at)


def _round(row: Row) -> Round:
    return Round(row["id"], row["project"], json.loads(row["registration"]), row["sha256"], row["state"],
                 row["commitment"], row["seed"], row["closed_because"], row["at"])  # fmt: skip


def _pair(row: Row) -> Pair:
    return Pair(row["id"], row["round"], row["position"], row["example"], row["slice"], row["input"], row["left_text"],
                row["right_text"], row["baseline"], row["candidate_left"],
                tuple(from_json(Turn, turn) for turn in json.loads(row["earlier"])), candidate=row["candidate"],
                kind=PairKind(row["kind"]), of=row["of"], left_written=row["left_written"],
                right_written=row["right_written"])  # fmt: skip


def every(store: Store, project: str) -> list[Round]:
    """Newest first."""
    return [_round(row) for row in store.rows('SELECT * FROM rounds WHERE project = ? ORDER BY "at" DESC', project)]


def all_open(store: Store) -> list[Round]:
    """The open rounds of all projects, the oldest first."""
    return [_round(row) for row in store.rows("SELECT * FROM rounds WHERE state = 'open' ORDER BY \"at\"")]


def get(store: Store, name: str) -> Round | None:
    def read() -> Round | None:
        rows = store.rows("SELECT * FROM rounds WHERE id = ?", name)
        return _round(rows[0]) if rows else None

    return store.kept(("round", name), ("rounds",), read)


TABLES = ("rounds", "pairs", "votes")
"""On which what the votes of a round say depends."""


def pairs(store: Store, name: str) -> list[Pair]:
    """In the registered order. Read once for all who ask."""
    sql = "SELECT * FROM pairs WHERE round = ? ORDER BY position, id"
    return list(store.once(("pairs", name), lambda: tuple(_pair(row) for row in store.rows(sql, name)), ("pairs",)))


def pair(store: Store, name: str) -> Pair | None:
    rows = store.rows("SELECT * FROM pairs WHERE id = ?", name)
    return _pair(rows[0]) if rows else None


def votes(store: Store, name: str) -> list[Vote]:
    """In the order they were cast. Read once for all who ask before the next vote."""
    sql = f"SELECT * FROM votes WHERE round = ? {_IN_ORDER}"
    return list(store.once(("votes", name), lambda: tuple(_vote(row) for row in store.rows(sql, name)), ("votes",)))


_IN_ORDER = 'ORDER BY "at", pair, reviewer'


def _vote(r: Row) -> Vote:
    return Vote(r["pair"], r["reviewer"], Choice(r["choice"]), r["reason"], r["shippable_a"], r["shippable_b"],
                r["scripted"], r["conflict"], r["at"], tuple(json.loads(r["reasons"])), r["note"], r["better"],
                r["seconds"])  # fmt: skip


@dataclass(frozen=True)
class News:
    """Votes in the order they were cast, and an act up to which none is missing."""

    seq: int
    votes: tuple[Vote, ...]


def votes_now(store: Store, name: str) -> News:
    """All votes of a round as they are now."""
    last = store.rows("SELECT max(seq) AS seq FROM acts")[0]["seq"]
    return News(last or 0, tuple(votes(store, name)))


def votes_since(store: Store, name: str, seq: int) -> News | None:
    """The votes cast in a round after act `seq`; None when an act since then did something else to votes."""
    acts = store.rows('SELECT seq, kind, actor, "at" FROM acts WHERE seq > ? ORDER BY seq', seq)
    touching = {act["kind"] for act in acts if act["kind"] == "undone" or act["kind"].startswith("vote.")}
    if touching - {"vote.cast"}:
        return None
    last = acts[-1]["seq"] if acts else seq
    cast = {(act["actor"], act["at"]) for act in acts if act["kind"] == "vote.cast"}
    if not cast:
        return News(last, ())
    sql = f'SELECT * FROM votes WHERE round = ? AND "at" >= ? {_IN_ORDER}'
    found = (_vote(row) for row in store.rows(sql, name, min(at for _, at in cast)))
    return News(last, tuple(vote for vote in found if (vote.reviewer, vote.at) in cast))


def has_voted(store: Store, name: str, pair_id: str, reviewer: str) -> bool:
    sql = "SELECT 1 FROM votes WHERE round = ? AND pair = ? AND reviewer = ?"
    return bool(store.rows(sql, name, pair_id, reviewer))


def explained(store: Store, name: str, pair_id: str, reviewer: str) -> list[int]:
    """The numbers of the acts that said more about a vote that stands and were not undone, the last first."""
    sql = (
        "SELECT seq, payload FROM acts WHERE kind = 'vote.explained' AND actor = ? AND undone_by IS NULL "
        "ORDER BY seq DESC LIMIT 200"
    )
    found = [(row["seq"], json.loads(store.get_blob(row["payload"]))) for row in store.rows(sql, reviewer)]
    return [seq for seq, payload in found if (payload["round"], payload["pair"]) == (name, pair_id)]


def last_vote(store: Store, name: str, reviewer: str) -> tuple[int, Vote] | None:
    """The act number and vote that this reviewer cast last in the round and that still stands."""
    sql = "SELECT seq, payload FROM acts WHERE kind = 'vote.cast' AND actor = ? AND undone_by IS NULL ORDER BY seq DESC"
    for row in store.rows(sql + " LIMIT 50", reviewer):
        payload = json.loads(store.get_blob(row["payload"]))
        if payload["round"] == name:
            return row["seq"], Vote(payload["pair"], reviewer, Choice(payload["choice"]), payload["reason"])
    return None
