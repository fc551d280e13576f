"""How an act changes rows: a transaction that remembers every row before and after, so that any act can be undone.

Handlers are registered by act kind with `@applies`. A handler is deterministic: it reads the act, its
payload, its blobs and the rows, and no clock, randomness or other file, so that replaying the journal
gives the same rows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal, canonical
from studio.store.migrations import KEYS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from studio.store.journal import Blobs

Row = dict[str, Any]
Handler = Callable[["Tx", Act, dict[str, Any]], None]
Guard = Callable[["Tx", Act, dict[str, Any]], None]

_MISSING = object()

HANDLERS: dict[str, Handler] = {}
GUARDS: dict[str, Guard | None] = {}
ALLOWED: dict[str, Guard] = {}


def applies(
    kind: str, *, undo: bool = False, guard: Guard | None = None, allowed: Guard | None = None
) -> Callable[[Handler], Handler]:
    """Registers the handler of an act kind. `guard` may refuse its undo; without `undo` there is none.

    `allowed` may refuse the act itself. It is asked once, when the act is made: a journal written before there was
    such a rule still replays.
    """

    def register(handler: Handler) -> Handler:
        HANDLERS[kind] = handler
        if allowed:
            ALLOWED[kind] = allowed
        if undo or guard:
            GUARDS[kind] = guard
        return handler

    return register


def fetch(cursor: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any] = ()) -> list[Row]:
    """Rows of a query as dicts by column name."""
    result = cursor.execute(sql, list(params))
    names = [column[0] for column in result.description]
    return [dict(zip(names, values, strict=True)) for values in result.fetchall()]


class Tx:
    """The rows as one act sees and changes them, inside one DuckDB transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, blobs: Blobs, seq: int, *, replaying: bool = False) -> None:
        self._cursor, self._blobs, self._seq, self._n = cursor, blobs, seq, 0
        self.replaying = replaying

    def query(self, sql: str, *params: Any) -> list[Row]:
        return fetch(self._cursor, sql, params)

    def get(self, table: str, *key: Any) -> Row | None:
        where = " AND ".join(f"{k} = ?" for k in KEYS[table])
        rows = self.query(f"SELECT * FROM {table} WHERE {where}", *key)
        return rows[0] if rows else None

    def need(self, table: str, *key: Any, what: str = "") -> Row:
        """The row, or a Refusal that says that it is not there (any more)."""
        row = self.get(table, *key)
        if row is None:
            raise Refusal(f"There is no such {what or table.removesuffix('s')} here any more. Nothing was changed.")
        return row

    def insert(self, table: str, row: Row, taken: str = "") -> None:
        """A new row; Refusal(`taken`) when its key is in use."""
        if self.get(table, *(row[k] for k in KEYS[table])) is not None:
            raise Refusal(taken or f"This {table.removesuffix('s')} exists already. Nothing was changed.")
        self._write(table, None, row)

    def update(self, table: str, row: Row, **changes: Any) -> Row:
        """`row` (as read) with `changes`; returns it as written."""
        after = {**row, **changes}
        self._write(table, row, after)
        return after

    def put(self, table: str, row: Row, current: Row | None = None) -> None:
        """Inserts or replaces by key; `current` is the row there now, when the caller has just read it."""
        self._write(table, current or self.get(table, *(row[k] for k in KEYS[table])), row)

    def delete(self, table: str, row: Row) -> None:
        self._write(table, row, None)

    def insert_many(self, table: str, rows: list[Row], batch: tuple[str, str]) -> None:
        """Many new rows at once. `batch` = (column, value) that names exactly them, for the undo."""
        if not rows:
            return
        import pyarrow as pa  # only a bulk import needs it; the server starts without

        names = list(rows[0])
        arrow = pa.table({name: [row[name] for row in rows] for name in names}, schema=self._schema(table, names))
        self._cursor.register("incoming", arrow)
        try:
            self._cursor.execute(f"INSERT INTO {table} ({_names(names)}) SELECT * FROM incoming")
        finally:
            self._cursor.unregister("incoming")
        self._log(table, {"*": list(batch)}, None, {"count": len(rows)})

    def _schema(self, table: str, names: list[str]) -> pa.Schema:
        import pyarrow as pa

        kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_()}
        sql = "SELECT column_name AS name, data_type AS kind FROM information_schema.columns WHERE table_name = ?"
        types = {row["name"]: kinds[row["kind"]] for row in self.query(sql, table)}
        return pa.schema([(name, types[name]) for name in names])

    def blob(self, name: str) -> bytes:
        return self._blobs.get(name)

    def _write(self, table: str, before: Row | None, after: Row | None) -> None:
        keys = KEYS[table]
        reference = after if after is not None else before
        assert reference is not None
        key = {k: reference[k] for k in keys}
        where = " AND ".join(f"{k} = ?" for k in keys)
        if after is None:
            self._cursor.execute(f"DELETE FROM {table} WHERE {where}", list(key.values()))
        elif before is None:
            marks = ", ".join("?" for _ in after)
            self._cursor.execute(f"INSERT INTO {table} ({_names(after)}) VALUES ({marks})", list(after.values()))
        elif changed := {name: value for name, value in after.items() if before.get(name, _MISSING) != value}:
            # Only what differs: it spares the index, and is several times faster than replacing the row.
            sets = ", ".join(f'"{name}" = ?' for name in changed)
            self._cursor.execute(f"UPDATE {table} SET {sets} WHERE {where}", [*changed.values(), *key.values()])
        self._log(table, key, before, after)

    def _log(self, table: str, key: Row, before: Row | None, after: Row | None) -> None:
        self._n += 1
        texts = [None if value is None else canonical(value).decode() for value in (before, after)]
        self._cursor.execute(
            "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)",
            [self._seq, self._n, table, canonical(key).decode(), *texts],
        )

    def revert(self, changes: Iterable[Row]) -> None:
        """Puts back what `changes` (rows of the log, newest first) replaced; refuses what changed since."""
        for change in changes:
            key, before = json.loads(change["key"]), _parsed(change["before"])
            if "*" in key:
                column, value = key["*"]
                self._revert_batch(change["tbl"], column, value, _parsed(change["after"]))
                continue
            current = self.get(change["tbl"], *(key[k] for k in KEYS[change["tbl"]]))
            if not _same(current, _parsed(change["after"])):
                raise Refusal(
                    "This cannot be undone by itself: the same record was changed again later. Nothing was changed. "
                    "Undo the later change first."
                )
            self._write(change["tbl"], current, before)

    def _revert_batch(self, table: str, column: str, value: str, after: Row | None) -> None:
        untouched = " AND revision = 1 AND NOT trashed" if table == "examples" else ""
        count = self.query(f"SELECT count(*) AS n FROM {table} WHERE {column} = ?{untouched}", value)[0]["n"]
        expected = (after or {}).get("count")
        if count != expected:
            raise Refusal(
                f"This cannot be undone as a whole: {expected - count} of its {expected} records were changed since. "
                "Nothing was changed. Undo those changes first."
            )
        if table == "examples":
            self._cursor.execute(
                "DELETE FROM revisions WHERE example IN (SELECT id FROM examples WHERE batch = ?)", [value]
            )
        self._cursor.execute(f"DELETE FROM {table} WHERE {column} = ?", [value])


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _same(current: Row | None, logged: Row | None) -> bool:
    """Whether a row is as the log has it. A row logged before a migration lacks the columns that came with it."""
    if current is None or logged is None:
        return current is logged
    return {name: current[name] for name in logged} == logged


def _parsed(text: str | None) -> Row | None:
    return None if text is None else json.loads(text)


@applies("undone")
def undone(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Takes back the act with number `payload["seq"]`."""
    seq = payload["seq"]
    found = tx.query("SELECT * FROM acts WHERE seq = ?", seq)
    if not found:
        raise Refusal("There is no such act to undo. Nothing was changed.")
    target = found[0]
    if target["undone_by"] is not None:
        raise Refusal("This was undone already. Nothing was changed.")
    if target["kind"] not in GUARDS:
        raise Refusal("This kind of step cannot be undone. Nothing was changed.")
    guard = GUARDS[target["kind"]]
    if guard is not None and not tx.replaying:
        original = Act(seq, "", target["id"], target["at"], target["actor"], target["kind"], target["project"],
                       target["payload"], target["hash"])  # fmt: skip
        guard(tx, original, json.loads(tx.blob(target["payload"])))
    tx.revert(tx.query("SELECT * FROM changes WHERE seq = ? ORDER BY n DESC", seq))
    tx.query("UPDATE acts SET undone_by = ? WHERE seq = ?", act.seq, seq)
