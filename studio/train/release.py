"""What may never be released, whatever people vote: the one rule, for names, rounds, signatures and taking away."""

from __future__ import annotations

from studio import vote_sets
from studio.records import Run
from studio.store import Store, runs
from studio.store import datasets as dataset_rows
from studio.train import canaries


def why_not(store: Store, run: Run | None) -> str:
    """Why this run's model is not for release, to follow "it was trained"; "" when nothing speaks against it, and for
    no run. What it goes on from counts too."""
    if run is None:
        return ""
    if canaries.in_run(run.settings):
        return "with planted secrets"
    if vote_sets.taught_by(dataset_rows.get(store, run.dataset)).get("practice"):
        return "by practice votes"
    return why_not(store, runs.get(store, run.settings.get("start", "")))
