"""One fine-tune: a LoRA adapter that learns the ideal answers. Only the worker process loads this."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, TrainerCallback, TrainingArguments

from studio.models.files import adapter_sha256
from studio.records import Prompt, Refusal
from studio.train import room
from studio.train.adapted import compile_layers, device, device_name, is_packed, load, with_adapter
from studio.train.batches import Cut, Encoded, length
from studio.train.encode import Dropped, EncodedRows, Row, encode
from studio.train.settings import Settings
from studio.train.trainer import AnswerTrainer, MemoryShort, less_said
from studio.train.watch import Emit, Watch, last_checkpoint, save_final

__all__ = [
    "Dropped",
    "Fitted",
    "Less",
    "MemoryShort",
    "Row",
    "as_json",
    "device",
    "device_name",
    "fit",
    "less_said",
    "prepare",
]

# Compiling takes about a minute: it pays from a run of this many seconds on.
_WORTH_COMPILING_SECONDS = 300


@dataclass(frozen=True)
class Fitted:
    """What a fine-tune left. `adapter`: a PEFT folder; `losses`: {step, train, validation} with None where not
    measured; `tokens` read since this start (padding not counted) and how many a second; `stopped` when it was
    cancelled, and then `adapter` is the last checkpoint or None."""

    adapter: Path | None
    adapter_sha256: str
    losses: tuple[dict[str, float | int | None], ...]
    tokens: int
    tokens_per_second: float
    dropped: tuple[Dropped, ...]
    rows_used: int
    stopped: bool


@dataclass(frozen=True)
class Less:
    """How a run goes on after the memory ran out: `at_once` rows at a time, `spared` as in `trainer.spare`."""

    at_once: int
    spared: bool


def fit(
    model_path: Path,
    train: Sequence[Row],
    validation: Sequence[Row],
    samples: Sequence[tuple[str, Prompt]],
    settings: Settings,
    checkpoints: Path,
    stopped: Callable[[], bool],
    emit: Emit,
    phrases: Sequence[str] = (),
    less: Less | None = None,
) -> Fitted:
    """Train an adapter and leave it in `checkpoints/final`, or go on from the last checkpoint there.

    `samples`: (id, prompt) of examples answered on the way. `phrases` are those that the brief checks word for word;
    their tokens weigh more (see `loss`). `emit(kind, **fields)` takes progress, loss, sample and warning events;
    `stopped()` is asked after every step. Raises Refusal when no row fits or when learning went wrong, and MemoryShort
    when the run should be gone on with in a new process, with that as `less`.
    """
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    learn, check = encoded(tokenizer, train, validation, settings, phrases)
    dropped = tell_dropped(learn, check, emit)
    watch = Watch(tokenizer, samples, settings, checkpoints, stopped, emit)
    trainer = prepare(load(model_path), learn.rows, check.rows, settings, checkpoints, emit, [watch])
    read_less(trainer, less)
    last, began = last_checkpoint(checkpoints), time.monotonic()
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    seconds = time.monotonic() - began
    adapter = last_checkpoint(checkpoints) if watch.stopped else save_final(trainer.adapted, checkpoints)
    return Fitted(
        adapter=adapter,
        adapter_sha256=adapter_sha256(adapter) if adapter else "",
        losses=_losses(trainer.state.log_history),
        tokens=trainer.tokens_read,
        tokens_per_second=trainer.tokens_read / seconds,
        dropped=dropped,
        rows_used=len(learn.rows),
        stopped=watch.stopped,
    )


def encoded(
    tokenizer: Any, train: Sequence[Row], validation: Sequence[Row], settings: Settings, phrases: Sequence[str] = ()
) -> tuple[EncodedRows, EncodedRows]:
    """The rows of a run as the model reads them: those to learn from, and those to be measured on."""
    learn = encode(tokenizer, _limited(train, settings.row_limit, settings.seed), settings, phrases)
    return learn, encode(tokenizer, _limited(validation, settings.row_limit // 4, settings.seed), settings)


def read_less(trainer: AnswerTrainer, less: Less | None) -> None:
    """Goes on as a process before this one said, that ran out of memory; a GPU finds its own measure."""
    if less is not None and not trainer.by.packed:
        trainer.by = Cut(packed=False, size=less.at_once)
        if less.spared:
            trainer.spare()


def evaluations(trainer: AnswerTrainer) -> int:
    """How often a whole run stops to measure, to answer samples and to save."""
    return math.ceil(trainer.args.num_train_epochs)


def prepare(
    model: Any,
    rows: Sequence[Encoded],
    check: Sequence[Encoded],
    settings: Settings,
    checkpoints: Path,
    emit: Emit,
    callbacks: Sequence[TrainerCallback] = (),
    *,
    compiled: bool | None = None,
) -> AnswerTrainer:
    """A trainer for a base `model` in memory, its micro-batch settled: by the settings on a CPU, by the card's memory
    on a GPU. `compiled`: whether the layers are; by default where the run is long enough for it to pay.

    Raises Refusal when not even one row fits the GPU.
    """
    trainer = trainer_for(with_adapter(model, settings), rows, check, settings, checkpoints, emit, callbacks)
    if trainer.by.packed:
        measured = room.settle(trainer, rows)
        seconds = sum(map(length, rows)) * settings.epochs * measured.seconds / measured.tokens
        if seconds > _WORTH_COMPILING_SECONDS if compiled is None else compiled:
            _compile(trainer, rows, emit)
    return trainer


def trainer_for(
    adapted: Any,
    rows: Sequence[Encoded],
    check: Sequence[Encoded],
    settings: Settings,
    checkpoints: Path,
    emit: Emit,
    callbacks: Sequence[TrainerCallback] = (),
    *,
    in_order: bool = False,
) -> AnswerTrainer:
    """A trainer for a model with its adapter; packed rows are read one at a time until `room.settle` knows better.
    `in_order`: the rows are read as they come, not shuffled."""
    packed, longest = is_packed(adapted), max(map(length, [*rows, *check]))
    return AnswerTrainer(
        model=adapted,
        args=_arguments(settings, checkpoints, bool(check), len(rows), in_order),
        train_dataset=list(rows),
        eval_dataset=list(check) or None,
        callbacks=list(callbacks),
        by=Cut(packed, longest if packed else settings.micro_batch),
        longest=longest,
        warn=lambda text: emit("warning", text=text),
    )


def _compile(trainer: AnswerTrainer, rows: Sequence[Encoded], emit: Emit) -> None:
    """Compiles the layers by passes of two sizes, and measures the room anew; where they cannot be, it says so."""
    emit("progress", done=0, total=0, seconds_left=None, what="making the model faster")
    compile_layers(trainer.adapted)
    try:
        room.settle(trainer, rows)
    except Refusal:
        raise
    except Exception as error:  # whatever a compiler lacks on this machine: its messages have no common kind
        emit("warning", text=f"The model could not be compiled here ({type(error).__name__}); it learns more slowly.")
        torch.compiler.set_stance("force_eager")
        room.settle(trainer, rows)


def tell_dropped(learn: EncodedRows, check: EncodedRows, emit: Emit) -> tuple[Dropped, ...]:
    """Warns of every row that is left out, and gives them. Raises Refusal when none is left to learn from."""
    dropped = (*learn.dropped, *check.dropped)
    for row in dropped:
        emit("warning", text=f"The row {row.id} is left out: {row.reason}.")
    if not learn.rows:
        raise Refusal(
            "None of the rows can be learned from: each is empty or too long. Nothing was changed. "
            "Shorten the examples, or choose a preset for longer texts."
        )
    return dropped


def _limited(rows: Sequence[Row], limit: int, seed: int) -> Sequence[Row]:
    """At most `limit` rows, chosen by the seed; all of them when `limit` is 0."""
    return random.Random(seed).sample(list(rows), limit) if 0 < limit < len(rows) else rows


def _arguments(settings: Settings, checkpoints: Path, evaluate: bool, rows: int, in_order: bool) -> TrainingArguments:
    together = settings.micro_batch * settings.accumulation
    # Padded rows of like length waste little; packed ones may come as they are.
    order = "sequential" if in_order else "group_by_length" if device() == "cpu" else "random"
    return TrainingArguments(
        output_dir=str(checkpoints / ".writing"),
        num_train_epochs=settings.epochs,
        # The trainer gets the rows of a whole step and cuts them itself.
        per_device_train_batch_size=together,
        gradient_accumulation_steps=1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup,
        weight_decay=0.0,
        max_grad_norm=1.0,
        train_sampling_strategy=order,
        remove_unused_columns=False,
        # The weights are bfloat16 already; the trainer makes what autocast there is.
        bf16=False,
        use_cpu=device() == "cpu",
        dataloader_pin_memory=False,
        logging_steps=max(1, math.ceil(rows / together) * settings.epochs // 200),
        logging_nan_inf_filter=False,
        eval_strategy="epoch" if evaluate else "no",
        save_strategy="epoch",
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
        data_seed=settings.seed,
    )


def _losses(history: Sequence[dict[str, Any]]) -> tuple[dict[str, float | int | None], ...]:
    by_step: dict[int, dict[str, float | int | None]] = {}
    for entry in history:
        row = by_step.setdefault(entry["step"], {"step": entry["step"], "train": None, "validation": None})
        if "loss" in entry:
            row["train"] = round(entry["loss"], 4)
        if "eval_loss" in entry:
            row["validation"] = round(entry["eval_loss"], 4)
    return tuple(row for _, row in sorted(by_step.items()) if row["train"] is not None or row["validation"] is not None)


def as_json(fitted: Fitted, job: Path) -> dict[str, Any]:
    """The part of result.json that a fine-tune adds; the adapter's path is relative to the job folder."""
    return {
        "adapter": str(fitted.adapter.relative_to(job)) if fitted.adapter else "",
        "adapter_sha256": fitted.adapter_sha256,
        "losses": list(fitted.losses),
        "tokens": fitted.tokens,
        "tokens_per_second": round(fitted.tokens_per_second, 1),
        "dropped": [asdict(row) for row in fitted.dropped],
        "rows_used": fitted.rows_used,
    }
