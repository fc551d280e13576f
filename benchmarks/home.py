"""How fast the first page opens with many projects: `python -m benchmarks.home [--projects 50] [--folder F]`

The page's script from start to end for a designer, by Streamlit's AppTest in the process that holds the store: first
with nothing kept, as after a restart, then again, then after somebody changed one project. Each project is a copy of a
demo with some 300 examples and a frozen set of them; one has a change after it. About a minute for 50.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import uuid
from pathlib import Path

import streamlit as st
from streamlit.testing.v1 import AppTest

from benchmarks.pages import opened
from studio import loop, project_copy, projects
from studio.records import Split, canonical, to_json
from studio.store import Store, examples
from studio.store import projects as rows

PROMISED_MS = 1_500.0
_ACTOR = "benchmark"


def filled(store: Store, count: int) -> list[str]:
    """`count` projects, each with a frozen set of all its examples."""
    first = projects.from_demo(store, _ACTOR, "ticket-triage").id
    made = [first, *(project_copy.duplicate(store, _ACTOR, first).project.id for _ in range(count - 1))]
    for project in made:
        kept = [to_json(each) | {"split": to_json(each.split) or "train"} for each in examples.every(store, project)]
        splits = {split.value: sum(row["split"] == split.value for row in kept) for split in Split}
        dataset = {"id": uuid.uuid4().hex[:12], "sha256": uuid.uuid4().hex, "brief_version": 1, "splits": splits,
                   "rows_blob": store.put_blob(canonical(kept)), "health": {}, "name": "Dataset 1"}  # fmt: skip
        store.act("dataset.frozen", _ACTOR, {"dataset": dataset}, project)
    return made


def timed(at: AppTest) -> float:
    """Milliseconds of one run of the page."""
    start = time.perf_counter()
    at.run()
    if at.exception:
        raise SystemExit(at.exception[0].message)
    return (time.perf_counter() - start) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", type=int, default=50)
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    store = Store.open(asked.folder or Path(tempfile.mkdtemp(prefix="home-")))
    made = [each.id for each in rows.every(store)] or filled(store, asked.projects)
    start = time.perf_counter()
    for project in made:
        loop.stand(store, project)
    stand = (time.perf_counter() - start) * 1000 / len(made)
    start = time.perf_counter()
    for project in made:
        loop.stale(store, project)
    stale = (time.perf_counter() - start) * 1000 / len(made)
    print(f"{len(made)} projects; one project: where it stands {stand:.1f} ms, what is stale {stale:.1f} ms")
    at = opened(store, made[0], "home")
    st.cache_data.clear()
    print(f"first page, nothing kept   {timed(at):7.0f} ms (promised {PROMISED_MS:.0f})")
    print(f"first page, again          {timed(at):7.0f} ms")
    ids = [each.id for each in examples.every(store, made[0])][:1]
    store.act("examples.changed", _ACTOR, {"ids": ids, "add_tags": [uuid.uuid4().hex]}, made[0])
    print(f"after a change in one      {timed(at):7.0f} ms")
    store.close()


if __name__ == "__main__":
    main()
