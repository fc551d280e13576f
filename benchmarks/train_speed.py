"""Fine-tuning on a CPU, beside TRL: `python -m benchmarks.train_speed [--rows 96] [--seeds 3]`.

The demo's frozen training rows, one pass, the bundled model; the same LoRA adapter on the same layers, the same
learning rate and schedule, 8 rows a step, the same number of steps. TRL runs with its defaults otherwise: the model by
its path, so in float32, and activation checkpointing. Each runs in a process of its own, in the worker's environment.
Tokens a second count without padding. The loss is the mean over all answers' tokens of the validation rows, computed
by the same code for both; noise is what another seed changes. Promise: at least 1.5 times TRL's tokens a second, and a
loss no further from TRL's than the seeds are from each other.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from studio import datasets, models, projects
from studio.jobs.local import worker_environment
from studio.records import Example, Split
from studio.store import Store
from studio.train.memory import peak_memory_mb
from studio.train.settings import Settings, resolve

FASTER, ROWS_A_STEP = 1.5, 8


def _settings(rows: int, seed: int) -> Settings:
    chosen = resolve("match_our_tone", rows)
    return replace(chosen, epochs=1, seed=seed, micro_batch=4, accumulation=ROWS_A_STEP // 4)


def _encoded(folder: Path, name: str, path: Path) -> list[dict[str, list[Any]]]:
    from transformers import AutoTokenizer

    from studio.records import Prompt
    from studio.train.encode import Row, encode

    rows = [Row(row["id"], Prompt(row["input"]), row["ideal"]) for row in json.loads((folder / name).read_text())]
    return encode(AutoTokenizer.from_pretrained(path), rows, _settings(len(rows), 0)).rows


def studio(folder: Path, path: Path, seed: int) -> tuple[Any, float]:
    """The studio's trainer: the model it leaves, and the seconds it took."""
    from studio.train import fit
    from studio.train.adapted import load

    rows = _encoded(folder, "train.json", path)
    trainer = fit.prepare(load(path), rows, [], _settings(len(rows), seed), folder, lambda kind, **fields: None)
    trainer.args.save_strategy = "no"
    began = time.monotonic()
    trainer.train()
    return trainer.adapted, time.monotonic() - began


def trl(folder: Path, path: Path, seed: int) -> tuple[Any, float]:
    """TRL's trainer with its defaults: the model it leaves, and the seconds it took."""
    import torch
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from studio.train.adapted import load, lora

    rows = _encoded(folder, "train.json", path)
    settings = _settings(len(rows), seed)
    config = SFTConfig(
        str(folder), per_device_train_batch_size=ROWS_A_STEP, num_train_epochs=1, learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine", warmup_steps=settings.warmup, dataset_kwargs={"skip_prepare_dataset": True},
        report_to="none", disable_tqdm=True, save_strategy="no", use_cpu=True, bf16=False, seed=seed,
    )  # fmt: skip
    torch.manual_seed(seed)
    trainer = SFTTrainer(
        str(path), config, peft_config=lora(load(path), settings),
        train_dataset=Dataset.from_list([{name: row[name] for name in ("input_ids", "labels")} for row in rows]),
    )  # fmt: skip
    began = time.monotonic()
    trainer.train()
    return trainer.model, time.monotonic() - began


def _held_out(model: Any, rows: list[dict[str, list[Any]]]) -> float:
    """The mean cross-entropy over all answers' tokens, a row at a time."""
    import torch

    from studio.train.adapted import precision

    model.eval()
    total, count = 0.0, 0
    with torch.inference_mode(), precision(model):
        for row in rows:
            labels = torch.tensor(row["labels"][1:])
            logits = model(input_ids=torch.tensor([row["input_ids"]])).logits[0, :-1].float()
            total += float(torch.nn.functional.cross_entropy(logits, labels, reduction="sum"))
            count += int((labels != -100).sum())
    return total / count


def _child(which: str, folder: Path, seed: int) -> None:
    path = Path((folder / "model").read_text())
    model, seconds = {"studio": studio, "trl": trl}[which](folder, path, seed)
    peak = peak_memory_mb()
    tokens = sum(len(row["input_ids"]) for row in _encoded(folder, "train.json", path))
    loss = _held_out(model, _encoded(folder, "validation.json", path))
    print(json.dumps({"speed": tokens / seconds, "seconds": seconds, "tokens": tokens, "peak": peak, "loss": loss}))


def _measured(which: str, folder: Path, seed: int) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.train_speed", "--child", which, str(folder), str(seed)]
    done = subprocess.run(command, check=False, env=worker_environment(), capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr[-2000:])
    print(f"{which}, seed {seed}: {done.stdout.splitlines()[-1]}", file=sys.stderr, flush=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def _lay_out(folder: Path, rows: int) -> None:
    """The demo's frozen rows as files, and where the model is."""
    store = Store.open(folder / "workspace")
    try:
        models.fetch("smollm2-135m", store.workspace)
        project = projects.from_demo(store, "benchmark", "support-replies").id
        frozen = datasets.freeze(store, "benchmark", project)
        for split in (Split.train, Split.validation):
            found: list[Example] = datasets.rows_in(store, frozen, split)
            told = [{"id": e.id, "input": e.input, "ideal": e.ideal} for e in found[:rows]]
            (folder / f"{split.value}.json").write_text(json.dumps(told))
        (folder / "model").write_text(str(models.path("smollm2-135m", store.workspace)))
    finally:
        store.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=96)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        _child(args.child[0], Path(args.child[1]), int(args.child[2]))
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _lay_out(folder, args.rows)
        found = {which: [_measured(which, folder, seed) for seed in range(args.seeds)] for which in ("trl", "studio")}
    print(f"{args.rows} rows of the demo, {found['trl'][0]['tokens']:,.0f} tokens, {args.seeds} seeds each")
    print(f"{'trainer':<16}{'tokens/s':>10}{'peak MB':>10}{'validation loss':>18}   of each seed")
    mean: dict[str, dict[str, float]] = {}
    for which, runs in found.items():
        mean[which] = {key: sum(run[key] for run in runs) / len(runs) for key in runs[0]}
        m, losses = mean[which], ", ".join(f"{run['loss']:.3f}" for run in runs)
        print(f"{which:<16}{m['speed']:>10.0f}{m['peak']:>10,.0f}{m['loss']:>18.3f}   {losses}")
    ratio = mean["studio"]["speed"] / mean["trl"]["speed"]
    every = [run["loss"] for runs in found.values() for run in runs]
    spread = max(max(r["loss"] for r in runs) - min(r["loss"] for r in runs) for runs in found.values())
    apart = abs(mean["studio"]["loss"] - mean["trl"]["loss"])
    print(
        f"{ratio:.2f} times TRL's tokens a second (promise {FASTER}); the mean losses differ by {apart:.3f}, the seeds"
    )
    print(f"of one trainer by up to {spread:.3f}, all runs by {max(every) - min(every):.3f}")
    return 0 if ratio >= FASTER and apart <= max(spread, 0.005) else 1


if __name__ == "__main__":
    sys.exit(main())
