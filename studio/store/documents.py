"""Documents of a project and the passages that they were cut into."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from studio.record_documents import pieces_sha256
from studio.records import Act, Document, Passage, Piece, Recipe, Refusal, from_json
from studio.store.arms import in_open_rounds
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store

Floats = NDArray[np.float32]
_WIDTH = 384  # of MiniLM's vectors, as the table has it


def _names_of_using(tx: Tx, project: str, sha: str) -> list[str]:
    rows = tx.query("SELECT name, recipe FROM arms WHERE project = ? AND NOT retired ORDER BY name", project)
    recipes = [(row["name"], from_json(Recipe, json.loads(row["recipe"]))) for row in rows]
    return [name for name, recipe in recipes if recipe.passages and sha in recipe.passages.documents]


def _added_unused(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if names := _names_of_using(tx, act.project, payload["sha256"]):
        raise Refusal(
            f"{', '.join(names)} is given passages of this document. Nothing was changed. Take it out there first, or "
            "remove the document instead: then its passages are kept."
        )


def _not_in_a_round(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    sha = tx.need("documents", payload["id"])["sha256"]
    recipes = tx.query("SELECT id, recipe FROM arms WHERE project = ?", act.project)
    registered = in_open_rounds(tx, act.project)
    if any(row["id"] in registered and sha in row["recipe"] for row in recipes):
        raise Refusal(
            "An arm of the open blind round is given passages of this document. Nothing was changed. Finish or cancel "
            "the round first."
        )


def _said_by_another(tx: Tx, project: str, sha: str) -> str:
    """The name of a document in use that says the same, word for word; "" where there is none."""
    sql = "SELECT name FROM documents WHERE project = ? AND sha256 = ? AND NOT removed"
    return next((row["name"] for row in tx.query(sql, project, sha)), "")


def _not_there_anew(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    if same := _said_by_another(tx, act.project, tx.need("documents", payload["id"])["sha256"]):
        raise Refusal(f"“{same}” was brought since and says the same, word for word. Nothing was changed.")


@applies("document.added", guard=_added_unused)
def document_added(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, name, sha256, pieces_blob (JSON list of pieces). The same words are kept once in a project; words
    that were removed come back under the name they had, which models read with each passage."""
    pieces = [from_json(Piece, each) for each in json.loads(tx.blob(payload["pieces_blob"]))]
    if pieces_sha256(pieces) != payload["sha256"]:
        raise Refusal("The passages of this document are not those that were read. Nothing was added. Bring it again.")
    if same := _said_by_another(tx, act.project, payload["sha256"]):
        raise Refusal(f"“{same}” says the same, word for word, and is there already. Nothing was added.")
    sql = 'SELECT name FROM documents WHERE project = ? AND sha256 = ? ORDER BY "at", id LIMIT 1'
    before = tx.query(sql, act.project, payload["sha256"])
    name = before[0]["name"] if before else payload["name"]
    tx.insert("documents", {
        "id": payload["id"], "project": act.project, "name": name, "sha256": payload["sha256"],
        "passages": len(pieces), "words": sum(len(each.text.split()) for each in pieces), "removed": False,
        "actor": act.actor, "at": act.at,
    })  # fmt: skip
    rows = [
        {"id": f"{payload['id']}/{number}", "document": payload["id"], "number": number, "heading": each.heading,
         "page": each.page, "text": each.text}
        for number, each in enumerate(pieces, start=1)
    ]  # fmt: skip
    tx.insert_many("passages", rows, ("document", payload["id"]))


@applies("document.removed", guard=_not_there_anew, allowed=_not_in_a_round)
def document_removed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. Its passages stay: outputs were written from them."""
    current = tx.need("documents", payload["id"])
    if current["removed"] or current["project"] != act.project:
        raise Refusal("There is no such document here any more. Nothing was changed.")
    tx.update("documents", current, removed=True)


@applies("passages.read")
def passages_read(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: document, embedder (its SHA-256), vectors_blob (float32, little-endian: 384 for each passage, in their
    order). What the model that compares meanings made of a document."""
    vectors = np.frombuffer(tx.blob(payload["vectors_blob"]), "<f4").reshape(-1, _WIDTH)
    sql = "SELECT id FROM passages WHERE document = ? ORDER BY number"
    ids = [row["id"] for row in tx.query(sql, payload["document"])]
    if len(ids) != len(vectors):
        raise Refusal("These are not the vectors of this document's passages. Nothing was changed.")
    columns = {"id": ids, "document": [payload["document"]] * len(ids), "embedder": [payload["embedder"]] * len(ids),
               "vector": list(vectors)}  # fmt: skip
    tx.insert_columns("passage_vectors", columns, len(ids), ("document", payload["document"]))


def every(store: Store, project: str) -> list[Document]:
    """Those in use, in the order they came."""
    sql = 'SELECT * FROM documents WHERE project = ? AND NOT removed ORDER BY "at", id'
    return [_document(row) for row in store.rows(sql, project)]


def get(store: Store, document: str) -> Document | None:
    """Also one that was removed."""
    rows = store.rows("SELECT * FROM documents WHERE id = ?", document)
    return _document(rows[0]) if rows else None


def passages_of(store: Store, documents: Sequence[str]) -> list[Passage]:
    """The passages of these documents (ids), each document's in their order."""
    return _passages(store, "p.document", documents)


def passages(store: Store, ids: Sequence[str]) -> dict[str, Passage]:
    """The passages with these ids, also of documents that were removed."""
    return {each.id: each for each in _passages(store, "p.id", ids)}


def vectors(store: Store, ids: Sequence[str], embedder: str) -> dict[str, Floats]:
    """Passage -> its vector by this embedder (its SHA-256), of those that were read."""
    sql = (
        "SELECT id, vector FROM passage_vectors WHERE embedder = ? AND id IN (SELECT unnest(?::VARCHAR[])) ORDER BY id"
    )
    found = store.rows(sql, embedder, list(ids))
    return {row["id"]: np.asarray(row["vector"], np.float32) for row in found}


def unread(store: Store) -> list[Document]:
    """The documents in use, of any project, whose passages no embedder has read."""
    sql = (
        "SELECT * FROM documents WHERE NOT removed AND id NOT IN (SELECT document FROM passage_vectors) "
        'ORDER BY "at", id'
    )
    return [_document(row) for row in store.rows(sql)]


def passages_unread(store: Store, project: str, embedder: str) -> int:
    """How many passages of the documents in use here this embedder has not read."""
    sql = (
        "SELECT count(*) AS n FROM passages p JOIN documents d ON d.id = p.document WHERE d.project = ? "
        "AND NOT d.removed AND p.id NOT IN (SELECT id FROM passage_vectors WHERE embedder = ?)"
    )
    return int(store.rows(sql, project, embedder)[0]["n"])


def _passages(store: Store, column: str, wanted: Sequence[str]) -> list[Passage]:
    marks = ", ".join("?" for _ in wanted) or "NULL"
    sql = (
        "SELECT p.*, d.sha256, d.name FROM passages p JOIN documents d ON d.id = p.document "
        f"WHERE {column} IN ({marks}) ORDER BY p.document, p.number"
    )
    return [
        Passage(row["id"], row["sha256"], _title(row["name"]), Piece(row["text"], row["heading"], row["page"]))
        for row in store.rows(sql, *wanted)
    ]


def _title(name: str) -> str:
    """A file's name without its ending."""
    return name.rpartition(".")[0] or name


def _document(row: Row) -> Document:
    return Document(row["id"], row["project"], row["name"], row["sha256"], row["passages"], row["words"],
                    row["removed"], row["actor"], row["at"])  # fmt: skip
