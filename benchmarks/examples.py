"""Examples in bulk, measured: `python -m benchmarks.examples import [--rows N]`

import: a CSV of 100,000 rows, read in its own process and stored as one act, within 12 s on 2 cores.
"""

from __future__ import annotations

import argparse
import csv
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from studio import projects
from studio.examples import step
from studio.examples.sandbox import parse_untrusted
from studio.store import Store
from studio.store import examples as rows

WITHIN_S = 12.0
_TALK = """order parcel refund kettle where when how please thanks broken late card paid invoice address change colour
size return label courier damaged missing screw manual battery charger warranty replace cancel voucher account"""
_WORDS = _TALK.split()


def write_csv(path: Path, count: int) -> None:
    """`count` rows of varied support questions and replies, the same each time, about 300 bytes a row."""
    draw = random.Random(7)
    with path.open("w", newline="", encoding="utf-8") as out:
        writer = csv.writer(out)
        writer.writerow(["prompt", "completion", "slice", "kinds", "status"])
        for n in range(count):
            asked, said = (" ".join(draw.choices(_WORDS, k=k)) for k in (14, 30))
            kinds, status = draw.choice(["", "vague", "vague|hostile"]), draw.choice(["draft", "approved"])
            writer.writerow([f"{asked} LF-{n:06d}?", f"{said}.", draw.choice(_WORDS[:8]), kinds, status])


def import_csv(count: int) -> bool:
    """Read and store; True when both together kept the promise."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "rows.csv"
        write_csv(file, count)
        store = Store.open(Path(folder) / "workspace")
        project = projects.create(store, "benchmark", "Bulk").id
        began = time.perf_counter()
        parsed = parse_untrusted(file, name="rows.csv")
        read = time.perf_counter()
        batch = step.store_batch(store, "benchmark", project, parsed, "rows.csv")
        stored = time.perf_counter()
        assert batch.kept == count == rows.count(store, project), (batch.kept, rows.count(store, project))
        store.close()
        megabytes = file.stat().st_size / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    total = stored - began
    kept = total <= WITHIN_S
    print(f"{'rows':>9} {'file MB':>8} {'read s':>7} {'store s':>8} {'total s':>8} {'peak MB':>8}")
    print(f"{count:>9,} {megabytes:>8.1f} {read - began:>7.2f} {stored - read:>8.2f} {total:>8.2f} {peak:>8.0f}")
    print(f"promise: at most {WITHIN_S:g} s for 100,000 rows: {'kept' if kept else 'NOT kept'}")
    return kept


PROMISES: dict[str, Callable[[int], bool]] = {"import": import_csv}


def main() -> int:
    parser = argparse.ArgumentParser(description="Examples in bulk, measured.")
    parser.add_argument("promise", choices=PROMISES)
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    return 0 if PROMISES[asked.promise](asked.rows) else 1


if __name__ == "__main__":
    sys.exit(main())
