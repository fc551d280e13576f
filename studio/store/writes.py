"""How an act changes rows: a transaction that remembers every row before and after, so that any act can be undone.

Handlers are registered by act kind with `@applies`. A handler is deterministic: it reads the act, its
payload, its blobs and the rows, and no clock, randomness or other file, so that replaying the journal
gives the same rows.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal, canonical
from studio.store.migrations import KEYS

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from studio.store.journal import Blobs

Row = dict[str, Any]
Batch = tuple[str, str] | tuple[str, str, int, int]
Handler = Callable[["Tx", Act, dict[str, Any]], None]
Guard = Callable[["Tx", Act, dict[str, Any]], None]

_MANY = 32
"""Rows from which on writing them in bulk is worth its start."""

_AT_ONCE = 2_000
"""Rows of the log that an undo reads at a time."""

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


@functools.cache
def load_bulk() -> None:
    """Loads, once, what bulk writes need (up to 2 s), before the lock that others would wait for: DuckDB looks for more
    libraries the first time that it is handed a table."""
    import duckdb
    import pyarrow as pa

    with duckdb.connect(":memory:") as db:
        db.register("incoming", pa.table({"one": [1]}))
        db.execute("SELECT * FROM incoming")


class Tx:
    """The rows as one act sees and changes them, inside one DuckDB transaction."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, blobs: Blobs, seq: int, *, replaying: bool = False) -> None:
        self._cursor, self._blobs, self._seq, self._n = cursor, blobs, seq, 0
        self.replaying = replaying
        self.written: set[str] = set()

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
        import duckdb

        try:
            self._write(table, None, row)
        except duckdb.ConstraintException as error:
            told = taken or f"This {table.removesuffix('s')} exists already. Nothing was changed."
            raise Refusal(told) from error

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

    def insert_many(self, table: str, rows: list[Row], batch: Batch) -> None:
        """Many new rows at once. `batch` = (column, value) that names exactly them, for the undo; or (column, value,
        first, last): those of them at the positions from `first` to `last`."""
        if rows:
            self.insert_columns(table, {name: [row[name] for row in rows] for name in rows[0]}, len(rows), batch)

    def insert_columns(self, table: str, columns: dict[str, list[Any]], count: int, batch: Batch) -> None:
        """`insert_many` for `count` rows given column by column."""
        self._with_incoming(table, columns, f"INSERT INTO {table} ({_names(columns)}) SELECT * FROM incoming")
        self._log(table, {"*": list(batch)}, None, {"count": count})

    def find_many(self, table: str, ids: Sequence[str]) -> list[Row]:
        """The rows with these values of the table's (first) key, in no order; those that are not there are left out."""
        return self.query(f"SELECT * FROM {table} WHERE {KEYS[table][0]} IN (SELECT unnest(?::VARCHAR[]))", list(ids))

    def need_many(self, table: str, ids: Sequence[str], what: str = "") -> list[Row]:
        """The rows with these ids, each once, in their order; a Refusal when one is not there (any more)."""
        wanted = list(dict.fromkeys(ids))
        found = {row[KEYS[table][0]]: row for row in self.find_many(table, wanted)}
        if gone := len(wanted) - len(found):
            noun = what or table.removesuffix("s")
            raise Refusal(
                f"There is no such {noun} here any more. Nothing was changed." if len(wanted) == 1
                else f"{gone:,} of the {len(wanted):,} {noun}s are not here any more. Nothing was changed."
            )  # fmt: skip
        return [found[name] for name in wanted]

    def write_many(self, table: str, pairs: Sequence[tuple[Row | None, Row | None]]) -> None:
        """Many rows of one table, each (before, after) as in the log and each key once: new, changed and removed ones.

        The same rows and the same log as one by one, at a small part of the time.
        """
        if len(pairs) < _MANY:
            for before, after in pairs:
                self._write(table, before, after)
            return
        self._insert_rows(table, [after for before, after in pairs if before is None and after is not None])
        self._delete_rows(table, [before for before, after in pairs if before is not None and after is None])
        self._update_rows(table, [(b, a) for b, a in pairs if b is not None and a is not None])
        self._log_many(table, pairs)

    def _insert_rows(self, table: str, rows: list[Row]) -> None:
        if rows:
            sql = f"INSERT INTO {table} ({_names(rows[0])}) SELECT * FROM incoming"
            self._with_incoming(table, _columns(rows[0], rows), sql)

    def _delete_rows(self, table: str, rows: list[Row]) -> None:
        if rows:
            same = _same_key(table)
            self._with_incoming(table, _columns(KEYS[table], rows), f"DELETE FROM {table} USING incoming WHERE {same}")

    def _update_rows(self, table: str, pairs: list[tuple[Row, Row]]) -> None:
        """Only the columns that differ: DuckDB then changes them in place and leaves the index alone."""
        changed = [name for name in (pairs[0][1] if pairs else ()) if any(b.get(name) != a[name] for b, a in pairs)]
        if changed:
            sets = ", ".join(f'"{name}" = incoming."{name}"' for name in changed)
            columns = _columns([*KEYS[table], *changed], [after for _, after in pairs])
            self._with_incoming(table, columns, f"UPDATE {table} SET {sets} FROM incoming WHERE {_same_key(table)}")

    def _with_incoming(self, table: str, columns: Mapping[str, list[Any]], sql: str) -> None:
        """Runs `sql` while `columns` (name -> a value for each row) stand as the table `incoming`."""
        import pyarrow as pa  # only bulk writes need it; the server starts without

        self._cursor.register("incoming", pa.table(dict(columns), schema=self._schema(table, list(columns))))
        try:
            self._cursor.execute(sql)
        finally:
            self._cursor.unregister("incoming")

    def _schema(self, table: str, names: list[str]) -> pa.Schema:
        import pyarrow as pa

        kinds = {"VARCHAR": pa.string(), "BIGINT": pa.int64(), "DOUBLE": pa.float64(), "BOOLEAN": pa.bool_(),
                 "FLOAT[384]": pa.list_(pa.float32(), 384)}  # fmt: skip
        sql = "SELECT column_name AS name, data_type AS kind FROM information_schema.columns WHERE table_name = ?"
        types = {row["name"]: kinds[row["kind"]] for row in self.query(sql, table)}
        return pa.schema([(name, types[name]) for name in names])

    def blob(self, name: str) -> bytes:
        return self._blobs.get(name)

    def part(self, seq: int) -> Tx:
        """The same transaction for act `seq` that this one brings, which was allowed where it was made. The tables that
        it writes to are this one's, too."""
        part = Tx(self._cursor, self._blobs, seq, replaying=True)
        part.written = self.written
        return part

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
        elif changed := [name for name in after if name not in before or before[name] != after[name]]:
            # Only what differs: DuckDB changes it in place and leaves the row's index entry alone.
            sets, where = (", ".join(f'"{n}" = ?' for n in changed), " AND ".join(f"{k} = ?" for k in keys))
            values = [*(after[name] for name in changed), *key.values()]
            self._cursor.execute(f"UPDATE {table} SET {sets} WHERE {where}", values)
        self._log(table, key, before, after)

    def _log(self, table: str, key: Row, before: Row | None, after: Row | None) -> None:
        self.written.add(table)
        self._n += 1
        texts = [None if value is None else canonical(value).decode() for value in (before, after)]
        self._cursor.execute(
            "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)",
            [self._seq, self._n, table, canonical(key).decode(), *texts],
        )

    def _log_many(self, table: str, pairs: Sequence[tuple[Row | None, Row | None]]) -> None:
        self.written.add(table)
        keys = KEYS[table]
        rows = []
        for number, (before, after) in enumerate(pairs, start=self._n + 1):
            reference = after if after is not None else before
            assert reference is not None
            texts = [None if value is None else canonical(value).decode() for value in (before, after)]
            key = canonical({k: reference[k] for k in keys}).decode()
            rows.append({"seq": self._seq, "n": number, "tbl": table, "key": key, "before": texts[0],
                         "after": texts[1]})  # fmt: skip
        self._insert_rows("changes", rows)
        self._n += len(rows)

    def revert(self, seq: int) -> None:
        """Puts back, newest first, what act `seq` replaced; refuses what changed since."""
        for table, run in _runs(self._logged(seq)):
            if "*" in run[0].key:
                self._revert_batch(table, run[0].key["*"], run[0].after)
            else:
                self._revert_rows(table, run)

    def _logged(self, seq: int) -> Iterator[Row]:
        """The log of one act, newest first, read some rows at a time."""
        top = self.query("SELECT max(n) AS n FROM changes WHERE seq = ?", seq)[0]["n"] or 0
        sql = "SELECT * FROM changes WHERE seq = ? AND n > ? AND n <= ? ORDER BY n DESC"
        for end in range(top, 0, -_AT_ONCE):
            yield from self.query(sql, seq, end - _AT_ONCE, end)

    def _revert_rows(self, table: str, run: list[_Change]) -> None:
        """Rows of one table, each key once."""
        keys = KEYS[table]
        if len(run) < _MANY:
            current = [self.get(table, *(change.key[k] for k in keys)) for change in run]
        else:
            found = self.find_many(table, [change.key[keys[0]] for change in run])
            by_key = {tuple(row[k] for k in keys): row for row in found}
            current = [by_key.get(tuple(change.key[k] for k in keys)) for change in run]
        if not all(_same(now, change.after) for now, change in zip(current, run, strict=True)):
            raise Refusal(
                "This cannot be undone by itself: the same record was changed again later. Nothing was changed. "
                "Undo the later change first."
            )
        self.write_many(table, [(now, change.before) for now, change in zip(current, run, strict=True)])

    def _revert_batch(self, table: str, batch: list[Any], after: Row | None) -> None:
        self.written.update((table, "revisions") if table == "examples" else (table,))
        column, *values = batch
        these = f"{column} = ?" + (" AND position BETWEEN ? AND ?" if len(values) > 1 else "")
        untouched = " AND revision = 1 AND NOT trashed" if table == "examples" else ""
        count = self.query(f"SELECT count(*) AS n FROM {table} WHERE {these}{untouched}", *values)[0]["n"]
        expected = (after or {}).get("count")
        if count != expected:
            raise Refusal(
                f"This cannot be undone as a whole: {expected - count} of its {expected} records were changed since. "
                "Nothing was changed. Undo those changes first."
            )
        if table == "examples":
            of_these = f"DELETE FROM revisions WHERE example IN (SELECT id FROM examples WHERE {these})"
            self._cursor.execute(of_these, values)
        self._cursor.execute(f"DELETE FROM {table} WHERE {these}", values)


@dataclass(frozen=True)
class _Change:
    """One row of the log. A key of "*" stands for all the rows of one `insert_many`."""

    key: Row
    before: Row | None
    after: Row | None


def _runs(changes: Iterable[Row]) -> Iterator[tuple[str, list[_Change]]]:
    """The log in its order, as stretches of one table in which no key comes twice."""
    table = ""
    run: list[_Change] = []
    seen: set[str] = set()
    for logged in changes:
        if run and (logged["tbl"] != table or logged["key"] in seen or len(run) == _AT_ONCE):
            yield table, run
            run, seen = [], set()
        table = logged["tbl"]
        seen.add(logged["key"])
        run.append(_Change(json.loads(logged["key"]), _parsed(logged["before"]), _parsed(logged["after"])))
        if "*" in run[-1].key:
            yield from ((table, part) for part in (run[:-1], run[-1:]) if part)
            run, seen = [], set()
    if run:
        yield table, run


def _same_key(table: str) -> str:
    return " AND ".join(f'{table}."{k}" = incoming."{k}"' for k in KEYS[table])


def _names(columns: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in columns)


def _same(current: Row | None, logged: Row | None) -> bool:
    """Whether a row is as the log has it. A row logged before a migration lacks the columns that came with it."""
    if current is None or logged is None:
        return current is logged
    return {name: current[name] for name in logged} == logged


def _columns(names: Iterable[str], rows: Sequence[Row]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in names}


def _parsed(text: str | None) -> Row | None:
    return None if text is None else json.loads(text)


@applies("undone")
def undone(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Takes back the act with number `payload["seq"]`."""
    seq = payload["seq"]
    if seq < 1 and not tx.replaying:
        raise Refusal("This was done in another workspace, so it cannot be undone here. Nothing was changed.")
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
    tx.revert(seq)
    tx.query("UPDATE acts SET undone_by = ? WHERE seq = ?", act.seq, seq)
