"""An arm answers some validation prompts twice, with chance: what the A/A sentinels of a blind round are made of.

Every arm answers a round's prompts without chance (greedily), so these are written for the purpose, by a job that has
to be done before the round opens.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import replace
from typing import Any

from studio import datasets, outputs
from studio.records import Arm, Decoding, Job, JobState, Refusal, Split
from studio.review.rounds import is_current
from studio.review.sentinels import Sentinels
from studio.store import Store, runs
from studio.store import datasets as dataset_rows

KIND = "sentinels"
TEMPERATURE = 0.7
PROMPTS = 16
"""Messages that are answered twice; where both answers come out the same, they cannot be used."""

_BETWEEN = "\x1f"


def start(store: Store, actor: str, dataset: str, arm: str) -> Job:
    """Starts the job. Raises Refusal when the set has no validation prompts, and as `outputs.generate`."""
    found = dataset_rows.get(store, dataset)
    kept = datasets.spread(datasets.rows_in(store, found, Split.validation), PROMPTS) if found else []
    if found is None or not kept:
        raise Refusal("This set has no prompts kept aside (validation). Nothing was started. Freeze a larger set.")
    asked = [replace(example, id=f"{example.id}{_BETWEEN}{which}") for example in kept for which in ("one", "other")]
    return outputs.ask(store, actor, found, [arm], asked, KIND, decoding=Decoding(temperature=TEMPERATURE))


def written(store: Store, dataset: str, arm: Arm) -> Sentinels:
    """What the newest finished job of this arm, as it is now, has to offer; none without one."""
    job = next(
        (each for each in runs.jobs(store, arm.project) if each.kind == KIND and each.state is JobState.done
         and each.detail.get("dataset") == dataset and each.detail.get("arms") == [arm.id]), None,
    )  # fmt: skip
    if job is None:
        return Sentinels()
    rows: list[dict[str, Any]] = json.loads(store.get_blob(job.detail["result"]["outputs_blob"]))
    weights = runs.weights(store, arm)
    answers: dict[str, list[str]] = defaultdict(list)
    for one in sorted(map(outputs.generation, rows), key=lambda each: each.example):
        if is_current(arm, one) and one.output.strip() and (not weights or one.hashes.get("adapter") == weights):
            answers[one.example.split(_BETWEEN)[0]].append(one.output.strip())
    both = [(name, *texts) for name, texts in answers.items() if len(texts) == 2 and texts[0] != texts[1]]
    return Sentinels(arm.id, job.id, tuple((name, one, other) for name, one, other in both))


def stop(store: Store, job: Job) -> None:
    """Asks the worker to stop; what was answered stays in its folder."""
    outputs.stop(store, job)
