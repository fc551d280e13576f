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


@dataclass(frozen=True)
class Texts:
    """One row an example that is not in the trash, in the order they came: its place, and the number of its text."""

    positions: NDArray[np.int64]
    numbers: NDArray[np.uint64]


def numbers(store: Store, project: str) -> Texts:
    """All examples of the project. About 60 ms for 100,000: hashed where they lie, and no text leaves the database."""
    sql = f"SELECT position, {_NUMBER} AS number FROM examples WHERE project = ? AND NOT trashed ORDER BY position"
    columns = store.columns(sql, project)
    return Texts(columns["position"].astype(np.int64), columns["number"].astype(np.uint64))


def ids_at(store: Store, project: str, places: dict[int, int]) -> dict[int, str]:
    """`places`: position -> number. Position -> id, of those that still have that text."""
    if not places:
        return {}
    marks = ", ".join("?" for _ in places)
    sql = (
        f"SELECT id, position, {_NUMBER} AS number FROM examples "
        f"WHERE project = ? AND NOT trashed AND position IN ({marks})"
    )
    found = store.rows(sql, project, *places)
    return {row["position"]: row["id"] for row in found if places[row["position"]] == row["number"]}


def asked(store: Store, project: str, limit: int, offset: int) -> list[tuple[int, str]]:
    """(number, text) of the examples that are not in the trash, in the order they came, a part at a time."""
    sql = (
        f"SELECT {_NUMBER} AS number, {_ASKED} AS text FROM examples WHERE project = ? AND NOT trashed "
        "ORDER BY position LIMIT ? OFFSET ?"
    )
    return [(row["number"], row["text"]) for row in store.rows(sql, project, limit, offset)]
