"""Examples, their revisions and the batches they came in."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Consent, Example, Refusal, Split, Status, Turn, canonical, from_json, to_json
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


_AT_ONCE = 2_000
"""Rows that a change of many holds in memory at a time."""

_BLANKS = 64
"""Characters from which on an ideal output is not looked through for being blank; it counts as written."""


@dataclass(frozen=True)
class Batch:
    """One import: rows in the file = kept + refused; `refused` lists (row number, reason)."""

    id: str
    project: str
    file: str
    format: str
    rows: int
    kept: int
    refused: tuple[tuple[int, str], ...]
    author: str
    at: str


@dataclass(frozen=True)
class Revision:
    example: Example
    actor: str
    at: str


def _row(example: Example, act: Act, position: int, trashed: bool = False) -> Row:
    return {
        "id": example.id, "project": act.project, "input": example.input, "ideal": example.ideal,
        "slice": example.slice, "kinds": _json(example.kinds), "status": example.status.value,
        "split": example.split.value if example.split else None, "grp": example.group, "source": example.source,
        "batch": example.batch, "revision": example.revision, "brief_version": example.brief_version,
        "row": example.row, "trashed": trashed, "author": act.actor, "at": act.at, "position": position,
        "earlier": _json(example.earlier), "system": example.system, "tags": _json(example.tags),
        "worse": example.worse, "licence": example.licence, "consent": example.consent.value,
        "expires": example.expires, "review_by": example.review_by, "assigned": example.assigned,
        "approvals": _json(example.approvals), "recheck": example.recheck,
    }  # fmt: skip


def _json(values: tuple[object, ...]) -> str:
    return canonical(to_json(values)).decode() if values else "[]"


def _turns(text: str) -> tuple[Turn, ...]:
    return () if text == "[]" else tuple(from_json(Turn, turn) for turn in json.loads(text))


def _words(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))


def _revision(example: Example, act: Act) -> Row:
    return {"example": example.id, "revision": example.revision, "body": _body(example), "actor": act.actor,
            "at": act.at}  # fmt: skip


def _body(example: Example) -> str:
    """`canonical(to_json(example))` at a tenth of its time, which many revisions at once need."""
    return json.dumps(vars(example), sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=to_json)


def example_of(row: Row) -> Example:
    """An example as its row has it."""
    return Example(
        row["id"], row["input"], row["ideal"], row["slice"], _words(row["kinds"]), Status(row["status"]),
        Split(row["split"]) if row["split"] else None, row["grp"], row["source"], row["batch"], row["revision"],
        row["brief_version"], row["row"], _turns(row["earlier"]), row["system"], _words(row["tags"]), row["worse"],
        row["licence"], Consent(row["consent"]), row["expires"], row["review_by"], row["assigned"],
        _words(row["approvals"]), row["recheck"],
    )  # fmt: skip


def own(tx: Tx, act: Act, ids: Sequence[str]) -> None:
    """Raises Refusal when one of these examples is of another project than the act."""
    sql = "SELECT 1 FROM examples WHERE id IN (SELECT unnest(?::VARCHAR[])) AND project <> ? LIMIT 1"
    if tx.query(sql, list(ids), act.project):
        raise Refusal("One of these examples belongs to another project. Nothing was changed. Reload the page.")


def _own_one(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    own(tx, act, [payload["example"]["id"]])


def _own_all(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    own(tx, act, payload["ids"])


def _own_rewritten(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    own(tx, act, [value["id"] for value in payload["examples"]])


def unbuilt_on(tx: Tx, which: str, value: str) -> None:
    """Raises Refusal when people commented on, labelled or are asked about an example whose column `which`
    is `value`: without the example, their work would be about nothing. A comment that was taken away counts, because
    its author can still bring it back."""
    sql = f"SELECT id FROM examples WHERE {which} = ?"
    for table, what in (
        ("comments", "commented on"),
        ("labels", "labelled"),
        ("assignments", "given to people to label"),
    ):
        found = tx.query(f"SELECT count(DISTINCT example) AS n FROM {table} WHERE example IN ({sql})", value)[0]["n"]
        if found:
            raise Refusal(
                f"{found:,} of these examples {'was' if found == 1 else 'were'} {what} since. Nothing was changed. "
                "Move what you do not want to the trash instead; from there it can come back."
            )


def _no_first_gone(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Only the undo of the first revision takes the example away."""
    example = from_json(Example, payload["example"])
    if example.revision == 1:
        unbuilt_on(tx, "id", example.id)


@applies("example.saved", guard=_no_first_gone, allowed=_own_one)
def example_saved(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: example, with revision 1 for a new one or the current revision + 1 for an edit."""
    keep_revision(tx, act, from_json(Example, payload["example"]))


def keep_revision(tx: Tx, act: Act, example: Example) -> None:
    """Writes `example` as its next revision. Refusal when another was saved since the one it stands on."""
    current = tx.get("examples", example.id)
    if current is None:
        if example.revision != 1:
            raise Refusal("This example was removed meanwhile, so nothing was saved. Everything else is as it was.")
        tx.insert("examples", _row(example, act, act.seq * 1_000_000))
        tx.insert("revisions", _revision(example, act))
    else:
        if example.revision != current["revision"] + 1:
            raise Refusal(
                f"Somebody saved revision {current['revision']} of this example meanwhile. Theirs is kept and nothing "
                "was changed. Look at the example as it is now, then do this again."
            )
        revise(tx, act, [(current, example)])


def _first(current: Row) -> Row:
    """The revision that an untouched row stands for."""
    return {"example": current["id"], "revision": current["revision"], "body": _body(example_of(current)),
            "actor": current["author"], "at": current["at"]}  # fmt: skip


def _read(tx: Tx, ids: Sequence[str]) -> Iterator[list[Row]]:
    """The rows of these ids, each once, some at a time, so that many of them do not fill the memory."""
    unique = list(dict.fromkeys(ids))
    for start in range(0, len(unique), _AT_ONCE):
        yield tx.need_many("examples", unique[start : start + _AT_ONCE], what="example")


def revise(tx: Tx, act: Act, revised: Sequence[tuple[Row, Example]]) -> None:
    """The next revision of each: (its row as read, the example as it is to be; the revision is counted up here)."""
    rows = [row for row, _ in revised]
    after = [dataclasses.replace(e, revision=row["revision"] + 1) for row, e in revised]
    sql = "SELECT example, revision FROM revisions WHERE example IN (SELECT unnest(?::VARCHAR[]))"
    known = {(r["example"], r["revision"]) for r in tx.query(sql, [row["id"] for row in rows])}
    firsts = [_first(row) for row in rows if (row["id"], row["revision"]) not in known]
    tx.write_many("revisions", [(None, first) for first in firsts])
    written = [(row, _row(e, act, row["position"], row["trashed"])) for row, e in zip(rows, after, strict=True)]
    tx.write_many("examples", written)
    tx.write_many("revisions", [(None, _revision(e, act)) for e in after])


@applies("examples.marked", undo=True, allowed=_own_all)
def examples_marked(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: ids, and any of status, slice, split (text or None), brief_version. A new revision of each.

    With a status also: approver (added to the approvals, "" takes them all away), waiting (ids that stay in review
    until a second approval) and stood (id -> the revision that this was decided on).
    """
    changes: dict[str, Any] = {}
    if "status" in payload:
        changes["brief_version"] = payload.get("brief_version", 0)
    if "slice" in payload:
        changes["slice"] = payload["slice"]
    if "split" in payload:
        changes["split"] = Split(payload["split"]) if payload["split"] else None
    waiting = set(payload.get("waiting", ()))
    for rows in _read(tx, payload["ids"]):
        _refuse_moved(rows, payload)
        found = [(row, dataclasses.replace(example_of(row), **changes)) for row in rows]
        revise(tx, act, [(row, _marked(example, payload, waiting)) for row, example in found])


def _refuse_moved(rows: Sequence[Row], payload: dict[str, Any]) -> None:
    """Raises Refusal when one is at another revision than the act was worked out on."""
    stood = payload.get("stood", {})
    if any(stood.get(row["id"], row["revision"]) != row["revision"] for row in rows):
        raise Refusal("Somebody else decided on one of these meanwhile. Nothing was changed. Look and press again.")


def _marked(example: Example, payload: dict[str, Any], waiting: set[str]) -> Example:
    """Status and approvals, which depend on the example."""
    if "status" in payload:
        status = Status.in_review if example.id in waiting else Status(payload["status"])
        recheck = "" if status is Status.approved else example.recheck  # whoever completes it has looked again
        example = dataclasses.replace(example, status=status, recheck=recheck)
    if "approver" in payload:
        others = tuple(p for p in example.approvals if p != payload["approver"])
        approvals = (*others, payload["approver"]) if payload["approver"] else ()
        example = dataclasses.replace(example, approvals=approvals)
    return example


@applies("examples.changed", undo=True)
def examples_changed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: ids, and any of slice, assigned, recheck, review_by, licence, consent (texts), add_tags, remove_tags,
    add_kinds, remove_kinds (lists of texts), waiting (ids that go back to review with it), stood (as in
    `examples_marked`). A new revision of each that this changes; those that are so already stay."""
    any_differs = False
    for rows in _read(tx, payload["ids"]):
        if any(row["project"] != act.project for row in rows):
            raise Refusal("One of these examples belongs to another project. Nothing was changed.")
        _refuse_moved(rows, payload)
        pairs = [(row, before, _changed(before, payload)) for row in rows for before in [example_of(row)]]
        differ = [(row, after) for row, before, after in pairs if after != before]
        revise(tx, act, differ)
        any_differs = any_differs or bool(differ)
    if not any_differs and "series" not in payload:
        raise Refusal("All of the selected examples are so already. Nothing was changed.")


def _changed(example: Example, payload: dict[str, Any]) -> Example:
    changes: dict[str, Any] = {
        name: payload[name] for name in ("slice", "assigned", "recheck", "review_by", "licence") if name in payload
    }
    if "consent" in payload:
        changes["consent"] = Consent(payload["consent"])
    for name in ("tags", "kinds"):
        gone = set(payload.get(f"remove_{name}", ()))
        left = [word for word in getattr(example, name) if word not in gone]
        changes[name] = tuple(dict.fromkeys([*left, *payload.get(f"add_{name}", ())]))
    if example.id in payload.get("waiting", ()):
        changes["status"] = Status.in_review
    return dataclasses.replace(example, **changes)


@applies("examples.rewritten", undo=True, allowed=_own_rewritten)
def examples_rewritten(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: examples, each with its current revision + 1; why: "label" for another label,
    "split" for none any more, left out for redaction."""
    for value in payload["examples"]:
        keep_revision(tx, act, from_json(Example, value))


@applies("examples.trashed", undo=True, allowed=_own_all)
def examples_trashed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: ids, trashed (False takes them out of the trash)."""
    for rows in _read(tx, payload["ids"]):
        tx.write_many("examples", [(row, {**row, "trashed": payload["trashed"]}) for row in rows])


def count(store: Store, project: str) -> int:
    """All examples of the project that are not in the trash; see `studio.store.finding` for some of them."""
    return store.rows("SELECT count(*) AS n FROM examples WHERE project = ? AND NOT trashed", project)[0]["n"]


def every(store: Store, project: str) -> list[Example]:
    """All examples of the project that are not in the trash, in the order they came."""
    rows = store.rows("SELECT * FROM examples WHERE project = ? AND NOT trashed ORDER BY position", project)
    return [example_of(row) for row in rows]


def approved_words(store: Store, project: str) -> dict[str, tuple[str, str, str, str, str]]:
    """Id -> input, ideal, slice, system and earlier turns (JSON) of those approved: what a frozen set holds of them."""
    columns = "id, input, ideal, slice, system, earlier"
    sql = f"SELECT {columns} FROM examples WHERE project = ? AND NOT trashed AND status = 'approved'"
    names = columns.split(", ")[1:]
    return {row["id"]: tuple(row[name] for name in names) for row in store.rows(sql, project)}


def get(store: Store, example: str) -> Example | None:
    rows = store.rows("SELECT * FROM examples WHERE id = ?", example)
    return example_of(rows[0]) if rows else None


def counts(store: Store, project: str) -> dict[str, int]:
    """Status -> number of examples that are not in the trash (0 for a status nobody has)."""
    sql = "SELECT status, count(*) AS n FROM examples WHERE project = ? AND NOT trashed GROUP BY status"
    found = {row["status"]: row["n"] for row in store.rows(sql, project)}
    return {status.value: found.get(status.value, 0) for status in Status}


def tally(store: Store, project: str) -> dict[tuple[str, str], int]:
    """(slice, status) -> number of examples that are not in the trash."""
    sql = (
        "SELECT slice, status, count(*) AS n FROM examples WHERE project = ? AND NOT trashed GROUP BY ALL ORDER BY ALL"
    )
    return {(row["slice"], row["status"]): row["n"] for row in store.rows(sql, project)}


def approved_kinds(store: Store, project: str) -> dict[tuple[str, tuple[str, ...]], int]:
    """(slice, kinds) -> number of approved examples with exactly these kinds that are not in the trash."""
    sql = (
        "SELECT slice, kinds, count(*) AS n FROM examples WHERE project = ? AND NOT trashed AND status = 'approved' "
        "GROUP BY ALL ORDER BY ALL"
    )
    return {(row["slice"], _words(row["kinds"])): row["n"] for row in store.rows(sql, project)}


def approved_sample(store: Store, project: str, limit: int) -> list[Example]:
    """At most `limit` approved examples; all when there are no more. Ids are random, so their order is a draw."""
    sql = (
        "SELECT * FROM examples WHERE id IN (SELECT id FROM examples WHERE project = ? AND NOT trashed "
        "AND status = 'approved' ORDER BY id LIMIT ?) ORDER BY id"
    )
    return [example_of(row) for row in store.rows(sql, project, limit)]


def some(store: Store, ids: Sequence[str]) -> list[Example]:
    """Those of `ids` that are there, in the order they came."""
    rows = store.rows("SELECT * FROM examples WHERE id IN (SELECT unnest(?::VARCHAR[])) ORDER BY position", list(ids))
    return [example_of(row) for row in rows]


def without_ideal(store: Store, ids: Sequence[str]) -> list[Example]:
    """Those of `ids` whose ideal output is still to be written."""
    sql = "SELECT * FROM examples WHERE id IN (SELECT unnest(?::VARCHAR[])) AND length(ideal) < ? ORDER BY position"
    short = [example_of(row) for row in store.rows(sql, list(ids), _BLANKS)]
    return [example for example in short if not example.ideal.strip()]


def listed(store: Store, ids: Sequence[str]) -> list[str]:
    """Those of `ids` that are there and not in the trash, in the order given."""
    sql = "SELECT id FROM examples WHERE id IN (SELECT unnest(?::VARCHAR[])) AND NOT trashed"
    there = {row["id"] for row in store.rows(sql, list(ids))}
    return [name for name in ids if name in there]


def there(store: Store, project: str, ids: Sequence[str]) -> list[str]:
    """Those of `ids` that are in the project, in the trash or not, each once and in the order given."""
    sql = "SELECT id FROM examples WHERE project = ? AND id IN (SELECT unnest(?::VARCHAR[]))"
    found = {row["id"] for row in store.rows(sql, project, list(ids))}
    return [name for name in dict.fromkeys(ids) if name in found]


def is_trashed(store: Store, example: str) -> bool:
    return bool(store.rows("SELECT 1 FROM examples WHERE id = ? AND trashed", example))


def project_of(store: Store, example: str) -> str:
    """The project an example belongs to; "" when there is no such example."""
    rows = store.rows("SELECT project FROM examples WHERE id = ?", example)
    return rows[0]["project"] if rows else ""


def approved_before(store: Store, project: str, version: int) -> int:
    """Approved examples whose approval predates brief `version`."""
    sql = (
        "SELECT count(*) AS n FROM examples WHERE project = ? AND NOT trashed AND status = 'approved' "
        "AND brief_version < ?"
    )
    return store.rows(sql, project, version)[0]["n"]


def revisions(store: Store, example: str) -> list[Revision]:
    """Every kept revision, newest first; an example that was never edited has its one."""
    rows = store.rows("SELECT * FROM revisions WHERE example = ? ORDER BY revision DESC", example)
    found = [Revision(from_json(Example, json.loads(r["body"])), r["actor"], r["at"]) for r in rows]
    if not found:
        current = store.rows("SELECT * FROM examples WHERE id = ?", example)
        found = [Revision(example_of(r), r["author"], r["at"]) for r in current]
    return found


def batches(store: Store, project: str) -> list[Batch]:
    """Newest first."""
    rows = store.rows('SELECT * FROM batches WHERE project = ? ORDER BY "at" DESC', project)
    return [Batch(**{**r, "refused": tuple((n, why) for n, why in json.loads(r["refused"]))}) for r in rows]
