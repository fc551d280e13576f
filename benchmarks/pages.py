"""Whole reruns of the pages among many examples: `python -m benchmarks.pages [--sizes 100000,1000000] [--folder F]`

The page's script from its start to its end for a person who is signed in, run by Streamlit's AppTest in the process
that holds the store: what a click costs the server, without the socket and the browser. Each look asks for something
else, so that nothing comes from a cache. About 2 minutes for 100,000 and 8 for 1,000,000, of which most is filling.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from streamlit import config
from streamlit.testing.v1 import AppTest

from benchmarks.browse import SLICES, WORDS, Figures, timed
from studio import brief as brief_step
from studio import people
from studio.examples import step
from studio.records import Brief, Role, Slice, sha256
from studio.store import Store, briefs, examples, finding, projects
from studio.store.finding import Filter
from studio.ui import server

PROMISED = {100_000: 150.0, 1_000_000: 500.0}
"""p95 in milliseconds, of a filtered or searched page."""


def opened(store: Store, project: str, page: str) -> AppTest:
    """A page as a designer first sees it."""
    token = people.make_invitation(store, people.SYSTEM, f"Designer {random.random()}", Role.designer)
    session = sha256(people.join(store, token, "").session)
    server.configure()
    config.set_option("runner.enforceSerializableSessionState", False)  # AppTest itself keeps functions in it
    server.use(store)
    ui = Path(server.__file__).parent
    at = AppTest.from_file(str(ui / "app.py"), default_timeout=600)
    at.user = {"session": session}
    at.query_params["project"] = project
    at.run()
    at.switch_page(str(ui.parents[1] / "pages" / f"{page}.py"))
    at.query_params["project"] = project
    return _sound(at.run())


def _sound(at: AppTest) -> AppTest:
    if at.exception:
        raise SystemExit(at.exception[0].message)
    return at


def looks(at: AppTest) -> dict[str, Callable[[int], object]]:
    """Name -> one look at the list, given the number of the try."""

    def show(**given: str) -> None:
        for name in ("text", "slice", "status", "kind", "list-page"):
            if name in given:
                at.query_params[name] = given[name]
            elif name in at.query_params:
                del at.query_params[name]
        _sound(at.run())

    return {
        "the list, unfiltered": lambda n: show(**{"list-page": str(1 + n % 3)}),
        "a filtered page": lambda n: show(slice=SLICES[n % 8], status="approved", kind="vague"),
        "a page of a word's search": lambda n: show(text=WORDS[n % len(WORDS)]),
        "a page of a phrase's search": lambda n: show(text=("refund policy", "Refund Policy")[n % 2]),
        "a search of what is nowhere": lambda n: show(text=f"nowhere {n}"),
    }


def measure(workspace: Path) -> dict[str, Figures]:
    process = psutil.Process()
    store = Store.open(workspace)
    project = projects.every(store)[0].id
    if briefs.latest(store, project) is None:
        slices = tuple(Slice(name, target_share=1 / len(SLICES)) for name in SLICES)
        brief_step.save(store, "bench", project, Brief(task="Answer", slices=slices), note="", changes_meaning=True)
    began = time.perf_counter()
    at = opened(store, project, "examples")
    found: dict[str, Figures] = {"the page, opened first": (1000 * (time.perf_counter() - began), 0.0, 0.0)}
    for name, look in looks(at).items():
        found[name] = timed(look, 60)
    some = finding.ids(store, project, Filter())[::97][:120]

    def saved(number: int) -> None:
        read = examples.get(store, some[number])
        assert read is not None
        step.edit(store, "bench", project, read, ideal=f"{read.ideal} Changed {number}.")
        for name in list(at.query_params):
            if name != "project":
                del at.query_params[name]
        _sound(at.run())

    found["an edit saved, and the list after it"] = timed(saved, 20)
    found["memory of the process (MiB)"] = (process.memory_info().rss / 2**20, 0.0, 0.0)
    store.close()
    return found


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    ask.add_argument("--sizes", default="100000,1000000")
    ask.add_argument("--folder", type=Path, help="where the workspaces go; a temporary folder when not given")
    ask.add_argument("--part", choices=["measure"], help="measure one workspace, in this process")
    given = ask.parse_args()
    if given.part:
        print(json.dumps(measure(given.folder / given.sizes)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        for size in given.sizes.split(","):
            report(given.folder or Path(temporary), size)


def report(folder: Path, size: str) -> None:
    if not (folder / size).exists():
        fill = ["-m", "benchmarks.browse", "--folder", str(folder), "--sizes", size, "--part", "fill"]
        subprocess.run([sys.executable, *fill], check=True, capture_output=True)
    command = [sys.executable, "-m", "benchmarks.pages", "--part", "measure", "--folder", str(folder), "--sizes", size]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    print(f"\n{int(size):,} examples, a whole rerun in ms{'p50':>14}{'p95':>10}{'cpu':>10}")
    for name, figures in json.loads(done.stdout.splitlines()[-1]).items():
        print(f"{name:<40}" + "".join(f"{figure:>10.1f}" for figure in figures))
    print(f"promised of a filtered or searched page, p95: {PROMISED.get(int(size), 0):.0f}")


if __name__ == "__main__":
    main()
