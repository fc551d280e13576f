"""Examples, their revisions and the batches they came in."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Consent, Example, Refusal, Split, Status, Turn, canonical, from_json, to_json
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


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
    body = canonical(to_json(example)).decode()
    return {"example": example.id, "revision": example.revision, "body": body, "actor": act.actor, "at": act.at}


def _example(row: Row) -> Example:
    return Example(
        row["id"], row["input"], row["ideal"], row["slice"], _words(row["kinds"]), Status(row["status"]),
        Split(row["split"]) if row["split"] else None, row["grp"], row["source"], row["batch"], row["revision"],
        row["brief_version"], row["row"], _turns(row["earlier"]), row["system"], _words(row["tags"]), row["worse"],
        row["licence"], Consent(row["consent"]), row["expires"], row["review_by"], row["assigned"],
        _words(row["approvals"]), row["recheck"],
    )  # fmt: skip


@applies("examples.imported", undo=True)
def examples_imported(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: batch {id, file, format, rows, kept, refused}, rows_blob (JSON list of examples)."""
    batch, found = payload["batch"], json.loads(tx.blob(payload["rows_blob"]))
    kept = [from_json(Example, value) for value in found]
    tx.insert("batches", {"id": batch["id"], "project": act.project, "file": batch["file"], "format": batch["format"],
                          "rows": batch["rows"], "kept": len(kept), "refused": canonical(batch["refused"]).decode(),
                          "author": act.actor, "at": act.at})  # fmt: skip
    start = act.seq * 1_000_000
    tx.insert_many("examples", [_row(e, act, start + i) for i, e in enumerate(kept)], ("batch", batch["id"]))
    # Revisions of an untouched row are the row itself: they are written from the first edit on.


@applies("example.saved", undo=True)
def example_saved(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: example, with revision 1 for a new one or the current revision + 1 for an edit."""
    keep_revision(tx, act, from_json(Example, payload["example"]))


def keep_revision(tx: Tx, act: Act, example: Example) -> None:
    """Writes `example` as its next revision. Refusal when another was saved since the one it stands on."""
    current = tx.get("examples", example.id)
    if current is None:
        if example.revision != 1:
            raise Refusal("This example was removed meanwhile. Your text is still in the form; save it as a new one.")
        tx.insert("examples", _row(example, act, act.seq * 1_000_000))
    else:
        if example.revision != current["revision"] + 1:
            raise Refusal(
                f"Somebody saved revision {current['revision']} of this example while you were editing. "
                "Your text is still in the form; compare the two and save again."
            )
        _keep_first(tx, current)
        tx.put("examples", _row(example, act, current["position"], current["trashed"]), current)
    tx.insert("revisions", _revision(example, act))


def _keep_first(tx: Tx, current: Row) -> None:
    if tx.get("revisions", current["id"], current["revision"]) is None:
        body = canonical(to_json(_example(current))).decode()
        tx.insert("revisions", {"example": current["id"], "revision": current["revision"], "body": body,
                                "actor": current["author"], "at": current["at"]})  # fmt: skip


@applies("examples.marked", undo=True)
def examples_marked(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: ids, and any of status, slice, split (text or None), assigned, brief_version. A new revision of each.

    With a status also: approver (added to the approvals, "" takes them all away), waiting (ids that stay in review
    until a second approval) and stood (id -> the revision that this was decided on).
    """
    waiting, stood = set(payload.get("waiting", ())), payload.get("stood", {})
    for name in payload["ids"]:
        current = tx.need("examples", name, what="example")
        example = _example(current)
        if stood.get(name, example.revision) != example.revision:
            raise Refusal("Somebody else decided on one of these meanwhile. Nothing was changed. Look and press again.")
        changes: dict[str, Any] = {"revision": example.revision + 1}
        if "status" in payload:
            status = Status.in_review if name in waiting else Status(payload["status"])
            changes |= {"status": status, "brief_version": payload.get("brief_version", 0)}
        if "approver" in payload:
            others = tuple(p for p in example.approvals if p != payload["approver"])
            changes["approvals"] = (*others, payload["approver"]) if payload["approver"] else ()
        if "assigned" in payload:
            changes["assigned"] = payload["assigned"]
        if "slice" in payload:
            changes["slice"] = payload["slice"]
        if "split" in payload:
            changes["split"] = Split(payload["split"]) if payload["split"] else None
        after = dataclasses.replace(example, **changes)
        _keep_first(tx, current)
        tx.put("examples", {**_row(after, act, current["position"], current["trashed"])})
        tx.insert("revisions", _revision(after, act))


@applies("examples.trashed", undo=True)
def examples_trashed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: ids, trashed (False takes them out of the trash)."""
    for name in payload["ids"]:
        tx.update("examples", tx.need("examples", name, what="example"), trashed=payload["trashed"])


def _where(project: str, text: str, status: str, slice: str, batch: str, trashed: bool) -> tuple[str, list[Any]]:
    where, params = "project = ? AND trashed = ?", [project, trashed]
    if text:
        where += " AND (contains(lower(input), lower(?)) OR contains(lower(ideal), lower(?)))"
        params += [text, text]
    for column, value in (("status", status), ("slice", slice), ("batch", batch)):
        if value:
            where += f" AND {column} = ?"
            params.append(value)
    return where, params


def page(
    store: Store, project: str, *, text: str = "", status: str = "", slice: str = "", batch: str = "",
    trashed: bool = False, limit: int = 50, offset: int = 0,
) -> list[Example]:  # fmt: skip
    """Examples in the order they came, filtered; `text` is found in input or ideal output, any case."""
    where, params = _where(project, text, status, slice, batch, trashed)
    sql = f"SELECT * FROM examples WHERE {where} ORDER BY position LIMIT ? OFFSET ?"
    return [_example(row) for row in store.rows(sql, *params, limit, offset)]


def count(
    store: Store, project: str, *, text: str = "", status: str = "", slice: str = "", batch: str = "",
    trashed: bool = False,
) -> int:  # fmt: skip
    where, params = _where(project, text, status, slice, batch, trashed)
    return store.rows(f"SELECT count(*) AS n FROM examples WHERE {where}", *params)[0]["n"]


def every(store: Store, project: str) -> list[Example]:
    """All examples of the project that are not in the trash, in the order they came."""
    rows = store.rows("SELECT * FROM examples WHERE project = ? AND NOT trashed ORDER BY position", project)
    return [_example(row) for row in rows]


def get(store: Store, example: str) -> Example | None:
    rows = store.rows("SELECT * FROM examples WHERE id = ?", example)
    return _example(rows[0]) if rows else None


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


def ids(
    store: Store, project: str, *, text: str = "", status: str = "", slice: str = "", batch: str = "",
    trashed: bool = False,
) -> list[str]:  # fmt: skip
    """The ids of all that a filter finds, in the order they came."""
    where, params = _where(project, text, status, slice, batch, trashed)
    return [row["id"] for row in store.rows(f"SELECT id FROM examples WHERE {where} ORDER BY position", *params)]


def neighbour(
    store: Store, project: str, example: str, *, forward: bool, text: str = "", status: str = "", slice: str = "",
) -> str | None:  # fmt: skip
    """The next (or the previous) example that a filter finds after `example`, which need not match it itself."""
    where, params = _where(project, text, status, slice, "", False)
    sign, order = (">", "ASC") if forward else ("<", "DESC")
    sql = (
        f"SELECT id FROM examples WHERE {where} AND position {sign} (SELECT position FROM examples WHERE id = ?) "
        f"ORDER BY position {order} LIMIT 1"
    )
    rows = store.rows(sql, *params, example)
    return rows[0]["id"] if rows else None


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


def approved_before_ids(store: Store, project: str, version: int) -> list[str]:
    """The examples that `approved_before` counts, in the order they came."""
    sql = (
        "SELECT id FROM examples WHERE project = ? AND NOT trashed AND status = 'approved' AND brief_version < ? "
        "ORDER BY position"
    )
    return [row["id"] for row in store.rows(sql, project, version)]


def revisions(store: Store, example: str) -> list[Revision]:
    """Every kept revision, newest first; an example that was never edited has its one."""
    rows = store.rows("SELECT * FROM revisions WHERE example = ? ORDER BY revision DESC", example)
    found = [Revision(from_json(Example, json.loads(r["body"])), r["actor"], r["at"]) for r in rows]
    if not found:
        current = store.rows("SELECT * FROM examples WHERE id = ?", example)
        found = [Revision(_example(r), r["author"], r["at"]) for r in current]
    return found


def batches(store: Store, project: str) -> list[Batch]:
    """Newest first."""
    rows = store.rows('SELECT * FROM batches WHERE project = ? ORDER BY "at" DESC', project)
    return [Batch(**{**r, "refused": tuple((n, why) for n, why in json.loads(r["refused"]))}) for r in rows]
