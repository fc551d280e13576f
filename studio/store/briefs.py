"""Briefs: every saved one is a version; the latest is the one that holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from studio.records import Act, Brief, Refusal, canonical, from_json, to_json
from studio.store.writes import Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class BriefVersion:
    """A brief as saved: who, when, why, and whether it changes what good means."""

    brief: Brief
    note: str
    changes_meaning: bool
    author: str
    at: str


def not_built_on(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Raises Refusal when a dataset was frozen under the version that this act saved."""
    version = payload["brief"]["version"]
    used = tx.query(
        "SELECT 1 FROM datasets WHERE project = ? AND brief_version = ? AND NOT discarded LIMIT 1", act.project, version
    )
    if used:
        raise Refusal(
            f"Version {version} cannot be undone: a dataset was frozen under it. Nothing was changed. "
            "Restore an earlier version instead; that saves it as a new one."
        )


@applies("brief.saved", guard=not_built_on)
def brief_saved(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: brief (with its new version), note, changes_meaning."""
    brief = from_json(Brief, payload["brief"])
    latest = tx.query("SELECT max(version) AS v FROM briefs WHERE project = ?", act.project)[0]["v"] or 0
    if brief.version != latest + 1:
        raise Refusal(
            f"Somebody saved version {latest} of the brief while you were editing. Your text is still in the form. "
            "Look at what changed under History, then save again."
        )
    tx.insert("briefs", {"project": act.project, "version": brief.version, "body": canonical(to_json(brief)).decode(),
                         "note": payload["note"], "changes_meaning": payload["changes_meaning"],
                         "author": act.actor, "at": act.at})  # fmt: skip


@lru_cache(maxsize=64)
def _read(body: str) -> Brief:
    """Read once for each text: labelling asks for the brief at every key."""
    return from_json(Brief, json.loads(body))


def _version(row: Row) -> BriefVersion:
    return BriefVersion(_read(row["body"]), row["note"], row["changes_meaning"], row["author"], row["at"])


def latest(store: Store, project: str) -> Brief | None:
    rows = store.rows("SELECT * FROM briefs WHERE project = ? ORDER BY version DESC LIMIT 1", project)
    return _version(rows[0]).brief if rows else None


def version(store: Store, project: str, number: int) -> Brief | None:
    rows = store.rows("SELECT * FROM briefs WHERE project = ? AND version = ?", project, number)
    return _version(rows[0]).brief if rows else None


def versions(store: Store, project: str) -> list[BriefVersion]:
    """Newest first."""
    return [_version(r) for r in store.rows("SELECT * FROM briefs WHERE project = ? ORDER BY version DESC", project)]


def meaning_since(store: Store, project: str) -> int:
    """The latest version that changed the meaning (or the first): what was approved before it is stale."""
    sql = "SELECT max(version) AS v FROM briefs WHERE project = ? AND (changes_meaning OR version = 1)"
    return store.rows(sql, project)[0]["v"] or 0
