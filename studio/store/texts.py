"""The texts of a project's examples, by the number that the cache of vectors knows each by (`studio.jobs.vectors`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from studio.store import Store

# Every turn of an example in one text: `Prompt.asked`, said in SQL.
_ASKED = (
    "CASE WHEN earlier = '[]' THEN input ELSE "
    "array_to_string(list_append(json_extract_string(earlier, '$[*].text'), input), chr(10) || chr(10)) END"
)
_NUMBER = f"CAST('0x' || left(sha256({_ASKED}), 16) AS UBIGINT)"


_FROM = "FROM examples WHERE project = ? AND NOT trashed"
_FEW = 1_000


@dataclass(frozen=True)
class Texts:
    """One row an example that is not in the trash, in the order they came: its place, and the number of its text.

    `marks`: a quick hash of the text by the database, for telling what changed while the studio runs.
    """

    positions: NDArray[np.int64]
    marks: NDArray[np.uint64]
    numbers: NDArray[np.uint64]


def numbers(store: Store, project: str, before: Texts | None = None) -> Texts:
    """All examples of the project. About 90 ms for 100,000, hashed where they lie: no text leaves the database.

    With what was found `before`, only the texts that changed since are hashed anew: some 15 ms.
    """
    if before is not None and len(before.positions):
        columns = store.columns(f"SELECT position, hash({_ASKED}) AS mark {_FROM} ORDER BY position", project)
        positions, marks = columns["position"].astype(np.int64), columns["mark"].astype(np.uint64)
        at = np.minimum(np.searchsorted(before.positions, positions), len(before.positions) - 1)
        known = (before.positions[at] == positions) & (before.marks[at] == marks)
        fresh = np.flatnonzero(~known)
        if len(fresh) <= _FEW:
            made = before.numbers[at]
            made[fresh] = _numbered(store, project, positions[fresh].tolist())
            return Texts(positions, marks, made)
    columns = store.columns(
        f"SELECT position, hash({_ASKED}) AS mark, {_NUMBER} AS number {_FROM} ORDER BY position", project
    )
    return Texts(
        columns["position"].astype(np.int64), columns["mark"].astype(np.uint64), columns["number"].astype(np.uint64)
    )


def _numbered(store: Store, project: str, positions: list[int]) -> list[int]:
    """The numbers of the texts at these places; 0, which is no text's, where there is none any more."""
    if not positions:
        return []
    marks = ", ".join("?" for _ in positions)
    sql = f"SELECT position, {_NUMBER} AS number {_FROM} AND position IN ({marks})"
    found = {row["position"]: row["number"] for row in store.rows(sql, project, *positions)}
    return [found.get(position, 0) for position in positions]


def ids_at(store: Store, project: str, places: dict[int, int]) -> dict[int, str]:
    """`places`: position -> number. Position -> id, of those that still have that text."""
    if not places:
        return {}
    marks = ", ".join("?" for _ in places)
    sql = f"SELECT id, position, {_NUMBER} AS number {_FROM} AND position IN ({marks})"
    found = store.rows(sql, project, *places)
    return {row["position"]: row["id"] for row in found if places[row["position"]] == row["number"]}


def asked(store: Store, project: str, limit: int, offset: int) -> list[tuple[int, str]]:
    """(number, text) of the examples that are not in the trash, in the order they came, a part at a time."""
    sql = f"SELECT {_NUMBER} AS number, {_ASKED} AS text {_FROM} ORDER BY position LIMIT ? OFFSET ?"
    return [(row["number"], row["text"]) for row in store.rows(sql, project, limit, offset)]
