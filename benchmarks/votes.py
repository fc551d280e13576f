"""Taught by simulated votes on the bundled model: does it come to lean to what they preferred, and how sure is it?

    python -m benchmarks.votes [--prompts N] [--kept N] [--noise P] [--rates R,R] [--passes N]

No person voted here: a rule prefers the demo's ideal reply to the same reply without its last sentence, and each
simulated reviewer turns that round with probability P (default .2); four pairs in ten get a second vote. The pairs, the
disagreement and the smoothing come of the studio's own rule. Trains the base as the worker does, once with the measured
smoothing and once without, at each learning rate, on N prompts (default 64), and measures on N others (default 24)
whose preference is the rule's, not the noisy votes'. Prints a row a training. Exits with 1 when the one at the preset's
own figures does not lean to the rule beyond luck, or the measured disagreement excludes the planted one.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio import datasets, models, people, projects
from studio.evaluate.checks import interval
from studio.jobs import folder as job_folder
from studio.jobs.local import LocalBackend
from studio.records import Choice, Example, Pair, Split, Vote, to_json
from studio.review.preferred import Judged, judged
from studio.store import Store
from studio.train.settings import FROM_VOTES, Settings, resolve

SECOND = 0.4


def cut(reply: str) -> str:
    """The reply without its last sentence."""
    return reply.rpartition(". ")[0] + "."


def prompts(workspace: Path, count: int) -> list[Example]:
    """Examples of the demo whose reply has more than one sentence, in a fixed random order."""
    store = Store.open(workspace)
    frozen = datasets.freeze(store, people.SYSTEM, projects.from_demo(store, people.SYSTEM, "support-replies").id)
    found = [e for e in datasets.rows_in(store, frozen, Split.train) if ". " in e.ideal]
    store.close()
    random.Random(0).shuffle(found)
    return found[:count]


def simulated(examples: Sequence[Example], noise: float) -> Judged:
    """What the votes of simulated reviewers come to."""
    draw, votes = random.Random(1), []
    for place, example in enumerate(examples):
        pair = Pair(f"p{place}", "simulated", place, example.id, "", example.input, example.ideal, cut(example.ideal),
                    "cut", draw.random() < 0.5)  # fmt: skip
        for who in ("one", "two")[: 2 if draw.random() < SECOND else 1]:
            full = (draw.random() >= noise) == pair.candidate_left
            votes.append((pair, Vote(pair.id, who, Choice.a if full else Choice.b, scripted=True)))
    return judged(votes, practice=True)


def trained(workspace: Path, name: str, settings: Settings, learn: Sequence[Any], check: Sequence[Any]) -> Any:
    """The result of a training through the worker. `learn`, `check`: (example, chosen, rejected)."""
    spec = {
        "kind": "train", "id": name, "project": "benchmark", "settings": to_json(settings), "seed": 0,
        "model": models.reference("smollm2-135m", workspace), "train": "inputs/train.jsonl",
        "validation": "inputs/validation.jsonl", "samples": [], "dataset_sha256": "",
    }  # fmt: skip
    inputs = {
        file: job_folder.jsonl(
            job_folder.prompt_row(e.id, e.prompt) | {"ideal": better, "worse": worse} for e, better, worse in rows
        )
        for file, rows in (("train.jsonl", learn), ("validation.jsonl", check))
    }
    folder = job_folder.create(workspace / "jobs" / name, spec, inputs)
    LocalBackend().start(folder)
    while (result := job_folder.read_result(folder)) is None:
        time.sleep(1.0)
    if result["state"] != "done":
        raise SystemExit(result["reason"])
    return result


def row(settings: Settings, result: Any, kept: int) -> tuple[float, str]:
    """The lower end of the interval of the share of pairs it leans rightly on, and the row of the table."""
    taken = next(each for each in result["leanings"] if each["step"] == result["taken"])
    low, high = interval(taken["accuracy"] * kept, kept)
    losses = [each["validation"] for each in result["losses"] if each["validation"] is not None]
    return low, (
        f"{settings.learning_rate:9.1e} {settings.label_smoothing:9.3f} {result['taken']:5d}/{result['done']:<5d}"
        f"{taken['accuracy']:8.0%} {low:5.0%}-{high:<4.0%} {taken['margin']:7.2f} {min(losses):6.3f} {losses[-1]:6.3f}"
        f"{result['seconds']:8.0f}"
    )


def main() -> int:
    asked = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    asked.add_argument("--prompts", type=int, default=64)
    asked.add_argument("--kept", type=int, default=24)
    asked.add_argument("--noise", type=float, default=0.2)
    asked.add_argument("--rates", default="")
    asked.add_argument("--passes", type=int, default=0, help="0: the preset's own")
    args = asked.parse_args()
    with tempfile.TemporaryDirectory() as place:
        workspace = Path(place)
        models.fetch("smollm2-135m", workspace)
        found = prompts(workspace, args.prompts + args.kept)
        by_id, told = {e.id: e for e in found}, simulated(found[args.kept :], args.noise)
        learn = [(by_id[pair.example], pair.chosen, pair.rejected) for pair in told.preferred]
        check = [(e, e.ideal, cut(e.ideal)) for e in found[: args.kept]]
        wrong = sum(better != e.ideal for e, better, _ in learn)
        print(f"{len(learn)} decided pairs, {wrong} of them turned round. {told.disagreement.sentence}")
        heads = (("rate", 9), ("smoothing", 10), ("taken", 12), ("right", 8), ("95 %", 10), ("margin", 8), ("best", 7))
        print("".join(f"{name:>{width}}" for name, width in (*heads, ("last", 7), ("seconds", 8))))
        preset = resolve(FROM_VOTES.name, len(learn))
        preset = replace(preset, epochs=args.passes or preset.epochs)
        rates = [float(rate) for rate in args.rates.split(",") if rate] or [preset.learning_rate]
        lows = {}
        for number, rate in enumerate(rates):
            for smoothing in (told.disagreement.smoothing, 0.0):
                settings = replace(preset, learning_rate=rate, label_smoothing=smoothing)
                result = trained(workspace, f"votes-{number}-{smoothing:g}", settings, learn, check)
                lows[rate, smoothing > 0], line = row(settings, result, len(check))
                print(line, flush=True)
        seen, planted = told.disagreement.interval, 2 * args.noise * (1 - args.noise)
        measured = seen is None or seen.low <= planted <= seen.high
        own = lows.get((preset.learning_rate, True), 1.0)
        return 0 if measured and own > 0.5 else 1


if __name__ == "__main__":
    sys.exit(main())
