"""Whole projects from another workspace: its acts are applied here, in one act of this journal that holds them all.

An act that was brought keeps the id, time, person and hash that it had there. In the database its number is below 1, in
the order that it had, so that everything done here comes after it; numbers of this journal are those of its own acts.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal, canonical, from_json
from studio.store.applying import applied, listed
from studio.store.writes import Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

KIND = "project.brought"


@dataclass(frozen=True)
class Told:
    """One act as it stands in a project's record: `chain` tells apart the journals it went through ("" the last one),
    whose numbers begin anew."""

    chain: str
    act: Act
    payload: dict[str, Any]


def told(acts: Iterable[Act], read: Callable[[str], bytes], chain: str = "") -> Iterator[Told]:
    """The acts in order, with those that were brought into a journal before it. `read`: a blob by its name.

    Raises Refusal when acts were brought anywhere but first: a project begins once.
    """
    for place, act in enumerate(acts):
        payload = json.loads(read(act.payload))
        if act.kind == KIND:
            if place:
                raise Refusal("A project begins in the middle of this record. Nothing was brought in.")
            yield from told(acts_in(read(payload["acts_blob"])), read, act.hash)
        yield Told(chain, act, payload)


def acts_in(content: bytes) -> list[Act]:
    """The acts of a blob that `project.brought` names. Raises ValueError."""
    return [from_json(Act, value) for value in json.loads(content)]


def people_in(acts: Iterable[Told], ids: Set[str]) -> set[str]:
    """Those of `ids`, of people, who did something in it or are named by what somebody did."""
    found: set[str] = set()
    for each in acts:
        text = canonical(each.payload).decode()
        found |= {name for name in ids - found if name == each.act.actor or f'"{name}"' in text}
    return found


@applies("project.brought")
def project_brought(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: name (of the project here), acts_blob (JSON list of acts), people (each id, name, role, scripted: as
    they were there), file (its SHA-256) and head (of the journal it comes from, when the file was made).

    Who is named in it becomes known by name, with the fewest rights and without access.
    """
    found = list(told(acts_in(tx.blob(payload["acts_blob"])), tx.blob))
    lowest = tx.query("SELECT coalesce(min(seq), 0) AS seq FROM acts")[0]["seq"]
    first = min(1, lowest) - len(found)
    for person in payload["people"]:
        if tx.get("people", person["id"]) is None:
            tx.insert("people", {"id": person["id"], "name": person["name"], "role": "reviewer", "active": False,
                                 "scripted": person["scripted"], "at": act.at})  # fmt: skip
    numbers: dict[tuple[str, int], int] = {}
    for seq, each in enumerate(found, start=first):
        numbers[each.chain, each.act.seq] = seq
        inner, part = dataclasses.replace(each.act, seq=seq), tx.part(seq)
        if each.act.kind == KIND:
            listed(part, inner)
        elif each.act.kind == "undone":
            applied(part, inner, {"seq": numbers[each.chain, each.payload["seq"]]})
        else:
            applied(part, inner, each.payload)
    if not tx.replaying:
        _refuse_foreign(tx, act.project, range(first, first + len(found)))
    tx.update("projects", tx.need("projects", act.project), name=payload["name"], archived=False)


_FOREIGN = (
    "SELECT 1 FROM changes WHERE seq BETWEEN ? AND ? AND json_extract_string(before, '$.project') <> ? LIMIT 1",
    "SELECT 1 FROM generations g JOIN datasets d ON d.id = g.dataset JOIN arms a ON a.id = g.arm "
    "WHERE g.project = ? AND (d.project <> g.project OR a.project <> g.project) LIMIT 1",
    "SELECT 1 FROM ratings r JOIN datasets d ON d.id = r.dataset WHERE r.project = ? AND d.project <> r.project "
    "LIMIT 1",
)
"""What was there before and belongs to another project; answers, and ratings, that would stand among another's."""


def _refuse_foreign(tx: Tx, project: str, numbers: range) -> None:
    """The acts of these numbers were allowed where they were made, where nothing of this workspace can have stood."""
    replaced, *beside = _FOREIGN
    if tx.query(replaced, numbers.start, numbers.stop - 1, project) or any(tx.query(sql, project) for sql in beside):
        raise Refusal("This file would change another project that is here. Nothing was brought in.")


def acts_of(store: Store, project: str) -> list[Act]:
    """All acts of this journal in a project, in order. Reads the journal from its beginning."""
    return [act for act in store.journal.read() if act.project == project]


def people_brought(store: Store) -> set[str]:
    """The ids of those who are known here only because a project that was brought names them."""
    rows = store.rows(
        "SELECT DISTINCT json_extract_string(c.key, '$.id') AS id FROM changes c JOIN acts a ON a.seq = c.seq "
        "WHERE c.tbl = 'people' AND a.kind = ? AND a.seq > 0", KIND,
    )  # fmt: skip
    return {row["id"] for row in rows}


def of(store: Store, project: str) -> Act | None:
    """The act that brought this project into this workspace; None for one that began here."""
    found = [act for act in store.history(project, (KIND,)) if act.seq > 0]
    return found[0] if found else None
