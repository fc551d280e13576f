"""Frozen datasets at scale: how long it takes to draw splits, freeze, verify, compare, trace and export.

    python -m benchmarks.freezing [EXAMPLES]

A set of EXAMPLES (100,000) short texts with 12 slices, 77 labels, some groups and conversations is frozen; then 10,000
are edited and frozen again, and the two are compared. The health checks are not measured here.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from studio import dataset_history, datasets, exports, health, looks, projects
from studio.exports import folder
from studio.records import (
    Dataset,
    Example,
    Speaker,
    Split,
    Status,
    Turn,
    canonical,
    to_json,
)
from studio.reports import dataset_card
from studio.store import Store
from studio.store import datasets as rows

T = TypeVar("T")
_CHANGED = 10_000


def made(count: int) -> list[Example]:
    """Examples like short questions with a label each, the same at every call."""
    draw = random.Random(7)
    words = [
        a + b for a in "bcdfglmnprstvw" for b in ("ana", "elo", "ister", "ouse", "ark", "int", "olen", "ump", "ace")
    ]
    chat = (Turn(Speaker.user, "Hello, is somebody there?"), Turn(Speaker.assistant, "Yes. What can I do for you?"))
    return [
        Example(
            f"e{n:07}", f"{' '.join(draw.choices(words, k=11))} {n}", f"label {n % 77}", f"slice {n % 12}",
            status=Status.approved, group=f"customer {n // 3}" if n % 10 == 0 else "",
            earlier=chat if n % 20 == 0 else (), source="bench.csv", licence="CC BY 4.0",
        )
        for n in range(count)
    ]  # fmt: skip


def timed(what: str, do: Callable[[], T], more: Callable[[T], str] = lambda _: "") -> T:
    began = time.perf_counter()
    result = do()
    print(f"| {what} | {time.perf_counter() - began:.2f} s | {more(result)} |", flush=True)
    return result


def stored(store: Store, project: str, name: str, examples: list[Example]) -> Dataset:
    """A frozen dataset of these rows, as `datasets.freeze` writes it, with an empty report."""
    ordered = sorted(examples, key=lambda e: e.id)
    splits = {s.value: sum(e.split is s for e in ordered) for s in Split}
    dataset = {
        "id": name, "sha256": datasets.fingerprint(ordered, 1, {}, {}), "brief_version": 1, "splits": splits,
        "rows_blob": store.put_blob(canonical(to_json(ordered))), "health": {"report": {}, "waivers": {}}, "name": name,
    }  # fmt: skip
    store.act("dataset.frozen", "bench", {"dataset": dataset}, project)
    found = rows.get(store, name)
    assert found is not None
    return found


def main(count: int) -> None:
    print(f"{count:,} examples\n\n| what | time | note |\n|---|---|---|")
    given = made(count)
    splits = timed("draw the splits", lambda: health.assign(given, seed="studio"), lambda s: f"{len(s):,} placed")
    with tempfile.TemporaryDirectory() as where:
        store = Store.open(Path(where) / "workspace")
        project = projects.create(store, "bench", "Large").id
        placed = [replace(e, split=splits[e.id]) for e in given]
        first = timed("freeze: hash, write, record", lambda: stored(store, project, "first", placed))
        timed("verify", lambda: datasets.verify(store, first), lambda problem: problem or "as frozen")
        edited = [replace(e, ideal=f"{e.ideal} now", revision=2) if n < _CHANGED else e for n, e in enumerate(placed)]
        second = stored(store, project, "second", edited)
        timed("compare two sets", lambda: dataset_history.difference(store, first, second), lambda d: d.sentence)
        ids = [given[5].id]
        timed("trace an example, first", lambda: dataset_history.holding(store, project, ids))
        timed("trace an example, again", lambda: dataset_history.holding(store, project, ids))
        timed("how spent the test set is", lambda: looks.spent(store, second))
        card = timed("the card", lambda: dataset_card.written(store, second), lambda text: f"{len(text):,} characters")
        examples = timed("read the rows", lambda: rows.rows_of(store, second))
        for name in exports.FORMATS:
            timed(
                f"export as {name}", lambda name=name: exports.export(examples, name),  # type: ignore[misc]
                lambda file: f"{file.rows:,} rows, {len(file.data) / 2**20:.1f} MB",
            )  # fmt: skip
        timed("export as hf, a folder", lambda: folder.files(examples, card),
              lambda files: f"{sum(map(len, files.values())) / 2**20:.1f} MB")  # fmt: skip
        store.close()
    print(f"\npeak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MB")


if __name__ == "__main__":
    main(int(next((word for word in sys.argv[1:] if word.isdigit()), "100000")))
