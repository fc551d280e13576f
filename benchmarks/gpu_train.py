"""Fine-tuning on a GPU, beside TRL: `python -m benchmarks.gpu_train [--tiny] [--only WORDS] [--seconds N]`.

Llama models of 8B and 1B shape with random weights (made on the card, nothing is fetched), a LoRA adapter of rank 16
on all linear layers, 32 rows a step, chat-like lengths (log-normal, mean about 400 tokens, at most 2,048; the answer is
60 % of a row and is what is learned). The same rows, adapter and rows a step for each trainer. Tokens count without
padding, over the steps after the warm-up.

Share: the model's operations a second over the rate of an 8192 x 8192 x 8192 bfloat16 matrix product measured in the
same run. Operations a token: 4 for each weight of the layers (forward 2, back to the activations 2; frozen weights have
no gradient), the same for the head's on tokens that are learned, 6 for each weight of the adapter, and 6 x layers x
width x length of the row for causal attention. What activation checkpointing computes again is not counted.

`--tiny` checks on a CPU that all of it runs; `--only` takes the rows of the tables whose name matches a regular
expression. A trainer for which no time is left is named.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast, TrainerCallback

from studio.train import fit
from studio.train.adapted import device, device_name, load
from studio.train.batches import IGNORED, Encoded, length, scored
from studio.train.settings import LORA, QLORA, Settings

ROWS_A_STEP, MEAN, MOST, SPREAD, ANSWER = 32, 400, 2048, 0.7, 0.6
_SHAPES = {
    "8B": {"hidden_size": 4096, "intermediate_size": 14336, "num_hidden_layers": 32, "num_attention_heads": 32,
           "num_key_value_heads": 8, "vocab_size": 128_256, "tie_word_embeddings": False},
    "1B": {"hidden_size": 2048, "intermediate_size": 8192, "num_hidden_layers": 16, "num_attention_heads": 32,
           "num_key_value_heads": 8, "vocab_size": 128_256, "tie_word_embeddings": True},
    "tiny": {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4,
             "num_key_value_heads": 2, "vocab_size": 512, "tie_word_embeddings": True},
}  # fmt: skip


@dataclass(frozen=True)
class Measured:
    """`tokens_per_second` without padding, `peak_gb` (10^9 bytes, of the card), mean `loss` of the last steps."""

    tokens_per_second: float
    peak_gb: float
    loss: float


@dataclass(frozen=True)
class Plan:
    """What all trainers share: the shape, the rows, and how many steps count after how many for warming up."""

    shape: str
    rows: Sequence[Encoded]
    warm: int
    steps: int


class Window(TrainerCallback):
    """Seconds and tokens between the end of the warm-up and the end."""

    def __init__(self, plan: Plan, tokens: Callable[[], Any]) -> None:
        self._plan, self._tokens = plan, tokens
        self.began, self.ended, self.first, self.last = 0.0, 0.0, 0, 0

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        if state.global_step == self._plan.warm:
            _finish()
            self.began, self.first = time.monotonic(), int(self._tokens())
        if state.global_step == self._plan.warm + self._plan.steps:
            _finish()
            self.ended, self.last = time.monotonic(), int(self._tokens())
            control.should_training_stop = True


def _counting() -> Any:
    """TRL's trainer; it also counts the tokens it reads, on the card, without waiting for it."""
    from trl import SFTTrainer

    class Counting(SFTTrainer):
        seen: Any = 0

        def training_step(self, model: Any, inputs: dict[str, Any], *more: Any) -> Any:
            self.seen = self.seen + inputs["attention_mask"].sum()
            return super().training_step(model, inputs, *more)

    return Counting


def _finish() -> None:
    if device() == "cuda":
        torch.cuda.synchronize()


def rows_for(shape: str, count: int) -> list[Encoded]:
    """Rows of random tokens with chat-like lengths, always the same."""
    choose, mean = random.Random(7), 24 if shape == "tiny" else MEAN
    shift = torch.log(torch.tensor(float(mean))).item() - SPREAD**2 / 2
    made = []
    for _ in range(count):
        size = max(8, min(MOST, round(choose.lognormvariate(shift, SPREAD))))
        ids = [choose.randrange(5, _SHAPES[shape]["vocab_size"]) for _ in range(size)]
        asked = size - max(1, round(size * ANSWER))
        labels = [IGNORED] * asked + ids[asked:]
        made.append({"input_ids": ids, "labels": labels, "weights": [1.0] * size})
    return made


def shaped(shape: str, dtype: torch.dtype) -> Any:
    config = LlamaConfig(**_SHAPES[shape], max_position_embeddings=8192, rope_theta=500_000.0, pad_token_id=0)
    config._attn_implementation = "sdpa"
    torch.manual_seed(0)
    kept = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        with torch.device(device()):
            return LlamaForCausalLM(config)
    finally:
        torch.set_default_dtype(kept)


def _settings(plan: Plan, method: str = LORA) -> Settings:
    return Settings(
        "benchmark", epochs=1 + (plan.warm + plan.steps) * ROWS_A_STEP // len(plan.rows), learning_rate=2e-4,
        upper_layers=1.0, micro_batch=8, accumulation=ROWS_A_STEP // 8, max_length=MOST, method=method,
    )  # fmt: skip


def _loaded(plan: Plan, folder: Path, method: str) -> Any:
    """The model as a run has it. Weights in four bits are made while a file is read, so one is written first."""
    if method == LORA:
        return shaped(plan.shape, torch.bfloat16)
    shaped(plan.shape, torch.bfloat16).save_pretrained(folder / "model")
    gc.collect()
    if device() == "cuda":
        torch.cuda.empty_cache()
    return load(folder / "model", method)


def studio(plan: Plan, folder: Path, compiled: bool, method: str = LORA) -> Measured:
    """The studio's own training code, as a run of the studio prepares it."""

    def told(kind: str, **fields: Any) -> None:
        print(f"    {kind}: {fields}", file=sys.stderr, flush=True)

    model = _loaded(plan, folder, method)
    trainer = fit.prepare(model, plan.rows, [], _settings(plan, method), folder, told, compiled=compiled)
    if device() == "cuda":
        print(f"    micro-batch: {trainer.by}", file=sys.stderr)
        torch.cuda.reset_peak_memory_stats()
    window = Window(plan, lambda: trainer.tokens_read)
    trainer.args.save_strategy = "no"
    trainer.args.logging_steps = 1
    trainer.add_callback(window)
    return _train(trainer, window)


def trl(plan: Plan, folder: Path, dtype: torch.dtype, at_once: int = 8, **options: Any) -> Measured:
    """TRL's trainer with the options that are named, and its defaults for all others."""
    from datasets import Dataset
    from trl import SFTConfig

    config = SFTConfig(
        str(folder), per_device_train_batch_size=at_once, gradient_accumulation_steps=ROWS_A_STEP // at_once,
        max_length=MOST, num_train_epochs=_settings(plan).epochs, learning_rate=2e-4, logging_steps=1,
        dataset_kwargs={"skip_prepare_dataset": True}, report_to="none", disable_tqdm=True, save_strategy="no",
        use_cpu=device() == "cpu", bf16=device() == "cuda", **options,
    )  # fmt: skip
    words = WordLevel({"<pad>": 0, "<eos>": 1, "<unk>": 2}, unk_token="<unk>")
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(words), pad_token="<pad>", eos_token="<eos>")
    names = ("input_ids", "labels")
    if device() == "cuda":
        torch.cuda.reset_peak_memory_stats()
    trainer = _counting()(
        shaped(plan.shape, dtype), config, processing_class=tokenizer,
        train_dataset=Dataset.from_list([{name: row[name] for name in names} for row in plan.rows]),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    window = Window(plan, lambda: trainer.seen)
    trainer.add_callback(window)
    return _train(trainer, window)


def _train(trainer: Any, window: Window) -> Measured:
    trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    peak = torch.cuda.max_memory_allocated() / 1e9 if device() == "cuda" else 0.0
    last = losses[-3:]
    return Measured((window.last - window.first) / (window.ended - window.began), peak, sum(last) / len(last))


def trainers(liger: bool) -> dict[str, Callable[[Plan, Path], Measured]]:
    """By name, the ones that matter most first. Liger's kernels change the library for good, so they come last."""
    half = torch.bfloat16
    best = {"use_liger_kernel": True, "gradient_checkpointing": False, "train_sampling_strategy": "group_by_length"}
    if liger:
        return {
            "TRL with Liger's kernels, bf16, kept activations, grouped": lambda p, f: trl(p, f, half, 4, **best),
            "the same, 8 rows at a time instead of 4": lambda p, f: trl(p, f, half, 8, **best),
        }
    return {
        "Yardstick, compiled": lambda p, f: studio(p, f, True),
        "TRL defaults (float32 weights)": lambda p, f: trl(p, f, torch.float32),
        "Yardstick, not compiled": lambda p, f: studio(p, f, False),
        "TRL defaults, bf16 weights": lambda p, f: trl(p, f, half),
        "Yardstick, weights in four bits (QLoRA)": lambda p, f: studio(p, f, False, QLORA),
    }


def operations(shape: str, rows: Sequence[Encoded]) -> float:
    """Of the model, for each token on average: see the head of this file."""
    s = _SHAPES[shape]
    width, inner, layers = s["hidden_size"], s["intermediate_size"], s["num_hidden_layers"]
    keys = width * s["num_key_value_heads"] // s["num_attention_heads"]
    ways = [(width, width), (width, keys), (width, keys), (width, width), *[(width, inner)] * 2, (inner, width)]
    tokens = sum(map(length, rows))
    head = 4 * width * s["vocab_size"] * sum(map(scored, rows)) / tokens
    attention = 6 * layers * width * sum(length(row) ** 2 for row in rows) / tokens
    weights = sum(a * b for a, b in ways) * layers
    adapter = sum(16 * (a + b) for a, b in ways) * layers
    return 4 * weights + 6 * adapter + head + attention


def matrix_rate(size: int = 8192, times: int = 20) -> float:
    """Operations a second of a bfloat16 matrix product of random numbers on the card."""
    left, right = (torch.randn(size, size, device="cuda", dtype=torch.bfloat16) for _ in range(2))
    for _ in range(5):
        left @ right
    began, ended = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    began.record()
    for _ in range(times):
        left @ right
    ended.record()
    torch.cuda.synchronize()
    return 2 * size**3 * times / (began.elapsed_time(ended) / 1000)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tiny", action="store_true")
    parser.add_argument("--seconds", type=float, default=240.0)
    parser.add_argument("--only", default="", help="a regular expression over 'SHAPE: TRAINER'")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    if not args.tiny and device() != "cuda":
        print("There is no NVIDIA GPU on this machine; --tiny checks that the script runs.", file=sys.stderr)
        return 2
    rate = 0.0 if args.tiny else matrix_rate()
    shapes = {"tiny": (1, 2)} if args.tiny else {"8B": (2, 6), "1B": (4, 12)}
    plans = [Plan(s, rows_for(s, (warm + steps + 1) * ROWS_A_STEP), warm, steps) for s, (warm, steps) in shapes.items()]
    end, found = time.monotonic() + args.seconds, []
    for liger in (False, True):
        if liger and device() != "cuda":
            continue
        for plan in plans:
            for name, run in trainers(liger).items():
                if re.search(args.only, f"{plan.shape}: {name}") is None:
                    continue
                found.append((plan, name, _run(plan, name, run, end)))
    _print(rate, plans, found)
    if args.json:
        told = [{"shape": p.shape, "trainer": n, **(vars(m) if isinstance(m, Measured) else {"not_run": m})}
                for p, n, m in found]  # fmt: skip
        args.json.write_text(json.dumps({"device": device_name(), "matrix_rate": rate, "runs": told}, indent=1))
    return 0


def _run(plan: Plan, name: str, run: Callable[[Plan, Path], Measured], end: float) -> Measured | str:
    """What was measured, or in words why nothing was."""
    if time.monotonic() > end:
        return "no time was left"
    print(f"{plan.shape}: {name} ...", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(sys.stderr):
            measured: Measured | str = run(plan, Path(folder))
    except Exception as error:  # one trainer that fails must not cost the figures of the others
        measured = f"{type(error).__name__}: {str(error)[:160]}"
        print(measured, file=sys.stderr)
    torch.compiler.reset()
    torch.compiler.set_stance("default")
    gc.collect()
    if device() == "cuda":
        torch.cuda.empty_cache()
    print(f"    {measured} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return measured


def _print(rate: float, plans: Sequence[Plan], found: Sequence[tuple[Plan, str, Measured | str]]) -> None:
    print(f"{device_name()}; torch {torch.__version__}; matrix product in bfloat16: {rate / 1e12:.0f} TFLOP/s")
    for plan in plans:
        tokens = sum(map(length, plan.rows))
        print(f"\n{plan.shape}: {len(plan.rows)} rows, mean {tokens / len(plan.rows):.0f} tokens, {plan.steps} steps")
        print(f"{'trainer':<58}{'tokens/s':>10}{'peak GB':>9}{'share':>7}{'loss':>8}")
        for _, name, told in (one for one in found if one[0] is plan):
            if isinstance(told, str):
                print(f"{name:<58}{told}")
                continue
            share = told.tokens_per_second * operations(plan.shape, plan.rows) / rate if rate else 0.0
            print(f"{name:<58}{told.tokens_per_second:>10,.0f}{told.peak_gb:>9.1f}{share:>7.0%}{told.loss:>8.3f}")


if __name__ == "__main__":
    sys.exit(main())
