"""A large project out of one workspace and into another: `python -m benchmarks.project_file [--examples 10000]`

A project with that many examples and as many acts of one example each, which is what replay costs most for: written,
brought in, and how long others waited for the write lock meanwhile. About two minutes for 10,000.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
import uuid
from pathlib import Path

from studio import project_file, projects
from studio.examples import step
from studio.store import Store, examples, imports

_ACTOR = "benchmark"
_LONGEST_WAIT_S = 0.05


def filled(store: Store, count: int) -> str:
    """`count` examples in one import, and one edit of each."""
    project = projects.create(store, _ACTOR, "Large").id
    columns = {
        "id": [uuid.uuid4().hex for _ in range(count)], "input": [f"Question {n}, and why?" for n in range(count)],
        "ideal": [f"Because of {n}." for n in range(count)],
    }  # fmt: skip
    batch = {"id": uuid.uuid4().hex, "file": "large.csv", "format": "csv", "rows": count, "refused": []}
    blob = store.put_blob(imports.columns_of(columns, count))
    store.act("examples.imported", _ACTOR, {"batch": batch, "brief_version": 0, "columns_blob": blob}, project)
    for each in examples.every(store, project):
        step.edit(store, _ACTOR, project, each, ideal=each.ideal + " Yes.")
    return project


def waits(store: Store, over: threading.Event) -> list[float]:
    """Seconds that each of many small writes took, until `over`."""
    taken: list[float] = []
    mine = projects.create(store, "other", "Mine").id
    while not over.is_set():
        start = time.perf_counter()
        projects.rename(store, "other", mine, f"Mine {len(taken)}")
        taken.append(time.perf_counter() - start)
        time.sleep(_LONGEST_WAIT_S)
    return taken


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=10_000)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="project-file-"))
    store = Store.open(folder / "from")
    project = filled(store, asked.examples)
    start = time.perf_counter()
    made = project_file.write(store, project, folder / "project.zip")
    print(f"written  {time.perf_counter() - start:6.1f} s  {made.bytes / 1e6:.1f} MB, {made.acts:,} acts")
    store.close()
    there, over, taken = Store.open(folder / "to"), threading.Event(), list[float]()
    other = threading.Thread(target=lambda: taken.extend(waits(there, over)))
    other.start()
    start = time.perf_counter()
    project_file.bring(there, _ACTOR, made.path)
    print(f"brought  {time.perf_counter() - start:6.1f} s")
    over.set()
    other.join()
    taken.sort()
    print(f"others' longest wait for a write {taken[-1]:.1f} s, of {len(taken)}; median {taken[len(taken) // 2]:.3f} s")
    there.close()


if __name__ == "__main__":
    main()
