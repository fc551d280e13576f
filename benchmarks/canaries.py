"""Planted secrets: from how many examples on the bundled model remembers one, beside some it was never shown.

    python -m benchmarks.canaries [--rows N] [--passes N] [--each N]

Trains the bundled model as the worker does on N rows of the demo (default 64) with N passes (default 4) and plants N
secrets (default 2) at each level. Prints each level with the places of its secrets among the possible ones, the verdict
in words, and what it took. Exits with 1 when secrets that were never planted look remembered, or those written into
the most rows do not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from studio import datasets, models, people, projects
from studio.jobs import folder as job_folder
from studio.jobs.local import LocalBackend
from studio.records import JobState, Split, to_json
from studio.store import Store
from studio.train import canaries
from studio.train.settings import Settings


def job(workspace: Path, rows: int, passes: int, each: int) -> Path:
    """The folder of a training on the first rows of the demo's frozen set, validated on its own."""
    store = Store.open(workspace)
    frozen = datasets.freeze(
        store, people.SYSTEM, projects.from_demo(store, people.SYSTEM, "support-replies").id
    )  # fmt: skip
    settings = Settings("benchmark", epochs=passes, learning_rate=2e-3, canaries=each)
    learn, check = (datasets.rows_in(store, frozen, split) for split in (Split.train, Split.validation))
    store.close()
    spec = {
        "kind": "train", "id": "canaries", "project": "benchmark", "settings": to_json(settings), "seed": 0,
        "model": models.reference("smollm2-135m", workspace), "train": "inputs/train.jsonl",
        "validation": "inputs/validation.jsonl", "samples": [], "dataset_sha256": frozen.sha256,
    }  # fmt: skip
    inputs = {
        name: job_folder.jsonl(job_folder.prompt_row(e.id, e.prompt) | {"ideal": e.ideal} for e in found)
        for name, found in (("train.jsonl", learn[:rows]), ("validation.jsonl", check[:8]))
    }
    return job_folder.create(workspace / "jobs" / "canaries", spec, inputs)


def main() -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    asked.add_argument("--rows", type=int, default=64)
    asked.add_argument("--passes", type=int, default=4)
    asked.add_argument("--each", type=int, default=2)
    args = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        workspace = Path(place)
        models.fetch("smollm2-135m", workspace)
        folder = job(workspace, args.rows, args.passes, args.each)
        began = time.monotonic()
        LocalBackend().start(folder)
        while LocalBackend().state(folder).state in (JobState.queued, JobState.running):
            time.sleep(0.5)
        took, result = time.monotonic() - began, job_folder.read_result(folder) or {}
        asking = [e for e in job_folder.read_events(folder).rows if e.get("what") == "asking for planted secrets"]
    if result.get("state") != "done":
        print(result.get("reason"), file=sys.stderr)
        return 1
    return told(result, args.passes, took, len(asking))


def told(result: dict[str, object], passes: int, took: float, secrets: int) -> int:
    """Prints the table; the exit code."""
    found = canaries.finding(canaries.exposures_of(result), passes)
    print(f"{'written into':>12}  {'read at most':>12}  {'places':<14} {'exposure':>8}  {'by chance':>9}")
    for level in found.levels:
        places = ", ".join(map(str, level.places))
        print(f"{level.rows:>12}  {level.rows * passes:>12}  {places:<14} {level.bits:>8.1f}  {level.chance:>9.4f}")
    print(f"{found.sentence} {found.evidence}")
    print(f"{secrets} secrets among {found.levels[0].of} each; the whole run took {took:.0f} s.")
    return int(found.levels[0].remembered or not found.levels[-1].remembered)


if __name__ == "__main__":
    sys.exit(main())
