"""All figures of a round as a table, CSV for spreadsheets and Parquet for programs, with what they are about."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio import cells
from studio.figures.figure import Figure, Material

_TEXTS = ("id", "section", "name", "unit", "counts", "word", "sentence")
COLUMNS = (
    "id", "section", "name", "value", "low", "high", "n", "counts", "unit", "word", "sentence", "labels", "round",
    "registration", "head",
)  # fmt: skip


@dataclass(frozen=True)
class About:
    """What stands beside each figure: the round, the hash of its registration, the head of the record's chain when the
    table was made, and what must be said of such votes ("scripted votes, practice round", or "")."""

    round: str
    registration: str
    head: str
    labels: str


def about(made: Material, head: str) -> About:
    ruled = made.told.ruling
    labels = [word for told, word in ((ruled.scripted, "scripted votes"), (ruled.practice, "practice round")) if told]
    return About(made.found.id, made.found.sha256, head, ", ".join(labels))


def csv_table(figures: Sequence[Figure], told: About) -> bytes:
    """Numbers in full, so that they can be compared; what is not there is empty."""
    rows = [_row(figure, told) for figure in figures]
    return cells.csv_table([COLUMNS, *([row[name] for name in COLUMNS] for row in rows)])


def parquet(figures: Sequence[Figure], told: About) -> bytes:
    """The same columns: value, low and high as doubles, n as a whole number, everything else as text."""
    import pyarrow as pa
    import pyarrow.parquet

    kinds = {"value": pa.float64(), "low": pa.float64(), "high": pa.float64(), "n": pa.int64()}
    schema = pa.schema([(name, kinds.get(name, pa.string())) for name in COLUMNS])
    out = io.BytesIO()
    table = pa.Table.from_pylist([_row(figure, told) for figure in figures], schema=schema)
    pyarrow.parquet.write_table(table, out, compression="zstd")
    return out.getvalue()


def _row(figure: Figure, told: About) -> dict[str, Any]:
    numbers = {
        name: None if (end := getattr(figure, name)) is None else float(end) for name in ("value", "low", "high")
    }
    texts = {name: getattr(figure, name) for name in _TEXTS}
    return {
        **texts, **numbers, "n": figure.n, "labels": told.labels, "round": told.round,
        "registration": told.registration, "head": told.head,
    }  # fmt: skip


FORMATS: Mapping[str, Callable[[Sequence[Figure], About], bytes]] = {"csv": csv_table, "parquet": parquet}
