"""The store: the one owner of the workspace's journal and DuckDB database, with one write path.

`Store.act` is the only way to change anything; the modules beside this one hold what each kind of act
does to the rows (`@applies`) and the typed reads. See docs/decisions for why it is built this way.
"""

from __future__ import annotations

import dataclasses
import datetime
import json
import threading
import uuid
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import duckdb

from studio.records import Act, Refusal, canonical
from studio.store import (  # noqa: F401 - importing registers the handlers
    addresses,
    advice,
    arms,
    briefs,
    brought,
    comments,
    contradictions,
    copies,
    datasets,
    decisions,
    documents,
    examples,
    guesses,
    imports,
    labels,
    papers,
    people,
    prices,
    projects,
    ratings,
    reminders,
    rounds,
    runs,
    series,
    shares,
    taken,
    tasks,
    views,
    waiver_reviews,
    waivers,
)
from studio.store.applying import applied
from studio.store.file import NO_ROOM, applied_before, connect, own, set_aside
from studio.store.journal import Blobs, Journal, Mark, link
from studio.store.kept import LARGE_ONES, TALK, Kept
from studio.store.migrations import MIGRATIONS
from studio.store.writes import ALLOWED, GUARDS, HANDLERS, Row, Tx, fetch

__all__ = ["Store"]

T = TypeVar("T")

_PATIENCE = 5.0  # seconds


def now() -> str:
    """The present as ISO 8601 in UTC, to the millisecond. Read only when an act is made, never in a replay."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


class Store:
    """One workspace, open. Safe to share between threads: one lock round writes, a cursor for each read."""

    def __init__(self, workspace: Path, *, rebuild: bool = False) -> None:
        """Opens or makes `workspace`. Raises Refusal when it is owned, newer, damaged or not writable."""
        self.workspace = workspace
        self._lock = threading.Lock()
        self._read_only = self._closed = ""
        self._reads, self._at_rest = 0, threading.Condition()
        self._kept, self._once = Kept(), Kept(most=LARGE_ONES)
        self._lock_file = own(workspace)
        try:
            self.blobs = Blobs(workspace / "blobs")
            self.journal = Journal(workspace / "journal.jsonl")
            self.lost = max(0, applied_before(workspace / "studio.duckdb") - self.journal.seq) if rebuild else 0
            if rebuild:
                set_aside(workspace)
            self._db = connect(workspace / "studio.duckdb")
            self._migrate()
            self.replayed = self._replay()
            self._stands = (self.journal.seq, self.journal.head)
        except BaseException as error:
            self._lock_file.close()
            if isinstance(error, (duckdb.IOException, duckdb.TransactionException)):  # of a commit
                raise Refusal(NO_ROOM) from error
            raise

    @classmethod
    def open(cls, workspace: Path) -> Store:
        return cls(workspace)

    @classmethod
    def rebuilt(cls, workspace: Path) -> Store:
        """Replays the whole journal into a new database; the old file is kept beside it.

        `lost` of the store is then how many acts the old database held that the journal does not.
        """
        return cls(workspace, rebuild=True)

    # -- writing -------------------------------------------------------------------------------

    def act(self, kind: str, actor: str, payload: dict[str, Any], project: str = "") -> Act:
        """Applies, journals and commits one act, in that order; returns it once it is durable.

        Raises Refusal when the act is not allowed (nothing was changed) or the disk refuses (read-only
        until restart).
        """
        if kind not in HANDLERS:
            raise ValueError(f"unknown act kind {kind!r}")
        body = canonical(payload)
        name = self.put_blob(body)  # before the lock: nobody waits for a payload's way to the disk
        with self._lock:
            if self._read_only:
                raise Refusal(self._read_only)
            return self._act(kind, actor, json.loads(body), name, project)

    def _act(self, kind: str, actor: str, payload: dict[str, Any], name: str, project: str) -> Act:
        act = Act(self.journal.seq + 1, self.journal.head, uuid.uuid4().hex, now(), actor, kind, project, name, "")
        act = dataclasses.replace(act, hash=link(act))
        cursor = self._db.cursor()
        try:
            cursor.execute("BEGIN")
            try:
                written = self._apply(cursor, act, payload)
                self._durably(lambda: self.journal.append(act))
            except duckdb.ConstraintException as error:
                cursor.execute("ROLLBACK")
                raise Refusal("One of these records exists already. Nothing was changed.") from error
            except BaseException:
                cursor.execute("ROLLBACK")
                raise
            try:
                cursor.execute("COMMIT")
            except duckdb.Error as error:
                # The journal has it, so it is not lost: the next start replays it.
                self._read_only = (
                    "The database could not be written. Everything acknowledged is safe in the journal. "
                    "Free some disk space and start the studio again."
                )
                raise Refusal(self._read_only) from error
            for kept in (self._kept, self._once):
                kept.changed(act.seq, kind, written)
            self._stands = (act.seq, act.hash)
        finally:
            cursor.close()
        return act

    def _durably(self, write: Any) -> Any:
        try:
            return write()
        except OSError as error:
            self._read_only = (
                f"The disk refused to write ({error.strerror or error}). What was saved before is safe; this last step "
                "was not saved. Free some space and start the studio again."
            )
            raise Refusal(self._read_only) from error

    def _apply(
        self, cursor: duckdb.DuckDBPyConnection, act: Act, payload: dict[str, Any], *, replaying: bool = False
    ) -> set[str]:
        """The tables that it wrote to, besides its own."""
        tx = Tx(cursor, self.blobs, act.seq, replaying=replaying)
        if not replaying and act.kind in ALLOWED:
            ALLOWED[act.kind](tx, act, payload)
        applied(tx, act, payload)
        cursor.execute("UPDATE meta SET value = ? WHERE key = 'applied_seq'", [str(act.seq)])
        return tx.written

    def undo(self, seq: int, actor: str) -> Act:
        """A new act that takes back act `seq`. Raises Refusal when later work stands on it."""
        found = self.rows("SELECT project FROM acts WHERE seq = ?", seq)
        return self.act("undone", actor, {"seq": seq}, found[0]["project"] if found else "")

    def put_blob(self, content: bytes) -> str:
        """Keeps `content` durably and returns its hex SHA-256, for an act's payload to name."""
        if self._read_only:
            raise Refusal(self._read_only)
        return self._durably(lambda: self.blobs.put(content))

    def get_blob(self, name: str) -> bytes:
        return self.blobs.get(name)

    # -- reading -------------------------------------------------------------------------------

    def rows(self, sql: str, *params: Any) -> list[Row]:
        """Rows of a query, for the modules of this package only (all SQL lives here)."""
        with self._reading() as cursor:
            return fetch(cursor, sql, params)

    @contextmanager
    def _reading(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A cursor of one read, on which closing waits."""
        with self._at_rest:
            if self._closed:
                raise Refusal(self._closed)
            self._reads += 1
        try:
            cursor = self._db.cursor()
            try:
                yield cursor
            finally:
                cursor.close()
        finally:
            with self._at_rest:
                self._reads -= 1
                self._at_rest.notify_all()

    def kept(self, key: Hashable, tables: Sequence[str], read: Callable[[], T]) -> T:
        """`read()`, or what it gave before when no act wrote to `tables` since: for small reads at every turn."""
        return self._kept.read(key, tables, read)

    def kept_besides(self, key: Hashable, kinds: Sequence[str], read: Callable[[], T]) -> T:
        """`read()`, or what it gave before when there were only acts of `kinds` since, which cannot change it."""
        return self._kept.read_besides(key, kinds, read)

    def columns(self, sql: str, *params: Any) -> dict[str, Any]:
        """The columns of a query as numpy arrays, for the modules of this package only: where rows are many."""
        with self._reading() as cursor:
            return dict(cursor.execute(sql, list(params)).fetchnumpy())

    @property
    def version(self) -> int:
        """The number of the last act that reads can see: a key for cached reads. The journal has it a moment sooner."""
        return self._stands[0]

    def once(self, key: Hashable, read: Callable[[], T], tables: Sequence[str] = ()) -> T:
        """`read()`, or what it gave before: when no act wrote to `tables` since, or, of what is read in many places
        (no `tables`), when only comments, signatures, sessions and the like came since. For large things that a page
        asks for several times: only the last few are kept. Nobody may change the value."""
        return self._once.read(key, tables, read) if tables else self._once.read_besides(key, TALK, read)

    def version_of(self, project: str, *, besides: Sequence[str]) -> int:
        """The number of the last act in a project that is of none of the kinds `besides`, 0 without one: a key for
        cached reads of what neither those nor other projects change."""
        sql = f"SELECT max(seq) AS seq FROM acts WHERE project = ? AND kind NOT IN ({', '.join('?' for _ in besides)})"
        return int(self.rows(sql, project, *besides)[0]["seq"] or 0)

    @property
    def head(self) -> str:
        """The hash of that act, which stands for all that came before it."""
        return self._stands[1]

    def mark(self) -> Mark:
        """How far the journal is, between two acts: all up to there is durable and never changes."""
        with self._lock:
            return self.journal.mark()

    def recent(self, project: str, actor: str, limit: int = 10) -> list[Act]:
        """The last acts of one person in one project that can still be undone, newest first; of a series only the
        last part."""
        marks = ", ".join("?" for _ in GUARDS)
        found = self.rows(
            f"SELECT * FROM acts WHERE project = ? AND actor = ? AND undone_by IS NULL AND kind IN ({marks}) "
            f"AND seq > 0 AND seq NOT IN ({series.INNER}) ORDER BY seq DESC LIMIT ?",
            project, actor, *GUARDS, limit,
        )  # fmt: skip
        return [_act_of(row) for row in found]

    def history(self, project: str, kinds: Sequence[str] = (), limit: int = 200) -> list[Act]:
        """The acts of a project, newest first; `kinds` limits them."""
        where = f" AND kind IN ({', '.join('?' for _ in kinds)})" if kinds else ""
        sql = f"SELECT * FROM acts WHERE project = ?{where} ORDER BY seq DESC LIMIT ?"
        return [_act_of(row) for row in self.rows(sql, project, *kinds, limit)]

    def log(self, limit: int = 50, offset: int = 0) -> list[tuple[Act, int | None]]:
        """The acts of the whole workspace, newest first, each with the number of the act that took it back."""
        found = self.rows("SELECT * FROM acts ORDER BY seq DESC LIMIT ? OFFSET ?", limit, offset)
        return [(_act_of(row), row["undone_by"]) for row in found]

    def kinds_done(self, project: str, actor: str) -> set[str]:
        """The kinds of acts of one person in one project that still stand."""
        sql = "SELECT DISTINCT kind FROM acts WHERE project = ? AND actor = ? AND undone_by IS NULL"
        return {row["kind"] for row in self.rows(sql, project, actor)}

    def payload(self, act: Act) -> dict[str, Any]:
        return json.loads(self.blobs.get(act.payload))

    def audit(self) -> list[str]:
        """Problems of the chain and of the database against it; empty when intact."""
        problems = self.journal.problems(self.blobs)
        applied = self._applied()
        if applied != self.journal.seq:
            problems.append(f"the database stands at act {applied}, the journal at {self.journal.seq}")
        return problems

    def close(self) -> None:
        """Refuses what comes from now on, and waits, five seconds at most, for the reads that are under way."""
        with self._lock:
            with self._at_rest:
                self._read_only = self._closed = "The studio is shutting down. What was saved is safe."
                self._at_rest.wait_for(lambda: self._reads == 0, _PATIENCE)
            try:
                self._db.close()
            finally:
                self.journal.close()
                self._lock_file.close()

    # -- opening -------------------------------------------------------------------------------

    def _applied(self) -> int:
        return int(self.rows("SELECT value FROM meta WHERE key = 'applied_seq'")[0]["value"])

    def _migrate(self) -> None:
        self._db.execute("CREATE TABLE IF NOT EXISTS meta (key VARCHAR PRIMARY KEY, value VARCHAR)")
        self._db.execute("INSERT OR IGNORE INTO meta VALUES ('schema_version', '0'), ('applied_seq', '0')")
        version = int(self.rows("SELECT value FROM meta WHERE key = 'schema_version'")[0]["value"])
        if version > len(MIGRATIONS):
            self._db.close()
            raise Refusal(_NEWER)
        for number, migrate in enumerate(MIGRATIONS[version:], start=version + 1):
            self._db.execute("BEGIN")
            migrate(self._db)
            self._db.execute("UPDATE meta SET value = ? WHERE key = 'schema_version'", [str(number)])
            self._db.execute("COMMIT")

    def _replay(self) -> int:
        """Applies the acts that the journal holds and the database does not. How many."""
        applied = self._applied()
        if applied > self.journal.seq:
            self._db.close()
            raise Refusal(
                f"The journal ends at act {self.journal.seq} but the database stands at {applied}: a part of "
                "journal.jsonl is missing. Nothing was changed. Restore the journal from a backup."
            )
        count = 0
        for act in self.journal.read(after=applied):
            if act.kind not in HANDLERS:
                self._db.close()
                raise Refusal(_NEWER)
            cursor = self._db.cursor()
            cursor.execute("BEGIN")
            self._apply(cursor, act, json.loads(self.blobs.get(act.payload)), replaying=True)
            cursor.execute("COMMIT")
            cursor.close()
            count += 1
        return count


_NEWER = (
    "This workspace was written by a newer version of the studio. Nothing was changed. "
    "Update the studio, or choose another folder with --workspace."
)


def _act_of(row: Row) -> Act:
    return Act(row["seq"], "", row["id"], row["at"], row["actor"], row["kind"], row["project"], row["payload"],
               row["hash"])  # fmt: skip
