"""A workspace of the first version opens in this one, with its rows as they were and its undo still working."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import duckdb
import pytest

from studio import projects
from studio.examples import step
from studio.records import PairKind, Status, canonical
from studio.store import Store, examples, rounds
from studio.store.migrations import MIGRATIONS, m001_first


def _as_first_version(file: Path) -> None:
    """Rewrites a database as the first version would have left it: its tables and columns, and its undo log."""
    with duckdb.connect(":memory:") as blank:
        m001_first(blank)
        old = _columns(blank)
    with duckdb.connect(str(file)) as db:
        for table, columns in _columns(db).items():
            if table in old:
                for name in columns - old[table]:
                    db.execute(f'ALTER TABLE {table} DROP COLUMN "{name}"')
            elif table != "meta":
                db.execute(f"DROP TABLE {table}")
        for seq, n, table, before, after in db.execute("SELECT seq, n, tbl, before, after FROM changes").fetchall():
            values = [None if text is None else _only(json.loads(text), old[table]) for text in (before, after)]
            db.execute("UPDATE changes SET before = ?, after = ? WHERE seq = ? AND n = ?", [*values, seq, n])
        db.execute("UPDATE meta SET value = '1' WHERE key = 'schema_version'")


def _columns(db: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for table, name in db.execute("SELECT table_name, column_name FROM information_schema.columns").fetchall():
        found.setdefault(table, set()).add(name)
    return found


def _only(row: dict[str, object], columns: set[str]) -> str:
    kept = {k: v for k, v in row.items() if k in columns} or row
    return json.dumps(kept, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def test_a_workspace_of_the_first_version_keeps_its_rows_and_its_undo(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    project = projects.create(store, "ann", "Mine").id
    made = step.write(store, "ann", project, input="a question", ideal="an answer", status=Status.approved)
    edited = step.edit(store, "ann", project, made, ideal="a better answer")
    last = store.version
    store.close()
    _as_first_version(tmp_path / "studio.duckdb")

    store = Store.open(tmp_path)
    try:
        assert examples.get(store, made.id) == edited
        store.undo(last, "ann")
        # The first version kept no approvals; it stays approved all the same.
        assert examples.get(store, made.id) == dataclasses.replace(made, approvals=())
        assert store.audit() == []
    finally:
        store.close()


def test_the_schema_is_the_same_from_blank_and_from_the_first_version(tmp_path: Path) -> None:
    Store.open(tmp_path / "new").close()
    Store.open(tmp_path / "old").close()
    _as_first_version(tmp_path / "old" / "studio.duckdb")
    Store.open(tmp_path / "old").close()
    found = []
    for name in ("new", "old"):
        with duckdb.connect(str(tmp_path / name / "studio.duckdb"), read_only=True) as db:
            found.append(_columns(db))
    assert found[0] == found[1]


def test_pairs_of_an_older_round_are_about_its_only_candidate(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    pair = {"id": "p", "position": 0, "example": "e", "slice": "", "input": "a question", "left_text": "one",
            "right_text": "two", "baseline": "base", "candidate_left": True}  # fmt: skip
    payload = {"id": "r", "registration": {"candidate": "tuned", "baselines": ["base"]}, "sha256": "", "commitment": "",
               "pairs_blob": store.put_blob(canonical([pair]))}  # fmt: skip
    store.act("round.opened", "ann", payload, "mine")
    store.close()
    _as_first_version(tmp_path / "studio.duckdb")
    store = Store.open(tmp_path)
    try:
        (found,) = rounds.pairs(store, "r")
        assert (found.candidate, found.kind, found.of) == ("tuned", PairKind.real, "")
    finally:
        store.close()


@pytest.mark.parametrize("number", range(len(MIGRATIONS)))
def test_migrations_are_numbered_in_order(number: int) -> None:
    assert MIGRATIONS[number].__name__.startswith(f"m{number + 1:03}_")
