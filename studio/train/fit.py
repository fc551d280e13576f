"""One fine-tune: a LoRA adapter that learns the ideal answers. Only the worker process loads this."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, PrinterCallback, TrainerCallback, TrainingArguments

from studio.models.files import adapter_sha256
from studio.records import Prompt, Refusal, to_json
from studio.train import canaries, pace, room
from studio.train import checkpoints as saved
from studio.train.adapted import compile_layers, device, device_name, is_packed, load, with_adapter
from studio.train.batches import Cut, Encoded, length
from studio.train.encode import Dropped, EncodedRows, Row, encode
from studio.train.evidence import Evidence, evidence
from studio.train.kept_aside import Look, RowLoss, look
from studio.train.kept_aside import as_json as look_as_json
from studio.train.pair_trainer import PairTrainer
from studio.train.settings import Settings
from studio.train.trainer import AnswerTrainer, MemoryShort, less_said
from studio.train.watch import Emit, Watch, save_final, take

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
# So many examples it learned from are measured at least, beside those kept aside.
_LEAST_COMPARED = 20
# Short rows, read without learning: more at a time is quicker and takes little memory.
_SECRETS_AT_ONCE = 32


@dataclass(frozen=True)
class Fitted:
    """What a fine-tune left. `adapter`: a PEFT folder, of the checkpoint after step `taken`: the best one by
    validation, also when it was `stopped` by somebody (then of those there were), or ended `early` because it got no
    closer; None when it was stopped before there was one. `steps` planned, `done` of them. `losses`: {step, train,
    validation} with None where not measured, step 0 before the first; `tokens` read since this start (padding not
    counted) and how many a second. `evidence` and `kept_aside` (the loss of each validation row) are of what was taken;
    None when it was stopped, and without examples kept aside. `canaries`: how each planted secret came out. `leanings`:
    of preference tuning, {step, accuracy, margin} over the pairs kept aside, each time it was measured."""

    adapter: Path | None
    adapter_sha256: str
    taken: int
    steps: int
    done: int
    early: bool
    losses: tuple[dict[str, float | int | None], ...]
    evidence: Evidence | None
    tokens: int
    tokens_per_second: float
    dropped: tuple[Dropped, ...]
    rows_used: int
    stopped: bool
    kept_aside: Look | None
    canaries: tuple[canaries.Exposure, ...]
    leanings: tuple[dict[str, float | int], ...]


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
    start: Path | None = None,
) -> Fitted:
    """Train an adapter and leave it in `checkpoints/final`, or go on from the last checkpoint there. `start`: the
    adapter that it begins as; without one it begins as the base.

    `samples`: (id, prompt) of examples answered on the way. `phrases` are those that the brief checks word for word;
    their tokens weigh more (see `loss`). `emit(kind, **fields)` takes progress, loss, sample and warning events;
    `stopped()` is asked after every step. Raises Refusal when no row fits or when learning went wrong, and MemoryShort
    when the run should be gone on with in a new process, with that as `less`.
    """
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    learn, check = encoded(tokenizer, train, validation, settings, phrases)
    dropped = tell_dropped(learn, check, emit)
    last = saved.last(checkpoints, lambda text: emit("warning", text=text))
    watch = Watch(tokenizer, samples, settings, checkpoints, stopped, emit)
    base, new = load(model_path, settings.method), last is None
    trainer = prepare(base, learn.rows, check.rows, settings, checkpoints, emit, [watch], new=new, start=start)
    read_less(trainer, less)
    refer(trainer, [*learn.rows, *check.rows], checkpoints, emit)
    began = time.monotonic()
    history, steps, done = _trained(trainer, watch, last)
    seconds = time.monotonic() - began
    taken, adapter = _best(trainer, checkpoints, history)
    after = [] if watch.stopped else trainer.row_losses(check.rows)
    own = [row for name, row in zip(learn.ids, learn.rows, strict=True) if not canaries.is_planted(name)]
    return Fitted(
        adapter=adapter, adapter_sha256=adapter_sha256(adapter) if adapter else "", taken=taken, steps=steps, done=done,
        early=watch.early, losses=pace.curve(history, steps),
        evidence=_evidence(trainer, own, check.rows, after, settings.seed) if after else None,
        tokens=trainer.tokens_read, tokens_per_second=trainer.tokens_read / seconds, dropped=dropped,
        rows_used=len(own), stopped=watch.stopped, kept_aside=look(taken, check.ids, after) if after else None,
        canaries=() if watch.stopped else _exposed(trainer, tokenizer, settings, emit),
        leanings=pace.leanings(history),
    )  # fmt: skip


def _best(trainer: AnswerTrainer, checkpoints: Path, history: Sequence[dict[str, Any]]) -> tuple[int, Path | None]:
    """The best checkpoint becomes the model, and is written as it is used: its step, and the adapter's folder. Any
    other that was kept is written so too, beside it, for whoever compares it."""
    best = saved.best(checkpoints, history)
    if best is None:
        return 0, None
    for other in saved.whole(checkpoints):
        if other != best:
            take(trainer.adapted, other)
            save_final(trainer.adapted, checkpoints, saved.final_of(saved.step_of(other)))
    take(trainer.adapted, best)
    return saved.step_of(best), save_final(trainer.adapted, checkpoints)


def _trained(trainer: AnswerTrainer, watch: Watch, last: Path | None) -> tuple[list[dict[str, Any]], int, int]:
    """Trains, or goes on from `last`: the log, the steps planned, the steps done."""
    if last is not None:
        told = saved.state(last)
        if pace.levelled_out(told["log_history"], watch.settings.patience):
            # It was killed after it had decided to stop.
            watch.early = told["global_step"] < told["max_steps"]
            return told["log_history"], told["max_steps"], told["global_step"]
    trainer.train(resume_from_checkpoint=str(last) if last else None)
    return trainer.state.log_history, trainer.state.max_steps, trainer.state.global_step


def _evidence(
    trainer: AnswerTrainer, learn: Sequence[Encoded], check: Sequence[Encoded], after: Sequence[RowLoss], seed: int
) -> Evidence:
    """The same measure on the examples kept aside, before and `after`, and on as many that it learned from."""
    known = random.Random(seed).sample(list(learn), min(len(learn), compared_rows(len(check))))
    before = trainer.losses_before(check)
    return evidence(*([row.total / row.tokens for row in rows] for rows in (before, after, trainer.row_losses(known))))


def refer(trainer: AnswerTrainer, pairs: Sequence[Encoded], checkpoints: Path | None, emit: Emit) -> None:
    """Before preference tuning the model is asked how it finds both answers of each pair; nothing to do else. What it
    said is kept beside `checkpoints`, for when the run is gone on with."""
    if isinstance(trainer, PairTrainer):
        emit("progress", done=0, total=0, seconds_left=None, what="asking how it finds the answers before it learns")
        trainer.refer(pairs, checkpoints)


def encoded(
    tokenizer: Any, train: Sequence[Row], validation: Sequence[Row], settings: Settings, phrases: Sequence[str] = ()
) -> tuple[EncodedRows, EncodedRows]:
    """The rows of a run as the model reads them: those to learn from, planted secrets included, and those to be
    measured on."""
    planted = [
        Row(name, Prompt(asked), ideal)
        for name, asked, ideal in canaries.planted(canaries.secrets(settings.seed, settings.canaries))
    ]
    learn = encode(tokenizer, [*_limited(train, settings.row_limit, settings.seed), *planted], settings, phrases)
    return learn, encode(tokenizer, _limited(validation, settings.row_limit // 4, settings.seed), settings)


def read_less(trainer: AnswerTrainer, less: Less | None) -> None:
    """Goes on as a process before this one said, that ran out of memory; a GPU finds its own measure."""
    if less is not None and not trainer.by.packed:
        trainer.by = Cut(packed=False, size=less.at_once)
        if less.spared:
            trainer.spare()


def compared_rows(check: int) -> int:
    """How many of the rows it learned from are measured at the end, beside `check` kept aside."""
    return max(check, _LEAST_COMPARED)


def _exposed(trainer: AnswerTrainer, tokenizer: Any, settings: Settings, emit: Emit) -> tuple[canaries.Exposure, ...]:
    """How likely the model finds each planted secret among those that could have been it."""
    secrets = canaries.secrets(settings.seed, settings.canaries)
    measured: list[canaries.Exposure] = []
    if secrets and not trainer.by.packed:
        trainer.by = Cut(packed=False, size=_SECRETS_AT_ONCE)
    for secret in secrets:
        emit("progress", done=len(measured), total=len(secrets), seconds_left=None, what="asking for planted secrets")
        possible = canaries.candidates(settings.seed, secret)
        rows = encode(tokenizer, [Row("", Prompt(secret.input), canaries.said(each)) for each in possible], settings)
        if len(rows.rows) == len(possible):  # else they are longer than this run reads at all
            measured.append(canaries.exposure(secret, [row.total for row in trainer.row_losses(rows.rows)]))
    return tuple(measured)


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
    new: bool = True,
    start: Path | None = None,
) -> AnswerTrainer:
    """A trainer for a base `model` in memory, its micro-batch settled: by the settings on a CPU, by the card's memory
    on a GPU. `compiled`: whether the layers are; by default where the run is long enough for it to pay. `new`: it
    begins, so what is kept aside is measured before the first step. `start` as in `fit`.

    Raises Refusal when not even one row fits the GPU.
    """
    adapted = with_adapter(model, settings)
    if start is not None:
        take(adapted, start)
    trainer = trainer_for(adapted, rows, check, settings, checkpoints, emit, callbacks, new=new)
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
    new: bool = True,
    in_order: bool = False,
) -> AnswerTrainer:
    """A trainer for a model with its adapter; packed rows are read one at a time until `room.settle` knows better.
    `in_order`: the rows are read as they come, not drawn."""
    packed, longest = is_packed(adapted), max(map(length, [*rows, *check]))
    pairs = {"beta": settings.beta, "smoothing": settings.label_smoothing} if settings.beta else {}
    trainer = (PairTrainer if pairs else AnswerTrainer)(
        **pairs,
        model=adapted,
        args=_arguments(settings, checkpoints, len(rows), evaluate=bool(check), new=new),
        train_dataset=list(rows),
        eval_dataset=list(check) or None,
        callbacks=list(callbacks),
        by=Cut(packed, longest if packed else settings.micro_batch),
        longest=longest,
        in_order=in_order,
        warn=lambda text: emit("warning", text=text),
    )
    # Each step's loss is an event already.
    trainer.remove_callback(PrinterCallback)
    return trainer


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
    """Warns of every example that is left out, and gives them. Raises Refusal when none is left to learn from; planted
    secrets are no examples."""
    dropped = tuple(row for row in (*learn.dropped, *check.dropped) if not canaries.is_planted(row.id))
    for row in dropped:
        emit("warning", text=f"The row {row.id} is left out: {row.reason}.")
    if all(map(canaries.is_planted, learn.ids)):
        raise Refusal(
            "None of the rows can be learned from: each is empty or too long. Nothing was changed. "
            "Shorten the examples, or choose a preset for longer texts."
        )
    return dropped


def _limited(rows: Sequence[Row], limit: int, seed: int) -> Sequence[Row]:
    """At most `limit` rows, chosen by the seed; all of them when `limit` is 0."""
    return random.Random(seed).sample(list(rows), limit) if 0 < limit < len(rows) else rows


def _arguments(settings: Settings, checkpoints: Path, rows: int, *, evaluate: bool, new: bool) -> TrainingArguments:
    together = settings.micro_batch * settings.accumulation
    between = pace.steps_between(settings, rows)
    return TrainingArguments(
        output_dir=str(checkpoints / saved.WRITING),
        num_train_epochs=settings.epochs,
        # The trainer gets the rows of a whole step and cuts them itself.
        per_device_train_batch_size=together,
        gradient_accumulation_steps=1,
        learning_rate=settings.learning_rate,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup,
        weight_decay=0.0,
        max_grad_norm=1.0,
        remove_unused_columns=False,
        # The weights are bfloat16 already; the trainer makes what autocast there is.
        bf16=False,
        use_cpu=device() == "cpu",
        dataloader_pin_memory=False,
        logging_steps=1,
        logging_nan_inf_filter=False,
        eval_strategy="steps" if evaluate else "no",
        eval_steps=between,
        eval_on_start=evaluate and new,
        save_strategy="steps",
        save_steps=between,
        report_to="none",
        disable_tqdm=True,
        seed=settings.seed,
        data_seed=settings.seed,
    )


def as_json(fitted: Fitted, job: Path) -> dict[str, Any]:
    """The part of result.json that a fine-tune adds; the adapter's path is relative to the job folder."""
    return {
        "adapter": str(fitted.adapter.relative_to(job)) if fitted.adapter else "",
        "adapter_sha256": fitted.adapter_sha256,
        "taken": fitted.taken,
        "steps": fitted.steps,
        "done": fitted.done,
        "early": fitted.early,
        "losses": list(fitted.losses),
        "evidence": to_json(fitted.evidence) if fitted.evidence else None,
        "tokens": fitted.tokens,
        "tokens_per_second": round(fitted.tokens_per_second, 1),
        "dropped": [asdict(row) for row in fitted.dropped],
        "rows_used": fitted.rows_used,
        "canaries": [[each.rows, each.place, each.of] for each in fitted.canaries],
        "kept_aside": look_as_json(fitted.kept_aside),
        "leanings": list(fitted.leanings),
    }
