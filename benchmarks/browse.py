"""Finding and saving among many examples: how long a page of the list takes, and what the server holds.

    python -m benchmarks.browse [--sizes 100000,1000000] [--folder FOLDER]

A workspace is filled by imports (the studio's own acts) in one process and measured in another. The same rows then go
to three peers in a process of their own: pandas, SQLite with LIKE, and SQLite with its trigram index (FTS5).
"""

from __future__ import annotations

import argparse
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from studio import projects
from studio.examples import series, step, teamwork
from studio.examples.acting import Change, change
from studio.examples.batch import ParsedBatch, ParsedRow
from studio.records import Status
from studio.store import Store, briefs, examples, finding
from studio.store import series as series_rows
from studio.store.finding import Filter

Figures = tuple[float, float, float]
BATCH, PAGE, TIMES = 50_000, 20, 40
SLICES = ("delivery", "refunds", "technical", "account", "upset", "wholesale", "press", "out_of_scope")
_TEXT = (
    "where order parcel refund please help late broken box arrived wrong colour size money back card charged twice "
    "password account cannot log into app screen blank since yesterday again still waiting for answer from you thank "
    "replacement warranty receipt invoice address change cancel before Friday morning neighbour signed never got it "
    "kettle lamp blue chair table slow cooker filter battery charger cable manual missing screw leg scratched delivery"
)
WORDS = _TEXT.split()
STATUSES = (Status.approved, Status.approved, Status.in_review, Status.draft, Status.rejected)


def rows(size: int) -> Iterator[ParsedRow]:
    """The same `size` rows each time: 8 to 40 words a text, one in 500 mentions the refund policy."""
    draw = random.Random(7)
    for number in range(1, size + 1):
        asked, answer = (" ".join(draw.choices(WORDS, k=draw.randint(8, 40))).capitalize() + "." for _ in range(2))
        if number % 500 == 0:
            answer += " See our refund policy."
        kinds = ("vague",) if number % 20 == 0 else ()
        yield ParsedRow(
            number, asked, answer, draw.choice(SLICES), kinds, None, f"customer {number // 3}", draw.choice(STATUSES),
            system="Be kind." if number % 7 == 0 else "", worse="No idea." if number % 11 == 0 else "",
            licence=("CC BY 4.0", "ours", "")[number % 3],
        )  # fmt: skip


def fill(workspace: Path, size: int) -> float:
    """Imports the rows in batches; seconds."""
    store = Store.open(workspace)
    project = projects.create(store, "bench", "Bench").id
    started, taken = time.perf_counter(), []
    for row in rows(size):
        taken.append(row)
        if len(taken) == BATCH or row.row == size:
            batch = ParsedBatch("csv", "prompt/completion", (), {}, tuple(taken), (), len(taken))
            step.store_batch(store, "bench", project, batch, f"rows to {row.row}.csv")
            taken = []
    seconds = time.perf_counter() - started
    store.close()
    return seconds


def timed(do: Callable[[int], object], times: int = TIMES) -> Figures:
    """p50 and p95 in milliseconds, and the p50 of what the processor had to do, which other work does not disturb.

    `do` is given the number of the try, so that no two ask the same; the first one is not counted.
    """
    do(0)
    took, worked = [], []
    for number in range(1, times + 1):
        started, busy = time.perf_counter(), time.process_time()
        do(number)
        took.append(1000 * (time.perf_counter() - started))
        worked.append(1000 * (time.process_time() - busy))
    took.sort()
    worked.sort()
    return took[len(took) // 2], took[min(len(took) - 1, round(0.95 * len(took)))], worked[len(worked) // 2]


def measure(workspace: Path, size: int) -> dict[str, Figures]:
    """What the list asks of the store, uncached, and an edit saved: p50, p95, processor time (ms); memory in MiB."""
    import psutil

    process = psutil.Process()
    store = Store.open(workspace)
    project = store.rows("SELECT id FROM projects")[0]["id"]

    def look(wanted: Filter, page: int) -> None:
        finding.page(store, project, wanted, limit=PAGE, offset=(page - 1) * PAGE)

    def edit(number: int) -> None:
        read = examples.get(store, some[number])
        assert read is not None
        step.edit(store, "bench", project, read, ideal=f"{read.ideal} Changed {number}.")

    def head() -> None:
        examples.counts(store, project)
        examples.tally(store, project)
        examples.approved_before(store, project, briefs.meaning_since(store, project))
        finding.choices(store, project)
        finding.count(store, project, Filter(trashed=True))

    everything = finding.ids(store, project, Filter())
    some = everything[:: max(1, size // 500)]
    many = everything[1 : 5 * 10_000 : 5][:10_000]
    del everything
    deep = size // PAGE
    for example in some[100:500]:
        teamwork.comment(store, "bench", project, example, "Is this so?")
    found = {
        "first page": timed(lambda n: look(Filter(), 1 + n % 3)),
        "deep page": timed(lambda n: look(Filter(), deep - n)),
        "filtered page": timed(lambda n: look(Filter(slice=SLICES[n % 8], status="approved", kind="vague"), 2)),
        "page by licence, system text, worse answer": timed(
            lambda n: look(Filter(licence=("ours", "CC BY 4.0")[n % 2], system=("yes", "no")[n % 2], worse="yes"), 2)
        ),
        "page of a group": timed(lambda n: look(Filter(group=f"customer {n}"), 1)),
        "page by author, with comments": timed(
            lambda n: look(Filter(author="bench", comments=("yes", "no")[n % 2]), 2)
        ),
        "search of a word": timed(lambda n: look(Filter(text=WORDS[n % len(WORDS)]), 1 + n % 5)),
        "search of a phrase": timed(lambda n: look(Filter(text=("refund policy", "Refund Policy")[n % 2]), 1 + n % 5)),
        "search of what is nowhere": timed(lambda n: look(Filter(text=f"nowhere {n}"), 1)),
        "the next one of a search": timed(
            lambda n: finding.neighbour(store, project, some[n], Filter(text="kettle lamp"), forward=True)
        ),
        "counts above the list": timed(lambda n: head()),
        "save an edit": timed(edit, 100),
    }
    read = process.memory_info().rss / 2**20
    found |= {
        "tag 10,000": timed(lambda n: change(store, "b", project, many, Change(add_tags=(f"t{n}",))), 2),
        "undo of that": timed(lambda n: _take_back(store, project), 2),
    }
    now = process.memory_info().rss / 2**20
    found["memory: read, written, peak (MiB)"] = (read, now, _peak())
    store.close()
    return found


def _take_back(store: Store, project: str) -> None:
    whole = series_rows.of_act(store, store.recent(project, "b", 1)[0].seq)
    assert whole is not None
    series.take_back(store, "b", whole.id)


def _peak() -> float:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def peers(size: int) -> dict[str, Figures]:
    """A page of a search with its count: the same rows in pandas and in SQLite."""
    import pandas as pd

    frame = pd.DataFrame([(r.row, r.input, r.ideal) for r in rows(size)], columns=["row", "input", "ideal"])

    def by_pandas(number: int) -> None:
        word = WORDS[number % len(WORDS)].lower()
        hits = frame.input.str.lower().str.contains(word, regex=False)
        hits |= frame.ideal.str.lower().str.contains(word, regex=False)
        _ = int(hits.sum()), frame[hits].iloc[PAGE : 2 * PAGE].to_dict("records")

    found = {"pandas": timed(by_pandas, 10)}
    with tempfile.TemporaryDirectory() as folder:
        db = sqlite3.connect(Path(folder) / "peer.db")
        db.execute("CREATE TABLE t (row INTEGER PRIMARY KEY, input TEXT, ideal TEXT)")
        db.execute("CREATE VIRTUAL TABLE f USING fts5(input, ideal, content='t', content_rowid='row', "
                   "tokenize='trigram')")  # fmt: skip
        db.executemany("INSERT INTO t VALUES (?, ?, ?)", frame.itertuples(index=False))
        db.execute("INSERT INTO f(f) VALUES ('rebuild')")
        db.commit()
        for name, table, where in (
            ("SQLite LIKE", "t", "input LIKE '%' || ?1 || '%' OR ideal LIKE '%' || ?1 || '%'"),
            ("SQLite FTS5 trigram", "f", "f MATCH '\"' || ?1 || '\"'"),
        ):
            found[name] = timed(lambda n, table=table, where=where: _sqlite(db, table, where, n), 10)  # type: ignore[misc]
        db.close()
    return found


def _sqlite(db: sqlite3.Connection, table: str, where: str, number: int) -> None:
    word = [WORDS[number % len(WORDS)]]
    db.execute(f"SELECT count(*) FROM {table} WHERE {where}", word).fetchone()
    db.execute(f"SELECT * FROM {table} WHERE {where} ORDER BY rowid LIMIT {PAGE} OFFSET {PAGE}", word).fetchall()


def _child(*args: str) -> dict[str, Figures]:
    command = [sys.executable, "-m", "benchmarks.browse", *args]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout)


def main() -> None:
    ask = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    ask.add_argument("--sizes", default="100000,1000000")
    ask.add_argument("--folder", type=Path, help="where the workspaces go; a temporary folder when not given")
    ask.add_argument("--part", choices=["fill", "measure", "peers"], help="one part, in this process")
    given = ask.parse_args()
    size = int(given.sizes.split(",")[0])
    if given.part:
        workspace = (given.folder or Path()) / str(size)
        parts = {"fill": lambda: {"fill (s)": (fill(workspace, size), 0.0, 0.0)},
                 "measure": lambda: measure(workspace, size), "peers": lambda: peers(size)}  # fmt: skip
        print(json.dumps(parts[given.part]()))
        return
    with tempfile.TemporaryDirectory() as temporary:
        for text in given.sizes.split(","):
            report(given.folder or Path(temporary), text)


def report(folder: Path, size: str) -> None:
    at = ("--folder", str(folder), "--sizes", size)
    if not (folder / size).exists():
        print(f"filled in {_child(*at, '--part', 'fill')['fill (s)'][0]:.0f} s")
    found, peer = _child(*at, "--part", "measure"), _child(*at, "--part", "peers")
    print(f"\n{int(size):,} examples, ms{'p50':>30}{'p95':>10}{'cpu':>10}")
    for name, figures in found.items():
        print(f"{name:<36}" + "".join(f"{figure:>10.1f}" for figure in figures))
    ours = found["search of a word"][0]
    for name, (middle, high, cpu) in peer.items():
        print(f"{'peer: ' + name:<36}{middle:>10.1f}{high:>10.1f}{cpu:>10.1f}   {middle / ours:.2f} times ours")


if __name__ == "__main__":
    main()
