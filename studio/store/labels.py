"""Labelling queues: who is asked about which example, what they said, and what a designer settled.

A label's key is (queue, example, person): the database refuses a second. The act that brings an item's last label also
saves the example, so that no item is ever agreed on and yet undecided.
"""

from __future__ import annotations

import enum
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Example, Refusal, canonical, from_json
from studio.store import examples
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

TWICE = "You labelled this one already; that label stands. Go back to it to change it."
CLOSED = "This queue was closed meanwhile, so the label was not counted. Everything labelled before is safe."


class Answer(enum.StrEnum):
    """What a label says of an example. `skip`: this person cannot tell."""

    approve = "approve"
    reject = "reject"
    edit = "edit"
    skip = "skip"


class Raced(Refusal):
    """Another label of the same item arrived first; what follows from this one is to be worked out again."""


@dataclass(frozen=True)
class Queue:
    """A list of `items` examples dealt to `people` (ids). `shared` of them went to `overlap` people each."""

    id: str
    project: str
    name: str
    items: int
    people: tuple[str, ...]
    overlap: int
    shared: int
    seed: str
    closed: bool
    actor: str
    at: str


@dataclass(frozen=True)
class Label:
    """What one person said of one example. `criterion`: the rule they name as the reason; `ideal`: their own version,
    with an edit; `seconds` on screen; `text`: fingerprint of the text they saw; `act`: the act that gave it."""

    queue: str
    example: str
    person: str
    decision: Answer
    criterion: str = ""
    ideal: str = ""
    note: str = ""
    seconds: float = 0.0
    text: str = ""
    act: int = 0
    at: str = ""


# -- acts ------------------------------------------------------------------------------------------


def _no_labels(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if tx.query("SELECT 1 FROM labels WHERE queue = ? LIMIT 1", payload["id"]):
        raise Refusal("People have labelled in this queue. Nothing was changed. Close it instead; labels are kept.")


@applies("queue.opened", guard=_no_labels)
def queue_opened(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, name, people, overlap, shared, seed, deal_blob (JSON list of [example, [person, ...]], in order)."""
    deal = json.loads(tx.blob(payload["deal_blob"]))
    tx.insert("queues", {
        "id": payload["id"], "project": act.project, "name": payload["name"], "items": len(deal),
        "people": canonical(payload["people"]).decode(), "overlap": payload["overlap"], "shared": payload["shared"],
        "seed": payload["seed"], "closed": False, "actor": act.actor, "at": act.at,
    })  # fmt: skip
    rows = [
        {"queue": payload["id"], "person": person, "example": example, "position": position}
        for position, (example, persons) in enumerate(deal)
        for person in persons
    ]
    tx.insert_many("assignments", rows, ("queue", payload["id"]))


@applies("queue.closed", undo=True)
def queue_closed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. Its labels stay."""
    row = tx.need("queues", payload["id"])
    if row["closed"]:
        raise Refusal("This queue is closed already. Nothing was changed.")
    tx.update("queues", row, closed=True)


def _not_built_on(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """A label can be taken back until a designer settled its item, or others completed it."""
    item = (payload["queue"], payload["example"])
    if tx.get("settlements", *item):
        raise Refusal("A designer has settled this item since. Nothing was changed. Ask them to look at it again.")
    labels = tx.query("SELECT person, act FROM labels WHERE queue = ? AND example = ?", *item)
    asked = tx.query("SELECT person FROM assignments WHERE queue = ? AND example = ?", *item)
    if len(labels) == len(asked) and max(row["act"] for row in labels) > act.seq:
        raise Refusal(
            "Others finished this item since. Nothing was changed. Go back to it and change your label there."
        )


@applies("label.given", guard=_not_built_on)
def label_given(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: queue, example, decision, criterion, ideal, note, seconds, text, change (in place of the actor's own),
    others (who had labelled the item), becomes (the example that follows from all labels, or None)."""
    item = (payload["queue"], payload["example"])
    _still_open(tx, act, item)
    others = tx.query("SELECT person FROM labels WHERE queue = ? AND example = ? AND person <> ?", *item, act.actor)
    if sorted(row["person"] for row in others) != payload["others"]:
        raise Raced("Somebody labelled this item in the same moment. Nothing was changed. Press again.")
    row: Row = {
        "queue": item[0], "example": item[1], "person": act.actor, "project": act.project,
        "decision": Answer(payload["decision"]).value, "criterion": payload["criterion"], "ideal": payload["ideal"],
        "note": payload["note"], "seconds": payload["seconds"], "text": payload["text"], "act": act.seq, "at": act.at,
    }  # fmt: skip
    if payload["change"]:
        tx.update("labels", tx.need("labels", *item, act.actor), **row)
    else:
        tx.insert("labels", row, TWICE)
    _becomes(tx, act, payload)


def _still_open(tx: Tx, act: Act, item: tuple[str, str]) -> None:
    if tx.need("queues", item[0])["closed"]:
        raise Refusal(CLOSED)
    if tx.get("assignments", item[0], act.actor, item[1]) is None:
        raise Refusal("This example is not in your part of the queue. Nothing was changed. Reload the page.")
    if tx.get("settlements", *item):
        raise Refusal("A designer has settled this item already. Nothing was changed.")


@applies("label.settled", undo=True)
def label_settled(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: queue, example, decision, note, becomes. A designer's word on an item that people split on."""
    tx.need("queues", payload["queue"])
    tx.insert("settlements", {
        "queue": payload["queue"], "example": payload["example"], "decision": Answer(payload["decision"]).value,
        "note": payload["note"], "person": act.actor, "at": act.at,
    }, "Somebody settled this item already. Nothing was changed. Reload the page.")  # fmt: skip
    _becomes(tx, act, payload)


def _becomes(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if payload["becomes"] is not None:
        examples.keep_revision(tx, act, from_json(Example, payload["becomes"]))


# -- reads -----------------------------------------------------------------------------------------


def _queue(row: Row) -> Queue:
    return Queue(**{**row, "people": tuple(json.loads(row["people"]))})


def _label(row: Row) -> Label:
    return Label(
        row["queue"], row["example"], row["person"], Answer(row["decision"]), row["criterion"], row["ideal"],
        row["note"], row["seconds"], row["text"], row["act"], row["at"],
    )  # fmt: skip


def queues(store: Store, project: str) -> list[Queue]:
    """Newest first, also closed ones."""
    return [_queue(row) for row in store.rows('SELECT * FROM queues WHERE project = ? ORDER BY "at" DESC, id', project)]


def queue(store: Store, name: str) -> Queue | None:
    rows = store.rows("SELECT * FROM queues WHERE id = ?", name)
    return _queue(rows[0]) if rows else None


def upcoming(store: Store, name: str, person: str, after: int = -1) -> tuple[str, int] | None:
    """(example, position) of the first one after `after` that waits for this person's label and is not in the trash."""
    sql = """
        SELECT a.example, a.position FROM assignments a
        WHERE a.queue = ? AND a.person = ? AND a.position > ? AND a.example NOT IN
            (SELECT example FROM labels WHERE queue = ? AND person = ?) ORDER BY a.position LIMIT ?"""
    for limit in (1, 64, 1_000_000_000):  # trashed ones are rare: the join is spared where the first one will do
        found = store.rows(sql, name, person, after, name, person, limit)
        for row in found:
            if not examples.is_trashed(store, row["example"]):
                return row["example"], row["position"]
        if len(found) < limit:
            break
    return None


def beside(store: Store, name: str, person: str, position: int) -> str | None:
    """The example of this person's part that stands before `position`, labelled or not; None at its start."""
    sql = (
        "SELECT example FROM assignments WHERE queue = ? AND person = ? AND position < ? ORDER BY position DESC LIMIT 1"
    )
    rows = store.rows(sql, name, person, position)
    return rows[0]["example"] if rows else None


def place(store: Store, name: str, person: str, example: str) -> int | None:
    """Where an example stands in this person's part of the queue; None when it is not theirs."""
    sql = "SELECT position FROM assignments WHERE queue = ? AND person = ? AND example = ?"
    rows = store.rows(sql, name, person, example)
    return rows[0]["position"] if rows else None


def asked(store: Store, name: str, example: str) -> list[str]:
    """The people who are asked about an example."""
    sql = "SELECT person FROM assignments WHERE queue = ? AND example = ? ORDER BY person"
    return [row["person"] for row in store.rows(sql, name, example)]


def progress(store: Store, name: str, person: str) -> tuple[int, int]:
    """(labels given, examples asked about) of one person in a queue."""
    sql = """SELECT (SELECT count(*) FROM labels WHERE queue = ? AND person = ?) AS done,
        (SELECT count(*) FROM assignments WHERE queue = ? AND person = ?) AS total"""
    row = store.rows(sql, name, person, name, person)[0]
    return row["done"], row["total"]


def of_item(store: Store, name: str, example: str) -> list[Label]:
    """The labels of one example in a queue, in the order they were given."""
    return [
        _label(r)
        for r in store.rows("SELECT * FROM labels WHERE queue = ? AND example = ? ORDER BY act", name, example)
    ]


def every(store: Store, name: str) -> list[Label]:
    """All labels of a queue, in the order they were given."""
    return [_label(r) for r in store.rows("SELECT * FROM labels WHERE queue = ? ORDER BY act", name)]


def last(store: Store, name: str, person: str, most: int = 1) -> list[Label]:
    """The labels that this person gave last in a queue, newest first."""
    sql = "SELECT * FROM labels WHERE queue = ? AND person = ? ORDER BY act DESC LIMIT ?"
    return [_label(row) for row in store.rows(sql, name, person, most)]


def shared_out(store: Store, name: str) -> dict[str, int]:
    """Example -> how many people are asked, for those that more than one is asked about."""
    sql = "SELECT example, count(*) AS n FROM assignments WHERE queue = ? GROUP BY example HAVING count(*) > 1"
    return {row["example"]: row["n"] for row in store.rows(sql, name)}


def settled(store: Store, name: str) -> dict[str, str]:
    """Example -> who settled it, for items that a designer settled."""
    return {
        r["example"]: r["person"] for r in store.rows("SELECT example, person FROM settlements WHERE queue = ?", name)
    }


def paces(store: Store, project: str) -> dict[str, list[float]]:
    """Person -> seconds on screen of each of their labels in a project, over all queues."""
    sql = "SELECT person, seconds FROM labels WHERE project = ? AND seconds > 0 ORDER BY act"
    found: dict[str, list[float]] = {}
    for row in store.rows(sql, project):
        found.setdefault(row["person"], []).append(row["seconds"])
    return found
