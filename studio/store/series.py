"""Series: one long step made of many short acts, so that nobody else's save waits for it; see decision 10.

What is to be done is written down first, with every id. Each part is then an act of its own that says which part of
which series it is. The parts that stand are always the first ones: they are made in order and taken back from the end.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

from studio.records import Act, Refusal
from studio.store.writes import ALLOWED, Row, Tx, applies

if TYPE_CHECKING:
    from studio.store import Store


@dataclass(frozen=True)
class Series:
    """A long step and how far it is. `kind` is that of its parts, `size` the items of one, `plan` the name of the blob
    that lists them all, `standing` the parts that were made and not taken back. `kept`: left as it is, unfinished."""

    id: str
    project: str
    kind: str
    items: int
    size: int
    plan: str
    kept: bool
    actor: str
    at: str
    standing: int

    @property
    def parts(self) -> int:
        return ceil(self.items / self.size)

    @property
    def done(self) -> int:
        """Items of the parts that stand."""
        return min(self.items, self.standing * self.size)


@applies("series.begun")
def series_begun(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id, kind, items, size, plan (a blob's name). Changes nothing else yet."""
    names = ("id", "kind", "items", "size", "plan")
    tx.insert("series", {**{name: payload[name] for name in names}, "project": act.project, "kept": False,
                         "actor": act.actor, "at": act.at})  # fmt: skip


@applies("series.kept")
def series_kept(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """payload: id. What was done of it stays, nobody is asked to go on with it."""
    tx.update("series", tx.need("series", payload["id"], what="step"), kept=True)


def count_part(tx: Tx, act: Act, named: dict[str, Any]) -> None:
    """Notes that `act` is part `named["part"]` (from 1) of the series `named["id"]`. Refusal unless it is the next."""
    row = tx.need("series", named["id"], what="step")
    standing = tx.query("SELECT count(*) AS n FROM series_parts WHERE series = ?", row["id"])[0]["n"]
    if row["project"] != act.project or row["kind"] != act.kind or named["part"] != standing + 1:
        raise Refusal("This step goes on elsewhere meanwhile, perhaps in another tab. Nothing was done twice.")
    tx.insert("series_parts", {"series": row["id"], "part": named["part"], "act": act.seq})


def _refuse_inner(tx: Tx, act: Act, payload: dict[str, Any]) -> None:
    """Of a series only the last part can be taken back."""
    sql = "SELECT 1 FROM series_parts p JOIN series_parts q ON q.series = p.series AND q.part > p.part WHERE p.act = ?"
    if tx.query(f"{sql} LIMIT 1", payload["seq"]):
        raise Refusal("This is the middle of a longer step. Nothing was changed. Undo the whole step.")


ALLOWED["undone"] = _refuse_inner


INNER = (
    "SELECT p.act FROM series_parts p JOIN (SELECT series, max(part) AS last FROM series_parts GROUP BY series) l "
    "ON l.series = p.series WHERE p.part < l.last"
)
"""The acts that are parts of a series with a part after them."""

_READ = "SELECT *, (SELECT count(*) FROM series_parts p WHERE p.series = s.id) AS standing FROM series s"


def get(store: Store, name: str) -> Series | None:
    rows = store.rows(f"{_READ} WHERE id = ?", name)
    return _series(rows[0]) if rows else None


def of_act(store: Store, seq: int) -> Series | None:
    """The series that act `seq` is a standing part of."""
    rows = store.rows(f"{_READ} WHERE id IN (SELECT series FROM series_parts WHERE act = ?)", seq)
    return _series(rows[0]) if rows else None


def unfinished(store: Store, project: str, actor: str) -> list[Series]:
    """What one person began here and some, but not all, parts of which stand; newest first. Of an import also one that
    never came to its first part: the rows that were read are kept nowhere else."""
    rows = store.rows(f'{_READ} WHERE project = ? AND actor = ? AND NOT kept ORDER BY "at" DESC', project, actor)
    found = [each for each in map(_series, rows) if each.standing < each.parts]
    brought = [each.id for each in found if not each.standing and each.kind == "examples.imported"]
    waiting = set(brought) - _had_parts(store) if brought else set()
    return [each for each in found if each.standing or each.id in waiting]


def _had_parts(store: Store) -> set[str]:
    """The series of which a part was made, taken back since or not."""
    sql = "SELECT DISTINCT json_extract_string(key, '$.series') AS name FROM changes WHERE tbl = 'series_parts'"
    return {row["name"] for row in store.rows(sql)}


def acts(store: Store, series: str) -> list[int]:
    """The numbers of the acts that are its standing parts, the last one first."""
    rows = store.rows("SELECT act FROM series_parts WHERE series = ? ORDER BY part DESC", series)
    return [row["act"] for row in rows]


def last_payload(store: Store, series: str) -> dict[str, Any]:
    """What the last standing part says. Raises LookupError when none stands."""
    rows = store.rows("SELECT payload FROM acts WHERE seq = ?", acts(store, series)[0])
    return json.loads(store.get_blob(rows[0]["payload"]))


def moved(store: Store, series: str) -> int:
    """How many examples are not any more as the standing parts of the series left them.

    Told from their revision and whether they are in the trash: whoever takes a part back looks at all of each row.
    """
    each = (
        "SELECT count(*) AS n FROM changes c LEFT JOIN examples e ON e.id = json_extract_string(c.key, '$.id') "
        "WHERE c.tbl = 'examples' AND c.before IS NOT NULL "
        "AND c.seq IN (SELECT act FROM series_parts WHERE series = ?) "
        "AND (e.id IS NULL OR e.revision <> CAST(json_extract(c.after, '$.revision') AS BIGINT) "
        "OR e.trashed <> CAST(json_extract(c.after, '$.trashed') AS BOOLEAN))"
    )
    brought = "SELECT count(*) AS n FROM examples WHERE batch = ? AND (revision <> 1 OR trashed)"
    found = get(store, series)
    sql = brought if found is not None and found.kind == "examples.imported" else each
    return store.rows(sql, series)[0]["n"]


def _series(row: Row) -> Series:
    return Series(**row)
