"""Labelling queues: who is asked about which example, what they said, and what a designer settled.

A label's key is queue/example/person: the database refuses a second. One text is the key, because DuckDB finds a row
by its index only where that is one column: 0.3 ms instead of a scan of 100,000 rows. The act that brings an item's last
label also saves the example, so that no item is ever agreed on and yet undecided.
"""

from __future__ import annotations

import enum
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Example, Refusal, canonical, from_json
from studio.store import examples
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

SEEN = "queue/"
"""Before a queue's id in the list of what people have seen; other entries there are of outputs."""

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
    """A list of `items` examples dealt to `people` (id -> how many). `shared` of them went to `overlap` people each."""

    id: str
    project: str
    name: str
    items: int
    people: dict[str, int]
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


def _item(queue: str, example: str) -> str:
    return f"{queue}/{example}"


def _key(queue: str, example: str, person: str) -> str:
    return f"{queue}/{example}/{person}"


# -- acts ------------------------------------------------------------------------------------------


def _no_labels(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if tx.query("SELECT 1 FROM labels WHERE queue = ? LIMIT 1", payload["id"]):
        raise Refusal("People have labelled in this queue. Nothing was changed. Close it instead; labels are kept.")


@applies("queue.opened", guard=_no_labels)
def queue_opened(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, name, overlap, shared, seed, deal_blob (JSON list of [example, [person, ...]], in order)."""
    deal = json.loads(tx.blob(payload["deal_blob"]))
    people = Counter(person for _, persons in deal for person in persons)
    tx.insert("queues", {
        "id": payload["id"], "project": act.project, "name": payload["name"], "items": len(deal),
        "people": canonical(dict(people)).decode(), "overlap": payload["overlap"], "shared": payload["shared"],
        "seed": payload["seed"], "closed": False, "actor": act.actor, "at": act.at,
    })  # fmt: skip
    rows = [
        {"id": _item(payload["id"], example), "queue": payload["id"], "position": position, "example": example,
         "people": canonical(persons).decode()}
        for position, (example, persons) in enumerate(deal)
    ]  # fmt: skip
    tx.insert_many("assignments", rows, ("queue", payload["id"]))


@applies("queue.closed", undo=True)
def queue_closed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. Its labels stay."""
    row = tx.need("queues", payload["id"])
    if row["closed"]:
        raise Refusal("This queue is closed already. Nothing was changed.")
    tx.update("queues", row, closed=True)


@applies("queue.seen")
def queue_seen(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: queue. The actor was shown an example of it; nobody can unsee that, so it has no undo."""
    what = SEEN + payload["queue"]
    if tx.get("exposures", act.project, act.actor, what) is None:
        tx.put("exposures", {"project": act.project, "person": act.actor, "what": what, "at": act.at})


def _not_built_on(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """A label can be taken back until a designer settled its item, or others completed it."""
    asked = _asked(tx, payload)
    if tx.get("settlements", _item(payload["queue"], payload["example"])):
        raise Refusal("A designer has settled this item since. Nothing was changed. Ask them to look at it again.")
    found = _labels_of(tx, payload, asked)
    last = max(found, key=lambda row: row["act"], default=None)
    if len(found) == len(asked) and last is not None and last["act"] > act.seq:
        who = "You changed this label" if last["person"] == act.actor else "Others finished this item"
        raise Refusal(f"{who} since. Nothing was changed. Go back to it and change your label there.")


def _asked(tx: Tx, payload: dict[str, Any]) -> list[str]:
    row = tx.need("assignments", _item(payload["queue"], payload["example"]), what="item")
    return list(json.loads(row["people"]))


def _labels_of(tx: Tx, payload: dict[str, Any], people: list[str]) -> list[Row]:
    found = (tx.get("labels", _key(payload["queue"], payload["example"], person)) for person in people)
    return [row for row in found if row is not None]


def _own(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    examples.own(tx, act, [payload["example"]])


@applies("label.given", guard=_not_built_on, allowed=_own)
def label_given(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: queue, example, decision, criterion, ideal, note, seconds, text, change (in place of the actor's own),
    others (who had labelled the item), becomes (the example that follows from all labels, or None)."""
    queue, example = payload["queue"], payload["example"]
    others = [person for person in _open_to(tx, act, payload) if person != act.actor]
    if sorted(row["person"] for row in _labels_of(tx, payload, others)) != payload["others"]:
        raise Raced("Somebody labelled this item in the same moment. Nothing was changed. Press again.")
    row: Row = {
        "id": _key(queue, example, act.actor), "act": act.seq, "queue": queue, "example": example,
        "person": act.actor, "project": act.project, "decision": Answer(payload["decision"]).value,
        "criterion": payload["criterion"], "ideal": payload["ideal"], "note": payload["note"],
        "seconds": payload["seconds"], "text": payload["text"], "at": act.at,
    }  # fmt: skip
    if payload["change"]:
        tx.update("labels", tx.need("labels", row["id"]), **row)
    else:
        tx.insert("labels", row, TWICE)
    _becomes(tx, act, payload)


def _open_to(tx: Tx, act: Act, payload: dict[str, Any]) -> list[str]:
    """Who is asked about the item, if the actor is and may still answer."""
    if tx.need("queues", payload["queue"])["closed"]:
        raise Refusal(CLOSED)
    found = tx.get("assignments", _item(payload["queue"], payload["example"]))
    asked = list(json.loads(found["people"])) if found else []
    if act.actor not in asked:
        raise Refusal("This example is not in your part of the queue. Nothing was changed. Reload the page.")
    if tx.get("settlements", _item(payload["queue"], payload["example"])):
        raise Refusal("A designer has settled this item already. Nothing was changed.")
    return asked


@applies("label.settled", undo=True, allowed=_own)
def label_settled(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: queue, example, decision, note, becomes. A designer's word on an item that people split on."""
    tx.need("queues", payload["queue"])
    tx.insert("settlements", {
        "id": _item(payload["queue"], payload["example"]), "queue": payload["queue"],
        "example": payload["example"], "decision": Answer(payload["decision"]).value,
        "note": payload["note"], "person": act.actor, "at": act.at,
    }, "Somebody settled this item already. Nothing was changed. Reload the page.")  # fmt: skip
    _becomes(tx, act, payload)


def _becomes(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if payload["becomes"] is not None:
        examples.keep_revision(tx, act, from_json(Example, payload["becomes"]))


# -- reads -----------------------------------------------------------------------------------------


def _queue(row: Row) -> Queue:
    return Queue(**{**row, "people": json.loads(row["people"])})


def _label(row: Row) -> Label:
    return Label(
        row["queue"], row["example"], row["person"], Answer(row["decision"]), row["criterion"], row["ideal"],
        row["note"], row["seconds"], row["text"], row["act"], row["at"],
    )  # fmt: skip


def queues(store: Store, project: str) -> list[Queue]:
    """Newest first, also closed ones."""
    return [_queue(row) for row in store.rows('SELECT * FROM queues WHERE project = ? ORDER BY "at" DESC, id', project)]


def asking(store: Store) -> list[str]:
    """The projects in which a queue is open."""
    return [row["project"] for row in store.rows("SELECT DISTINCT project FROM queues WHERE NOT closed ORDER BY 1")]


def queue(store: Store, name: str) -> Queue | None:
    rows = store.rows("SELECT * FROM queues WHERE id = ?", name)
    return _queue(rows[0]) if rows else None


def upcoming(store: Store, name: str, person: str, after: int = -1) -> tuple[str, int] | None:
    """(example, position) of the first one after `after` that waits for this person's label, if one does."""
    near = f"{_PART} AND position > ? AND position <= ? ORDER BY position LIMIT 4"
    for row in store.rows(near, name, _quoted(person), after, after + _NEAR):
        if of_person(store, name, row["example"], person) is None and examples.listed(store, [row["example"]]):
            return row["example"], row["position"]
    far = f"""{_PART} AND position > ? AND example NOT IN (SELECT example FROM labels WHERE queue = ? AND person = ?)
        AND example IN (SELECT id FROM examples WHERE NOT trashed) ORDER BY position LIMIT 1"""
    found = store.rows(far, name, _quoted(person), after, name, person)
    return (found[0]["example"], found[0]["position"]) if found else None


_PART = "SELECT example, position FROM assignments WHERE queue = ? AND contains(people, ?)"
_NEAR = 512
"""Positions that are looked through first: within such a window DuckDB touches no other text."""


def _quoted(person: str) -> str:
    return canonical(person).decode()


def beside(store: Store, name: str, person: str, position: int) -> str | None:
    """The example of this person's part that stands before `position`, labelled or not; None at its start."""
    for start in (position - _NEAR, -1):
        sql = f"{_PART} AND position < ? AND position >= ? ORDER BY position DESC LIMIT 1"
        if found := store.rows(sql, name, _quoted(person), position, start):
            return found[0]["example"]
    return None


def asked(store: Store, name: str, example: str) -> tuple[int, list[str]]:
    """Where an example stands in a queue, and who is asked about it; (-1, []) when it is not in it."""
    rows = store.rows("SELECT position, people FROM assignments WHERE id = ?", _item(name, example))
    return (rows[0]["position"], json.loads(rows[0]["people"])) if rows else (-1, [])


def done(store: Store, name: str, person: str) -> int:
    """How many labels a person gave in a queue, of examples that are not in the trash."""
    sql = f"SELECT count(*) AS n FROM labels WHERE queue = ? AND person = ? AND {_THERE}"
    return store.rows(sql, name, person)[0]["n"]


def total(store: Store, name: str, person: str) -> int:
    """How many examples a person is asked about in a queue, without those in the trash since."""
    sql = f"SELECT count(*) AS n FROM assignments WHERE queue = ? AND contains(people, ?) AND {_THERE}"
    return store.rows(sql, name, _quoted(person))[0]["n"]


# The few in the trash are left out, instead of the many that are not looked up: a third of the time at 100,000. An
# example cannot vanish under a queue (`examples.unbuilt_on`).
_THERE = "example NOT IN (SELECT id FROM examples WHERE trashed)"


def of_person(store: Store, name: str, example: str, person: str) -> Label | None:
    rows = store.rows("SELECT * FROM labels WHERE id = ?", _key(name, example, person))
    return _label(rows[0]) if rows else None


def of_item(store: Store, name: str, example: str, people: Iterable[str]) -> list[Label]:
    """The labels of one example in a queue by those who are asked about it, in the order they were given."""
    found = [label for person in people if (label := of_person(store, name, example, person))]
    return sorted(found, key=lambda label: label.act)


def every(store: Store, name: str) -> list[Label]:
    """All labels of a queue, in the order they were given."""
    return [_label(r) for r in store.rows("SELECT * FROM labels WHERE queue = ? ORDER BY act", name)]


def heard(store: Store, name: str) -> list[Label]:
    """All that was ever said in a queue, in order: also labels that were changed or taken back since, of those whose
    label of that example stands now."""
    standing = {(label.example, label.person) for label in every(store, name)}
    sql = """SELECT after FROM changes WHERE tbl = 'labels' AND after IS NOT NULL AND contains(key, ?)
        ORDER BY seq, n"""
    said = (_label(json.loads(row["after"])) for row in store.rows(sql, f"{name}/"))
    once = {(label.example, label.person, label.act): label for label in said}  # undoing writes the one before again
    return sorted((s for s in once.values() if (s.example, s.person) in standing), key=lambda label: label.act)


def seen(store: Store, found: Queue, person: str) -> bool:
    """Whether this person was shown an example of a queue."""
    sql = "SELECT 1 FROM exposures WHERE project = ? AND person = ? AND what = ?"
    return bool(store.rows(sql, found.project, person, SEEN + found.id))


def last(store: Store, name: str, person: str) -> Label | None:
    """The label that this person gave last in a queue."""
    sql = "SELECT * FROM labels WHERE queue = ? AND person = ? ORDER BY act DESC LIMIT 1"
    rows = store.rows(sql, name, person)
    return _label(rows[0]) if rows else None


def lately(store: Store, name: str, person: str, most: int = 20) -> list[float]:
    """Seconds on screen of this person's last labels in a queue; of those within the last acts of the workspace only,
    so that it costs the same however many there are."""
    sql = "SELECT seconds FROM labels WHERE act > ? AND queue = ? AND person = ? ORDER BY act DESC LIMIT ?"
    return [row["seconds"] for row in store.rows(sql, store.version - _LATELY, name, person, most)]


_LATELY = 1_000


def shared_out(store: Store, name: str) -> dict[str, int]:
    """Example -> how many people are asked, for those that more than one is asked about."""
    sql = "SELECT example, people FROM assignments WHERE queue = ? AND contains(people, ',') ORDER BY position"
    return {row["example"]: len(json.loads(row["people"])) for row in store.rows(sql, name)}


def settled(store: Store, name: str) -> dict[str, str]:
    """Example -> who settled it, for items that a designer settled."""
    return {
        r["example"]: r["person"] for r in store.rows("SELECT example, person FROM settlements WHERE queue = ?", name)
    }


def given_in(store: Store, project: str) -> tuple[list[float], list[Answer]]:
    """Seconds on screen and answers of all labels of a project, over all its queues."""
    rows = store.rows("SELECT seconds, decision FROM labels WHERE project = ? ORDER BY act", project)
    return [row["seconds"] for row in rows if row["seconds"] > 0], [Answer(row["decision"]) for row in rows]
