"""Frozen datasets. The rows sit in a blob; the row here names its hash."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from studio.record_examples import example_of
from studio.records import Act, Dataset, Example, Refusal, Split, canonical, from_json
from studio.store import taken
from studio.store.journal import Blobs
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


def _unused(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    name = payload.get("id") or payload["dataset"]["id"]
    if tx.query("SELECT 1 FROM runs WHERE dataset = ? AND NOT discarded LIMIT 1", name):
        raise Refusal("A run was trained on this dataset. Nothing was changed. Discard the run first.")
    if tx.query("SELECT 1 FROM generations WHERE dataset = ? LIMIT 1", name):
        raise Refusal("Outputs were generated for this dataset's prompts. Nothing was changed. Undo those first.")


@applies("dataset.frozen", guard=_unused)
def dataset_frozen(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: dataset (id, sha256, brief_version, splits, rows_blob, health, name)."""
    _frozen(tx, act, payload)


@applies("votes.frozen", guard=_unused, allowed=taken.no_open_round)
def votes_frozen(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: dataset, as of dataset.frozen; its health holds `votes` (see `studio.vote_sets.Facts`). From here on the
    prompts of its rows are no test any more (see `spent`)."""
    _frozen(tx, act, payload)


def _frozen(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    dataset = payload["dataset"]
    same = tx.query(
        "SELECT 1 FROM datasets WHERE project = ? AND sha256 = ? AND NOT discarded", act.project, dataset["sha256"]
    )
    if same:
        raise Refusal("Exactly this set is frozen already. Nothing was changed. Use the one that is there.")
    tx.insert("datasets", {
        "id": dataset["id"], "project": act.project, "sha256": dataset["sha256"],
        "brief_version": dataset["brief_version"], "splits": canonical(dataset["splits"]).decode(),
        "rows_blob": dataset["rows_blob"], "health": canonical(dataset["health"]).decode(), "name": dataset["name"],
        "discarded": False, "actor": act.actor, "at": act.at,
    })  # fmt: skip


@applies("dataset.renamed", undo=True)
def dataset_renamed(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    tx.update("datasets", tx.need("datasets", payload["id"]), name=payload["name"])


@applies("dataset.discarded", undo=True)
def dataset_discarded(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    row = tx.need("datasets", payload["id"])
    _unused(tx, act, payload)
    tx.update("datasets", row, discarded=True)


def _dataset(row: Row) -> Dataset:
    return Dataset(row["id"], row["project"], row["sha256"], row["brief_version"], json.loads(row["splits"]),
                   row["rows_blob"], json.loads(row["health"]), row["name"], row["discarded"], row["at"])  # fmt: skip


def every(store: Store, project: str, *, discarded: bool = False) -> list[Dataset]:
    """The sets of examples, newest first; with `discarded` also those taken off the pages."""
    return [found for found in _all(store, project, discarded) if not found.of_votes]


def of_votes(store: Store, project: str, *, discarded: bool = False) -> list[Dataset]:
    """The sets of votes, newest first; with `discarded` also those taken off the pages."""
    return [found for found in _all(store, project, discarded) if found.of_votes]


def _all(store: Store, project: str, discarded: bool) -> list[Dataset]:
    kept = "" if discarded else " AND NOT discarded"
    sql = f'SELECT * FROM datasets WHERE project = ?{kept} ORDER BY "at" DESC'
    return [_dataset(row) for row in store.rows(sql, project)]


def spent(store: Store, project: str) -> dict[str, str]:
    """The examples whose prompts a model was or is to be taught by votes on, with the name of the newest such set, or
    that the votes were taken out: no test any more. A set that was discarded spends nothing, unless a run learned from
    it that is still there."""
    taught = {
        run["dataset"] for run in store.rows("SELECT dataset FROM runs WHERE project = ? AND NOT discarded", project)
    }
    found = {name: f"votes taken out on {day}" for name, day in taken.prompts(store, project).items()}
    for each in reversed(of_votes(store, project, discarded=True)):
        if not each.discarded or each.id in taught:
            found.update(dict.fromkeys(frozenset().union(*(ids_in(store, each, s) for s in Split)), each.name))
    return found


def everywhere(store: Store) -> list[Dataset]:
    """The datasets of all projects, oldest first, with the discarded."""
    return [_dataset(row) for row in store.rows('SELECT * FROM datasets ORDER BY "at", id')]


def latest(store: Store, project: str) -> Dataset | None:
    found = every(store, project)
    return found[0] if found else None


def get(store: Store, dataset: str) -> Dataset | None:
    rows = store.rows("SELECT * FROM datasets WHERE id = ?", dataset)
    return _dataset(rows[0]) if rows else None


def rows_of(store: Store, dataset: Dataset, split: Split | None = None) -> list[Example]:
    """The frozen rows, each with its split set; of one split only where it is given."""
    return [from_json(Example, row) for row in raw_rows(store, dataset) if split is None or row["split"] == split]


def raw_rows(store: Store, dataset: Dataset) -> list[dict[str, Any]]:
    """The frozen rows as plain JSON values, for those who compare many and need few as records."""
    found: list[dict[str, Any]] = json.loads(store.get_blob(dataset.rows_blob))
    return found


def ids_in(store: Store, dataset: Dataset, split: Split) -> frozenset[str]:
    """The ids of the examples in one split; in a set of votes, of those whose prompts were voted on. Read once for each
    frozen set: its rows never change."""
    return _ids(store.blobs, dataset.rows_blob)[split]


@lru_cache(maxsize=16)
def _ids(blobs: Blobs, name: str) -> dict[Split, frozenset[str]]:
    found: dict[Split, set[str]] = {split: set() for split in Split}
    for row in json.loads(blobs.get(name)):
        if row["split"]:
            found[Split(row["split"])].add(example_of(row["id"]))
    return {split: frozenset(ids) for split, ids in found.items()}
