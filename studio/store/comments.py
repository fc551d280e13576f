"""Comments of the team: on one example, or on the verdict of a round, where they answer one another and name people."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store import examples
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

EDIT_MINUTES = 30
"""How long its author may change the wording of a comment on a verdict."""


@dataclass(frozen=True)
class Comment:
    """What one person remarked on an example. `at` in ISO 8601 UTC."""

    id: str
    example: str
    body: str
    person: str
    at: str


@dataclass(frozen=True)
class Remark:
    """What one person remarked on a round's verdict. In `body`, "@[id]" stands for each of `mentions`, people's ids.

    `answers`: the remark that it answers, "" for one that begins a thread. `settled_by`: who called the thread settled,
    "" while it is not; only on its first remark. `edited`, `at`: ISO 8601 UTC, `edited` "" for the first wording.
    `removed`: its author took it back.
    """

    id: str
    project: str
    round: str
    body: str
    person: str
    answers: str
    settled_by: str
    edited: str
    removed: bool
    at: str
    mentions: tuple[str, ...] = ()


def _own(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if "round" in payload:
        if tx.need("rounds", payload["round"])["project"] != act.project:
            raise Refusal("This round belongs to another project. Nothing was saved.")
    else:
        examples.own(tx, act, [payload["example"]])


def _unanswered(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Refuses an undo that would leave an answer to nothing."""
    if tx.query("SELECT 1 FROM comments WHERE answers = ? LIMIT 1", payload["id"]):
        raise Refusal("Somebody answered this comment. Nothing was changed. You can take its words back instead.")


@applies("comment.added", guard=_unanswered, allowed=_own)
def comment_added(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, body, and example; or round, answers (a remark that begins a thread, or "") and mentions."""
    about = {"example": payload.get("example", ""), "round": payload.get("round", ""),
             "answers": payload.get("answers", "")}  # fmt: skip
    if about["round"]:
        if tx.need("rounds", about["round"])["state"] != "closed":
            raise Refusal("The round is open, so there is no verdict to speak of yet. Nothing was saved.")
        _refuse_elsewhere(tx, about)
    else:
        tx.need("examples", about["example"], what="example")
    tx.insert("comments", {
        "id": payload["id"], "project": act.project, "body": payload["body"], "person": act.actor, "removed": False,
        "at": act.at, "settled_by": "", "edited": "", **about,
    })  # fmt: skip
    _mention(tx, payload["id"], payload.get("mentions", []))


def _refuse_elsewhere(tx: Tx, about: Row) -> None:
    """An answer stands under the first remark of a thread on the same round."""
    if about["answers"]:
        first = tx.need("comments", about["answers"])
        if first["round"] != about["round"] or first["answers"]:
            raise Refusal("This comment belongs to another thread. Nothing was saved. Reload the page.")


def _mention(tx: Tx, comment: str, named: list[str]) -> None:
    for person in dict.fromkeys(named):
        tx.need("people", person, what="person")
        tx.insert("mentions", {"comment": comment, "person": person})


@applies("comment.removed", undo=True)
def comment_removed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. Only its author takes a comment away."""
    tx.update("comments", _mine(tx, act, payload, "take it away"), removed=True)


@applies("comment.edited", undo=True)
def comment_edited(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, body, mentions. Only its author, and for `EDIT_MINUTES`; the wording before stays in the journal."""
    row = _mine(tx, act, payload, "change it")
    if not row["round"]:
        raise Refusal("Only comments on a verdict are reworded. Nothing was changed.")
    if act.at > editable_until(row["at"]):
        raise Refusal(
            f"A comment can be reworded for {EDIT_MINUTES} minutes; this one is older. Nothing was changed. "
            "Write another, or take this one back."
        )
    tx.update("comments", row, body=payload["body"], edited=act.at)
    for gone in tx.query("SELECT * FROM mentions WHERE comment = ? ORDER BY person", payload["id"]):
        tx.delete("mentions", gone)
    _mention(tx, payload["id"], payload["mentions"])


@applies("comment.settled", undo=True)
def comment_settled(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id (the first remark of a thread), settled (whether nothing is left to answer)."""
    row = tx.need("comments", payload["id"])
    if not row["round"] or row["answers"]:
        raise Refusal("Only a thread on a verdict is settled. Nothing was changed.")
    if bool(row["settled_by"]) == payload["settled"]:
        raise Refusal("Somebody else said so already. Nothing was changed.")
    tx.update("comments", row, settled_by=act.actor if payload["settled"] else "")


def _mine(tx: Tx, act: Act, payload: dict[str, Any], what: str) -> Row:
    row = tx.need("comments", payload["id"])
    if row["person"] != act.actor:
        raise Refusal(f"Only the person who wrote a comment can {what}. Nothing was changed.")
    if row["removed"]:
        raise Refusal("This comment was taken away already. Nothing was changed.")
    return row


def editable_until(at: str) -> str:
    """ISO time until which a comment written at `at` can be reworded."""
    end = datetime.datetime.fromisoformat(at) + datetime.timedelta(minutes=EDIT_MINUTES)
    return end.isoformat(timespec="milliseconds")


def of_example(store: Store, example: str) -> list[Comment]:
    """In the order they were written, without those taken away."""
    sql = 'SELECT * FROM comments WHERE example = ? AND NOT removed ORDER BY "at", id'
    return [Comment(r["id"], r["example"], r["body"], r["person"], r["at"]) for r in store.rows(sql, example)]


def example_of(store: Store, comment: str) -> str:
    """The example that a comment is on, also one taken away; "" when there is no such comment, or on a verdict."""
    rows = store.rows("SELECT example FROM comments WHERE id = ?", comment)
    return rows[0]["example"] if rows else ""


def of_round(store: Store, name: str) -> list[Remark]:
    """Every remark on a round's verdict, those taken back too, in the order they were written."""
    return _remarks(store, store.rows('SELECT * FROM comments WHERE round = ? ORDER BY "at", id', name))


def on_verdicts(store: Store, project: str) -> list[Remark]:
    """The same of every round of a project."""
    sql = "SELECT * FROM comments WHERE project = ? AND round <> '' ORDER BY \"at\", id"
    return _remarks(store, store.rows(sql, project))


def naming(store: Store, person: str) -> list[Remark]:
    """The remarks of others that name a person and wait: not taken back, in a thread that nobody settled and where the
    person wrote nothing since, of a project that is not archived. The oldest first."""
    sql = (
        "SELECT c.* FROM mentions m JOIN comments c ON c.id = m.comment JOIN projects p ON p.id = c.project "
        "JOIN comments f ON f.id = CASE WHEN c.answers = '' THEN c.id ELSE c.answers END "
        "WHERE m.person = ? AND c.person <> m.person AND NOT c.removed AND f.settled_by = '' AND NOT p.archived "
        'AND NOT EXISTS (SELECT 1 FROM comments a WHERE a.answers = f.id AND a.person = m.person AND a."at" > c."at" '
        'AND NOT a.removed) ORDER BY c."at", c.id'
    )
    return _remarks(store, store.rows(sql, person))


def _remarks(store: Store, found: list[Row]) -> list[Remark]:
    named: dict[str, list[str]] = {}
    sql = "SELECT * FROM mentions WHERE comment IN (SELECT unnest(?::VARCHAR[])) ORDER BY comment, person"
    for row in store.rows(sql, [each["id"] for each in found]):
        named.setdefault(row["comment"], []).append(row["person"])
    fields = [name for name in Remark.__dataclass_fields__ if name != "mentions"]
    return [Remark(**{name: row[name] for name in fields}, mentions=tuple(named.get(row["id"], ()))) for row in found]
