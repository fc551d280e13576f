"""The pre-flight's promise: finish time within 20 %, peak memory within 10 %, on the demo projects' runs.

    python -m benchmarks.preflight [--projects a,b] [--presets a,b]

For each demo project and preset: measured, then run, on the real weights. Prints a line each.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from studio import baselines, datasets, models, projects, supervisor
from studio.records import JobState
from studio.store import Store, runs
from studio.train import preflight, step
from studio.train.settings import PRESETS

ACTOR = "bench"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--projects", default="support-replies,ticket-triage")
    parser.add_argument("--presets", default=",".join(preset.name for preset in PRESETS))
    asked = parser.parse_args()
    print("| project | preset | measuring s | estimated s | took s | off | estimated MB | held MB | off |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        store = Store.open(Path(folder))
        for entry in models.bundled():
            models.fetch(entry.name, store.workspace, lambda text: None)
        for demo in asked.projects.split(","):
            project = projects.from_demo(store, ACTOR, demo).id
            dataset = datasets.freeze(store, ACTOR, project)
            for preset in asked.presets.split(","):
                print(_row(store, project, demo, dataset.id, preset), flush=True)
        store.close()


def _row(store: Store, project: str, demo: str, dataset: str, preset: str) -> str:
    found, settings = step.asked(store, dataset, preset=preset)
    measuring = supervisor.wait(store, preflight.begin(store, ACTOR, found, settings, baselines.DEFAULT_MODEL).id)
    assert measuring.state is JobState.done, measuring.detail
    run = preflight.start(store, ACTOR, measuring.id)
    supervisor.wait(store, run.job)
    ended = runs.get(store, run.id)
    beside = preflight.compared(store, ended) if ended else None
    assert beside is not None, ended
    return (
        f"| {demo} | {preset} | {measuring.detail['result']['seconds']:.0f} "
        f"| {beside.estimated_seconds:.0f} | {beside.seconds:.0f} | {beside.time_off:+.1%} "
        f"| {beside.estimated_mb:.0f} | {beside.mb:.0f} | {beside.memory_off:+.1%} |"
    )


if __name__ == "__main__":
    main()
