"""A rehearsal of a fine-tune: a few of its real steps, timed, and what its rows come to. For the worker only.

It goes the way of the run itself: the same loading, the same trainer over the same rows, an evaluation with its sample
answers and a checkpoint. The heaviest step comes first, so that its memory is the run's; then steps of every size.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import Any

import torch
from transformers import AutoTokenizer, TrainerCallback, TrainerControl, TrainerState

from studio.records import Prompt
from studio.train import fit, pace
from studio.train.adapted import device, device_name, load
from studio.train.batches import IGNORED, Encoded, cut, length, scored
from studio.train.circumstances import card_memory_mb
from studio.train.encode import EncodedRows, Row, tokens_of
from studio.train.forecast import BatchRow, LeftOut, Measured, Shown, Span, strata
from studio.train.memory import peak_memory_mb
from studio.train.pairs import SECOND
from studio.train.settings import Settings
from studio.train.trainer import AnswerTrainer
from studio.train.watch import Emit, Watch, save_final

# Enough for a steady mean, short enough to wait for.
_TIMED_SECONDS, _TIMED_STEPS = 12.0, 16
_CHECK_ROWS = 48  # of the validation rows; the time of the rest follows from their tokens


class _Clock(TrainerCallback):  # type: ignore[misc]
    """Seconds of each step; ends the rehearsal when enough of them were timed, or when asked."""

    def __init__(self, planned: int, stopped: Callable[[], bool], emit: Emit) -> None:
        self.steps: list[float] = []
        self._planned, self._stopped, self._emit, self._at = planned, stopped, emit, 0.0

    def on_step_begin(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        self._at = time.monotonic()

    def on_step_end(self, args: Any, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        if device() == "cuda":
            torch.cuda.synchronize()
        self.steps.append(time.monotonic() - self._at)
        self._emit("progress", done=len(self.steps), total=self._planned, seconds_left=None, what="timing real steps")
        if self._stopped() or sum(self.steps[1:]) >= _TIMED_SECONDS:
            control.should_training_stop = control.should_evaluate = control.should_save = True


def rehearse(
    model_path: Path,
    train: Sequence[Row],
    validation: Sequence[Row],
    samples: Sequence[tuple[str, Prompt]],
    settings: Settings,
    folder: Path,
    stopped: Callable[[], bool],
    emit: Emit,
    phrases: Sequence[str] = (),
    less: fit.Less | None = None,
    start: Path | None = None,
    *,
    began: float,
) -> tuple[Measured, Shown]:
    """Measures the fine-tune that `fit.fit` would make of the same arguments. `folder` is for what it writes, and is
    gone afterwards; the job `began` at that time of the monotonic clock. Raises Refusal and MemoryShort as `fit.fit`
    does."""
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    learned, checked = fit.encoded(tokenizer, train, validation, settings, phrases)
    left_out = fit.tell_dropped(learned, checked, emit)
    base = load(model_path, settings.method)
    whole = fit.prepare(base, learned.rows, checked.rows, settings, folder, emit, start=start)
    fit.read_less(whole, less)
    fit.refer(whole, [*learned.rows, *checked.rows], None, emit)
    loading = time.monotonic() - began
    steps = [list(part["step"].rows) for part in whole.get_train_dataloader()]
    watch = Watch(tokenizer, samples, settings, folder, stopped, lambda *args, **fields: None)
    took = _taken(whole, steps, checked.rows, watch, settings, folder, stopped, emit)
    examples = {row.id for row in train}
    measured = Measured(
        rows=len(examples.intersection(learned.ids)), validation_rows=len(checked.rows),
        tokens=sum(map(length, learned.rows)),
        learned_tokens=sum(map(scored, learned.rows)), longest=max(map(length, learned.rows)),
        steps=len(steps) * settings.epochs, timed_steps=took.steps, step_seconds=took.step_seconds,
        evaluations=pace.measurements(settings, len(learned.rows)), evaluation_seconds=took.evaluation_seconds,
        fixed_seconds=loading + took.once_seconds, peak_memory_mb=peak_memory_mb(), card_memory_mb=card_memory_mb(),
        checkpoint_mb=round(took.checkpoint_mb, 1), device=device_name(),
    )  # fmt: skip
    beyond = _beyond(tokenizer, [*train, *validation], left_out, settings.max_length)
    return measured, Shown(beyond, _first_batch(tokenizer, steps[0], learned, examples))


@dataclass(frozen=True)
class _Took:
    """What the taken steps, one evaluation and what happens once (warming up, the ending) took; the size of a
    checkpoint."""

    steps: int
    step_seconds: float
    evaluation_seconds: float
    once_seconds: float
    checkpoint_mb: float


def _taken(
    whole: AnswerTrainer, steps: Sequence[Sequence[Encoded]], check: Sequence[Encoded], watch: Watch,
    settings: Settings, folder: Path, stopped: Callable[[], bool], emit: Emit,
) -> _Took:  # fmt: skip
    """Takes some of the steps of `whole`, with one evaluation and one checkpoint at their end."""
    plan, few = _plan(whole, steps), check[:_CHECK_ROWS]
    clock = _Clock(len(plan), stopped, emit)
    rows, once = [row for place in plan for row in steps[place]], replace(settings, epochs=1, evaluations=0)
    probe = fit.trainer_for(whole.adapted, rows, few, once, folder, emit, [watch, clock], new=False, in_order=True)
    probe.read_as(whole)
    # On a card the first answers take several times what the next do, while its kernels are loaded.
    first = _seconds(probe.evaluate) if few and device() == "cuda" else 0.0
    beside = _seconds(probe.train) - sum(clock.steps)
    checkpoint_mb = sum(part.stat().st_size for part in folder.rglob("*") if part.is_file()) / 2**20
    looking = _seconds(partial(probe.row_losses, few)) if few else 0.0
    looking_at_all = looking * _read(probe, check) / _read(probe, few) if few else 0.0
    # At its end a run measures the rows kept aside twice, and rows that it learned from.
    measuring = looking_at_all * (2 + fit.compared_rows(len(check)) / max(1, len(check)))
    once_only = max(0.0, first - beside) + _seconds(partial(save_final, whole.adapted, folder))
    shutil.rmtree(folder, ignore_errors=True)
    timed = clock.steps[1:] or clock.steps
    each_look = beside - looking + looking_at_all
    return _Took(len(clock.steps), sum(timed) / len(timed), each_look, measuring + once_only, checkpoint_mb)


def _seconds(do: Callable[[], object]) -> float:
    at = time.monotonic()
    do()
    return time.monotonic() - at


def _plan(whole: AnswerTrainer, steps: Sequence[Sequence[Encoded]]) -> list[int]:
    """Which steps of a pass to take: the heaviest, which warms up too, and then some of every size."""
    sizes = [_read(whole, rows) for rows in steps]
    return [sizes.index(max(sizes)), *strata(sizes, min(_TIMED_STEPS, max(1, len(steps) // 2)))]


def _read(trainer: AnswerTrainer, rows: Sequence[Encoded]) -> int:
    """Tokens that are read for these rows, padding included."""
    parts = cut(rows, trainer.by)
    return sum(sum(map(length, part)) if trainer.by.packed else len(part) * max(map(length, part)) for part in parts)


def _beyond(tokenizer: Any, rows: Sequence[Row], dropped: Sequence[fit.Dropped], limit: int) -> tuple[LeftOut, ...]:
    by_id = {row.id: row for row in rows}
    found = []
    for each in dropped:
        prompt, answer = tokens_of(tokenizer, by_id[each.id])
        whole = prompt + answer
        found.append(LeftOut(each.id, each.reason, len(whole), _said(tokenizer, whole[limit:])))
    return tuple(found)


def _first_batch(
    tokenizer: Any, rows: Sequence[Encoded], learned: EncodedRows, examples: Container[str]
) -> tuple[BatchRow, ...]:
    """The rows of the batch that are examples: planted secrets are not to be written down."""
    names = {id(row): name for row, name in zip(learned.rows, learned.ids, strict=True)}
    return tuple(BatchRow(names[id(row)], _spans(tokenizer, row)) for row in rows if names[id(row)] in examples)


def _spans(tokenizer: Any, row: Encoded) -> tuple[Span, ...]:
    """The row in pieces of tokens that are treated alike. The first token is never learned: nothing foretells it."""
    worse = row[SECOND][0] if SECOND in row else len(row["labels"])
    kinds = [
        "read" if label == IGNORED else "worse" if place >= worse else "stressed" if weight > 1 else "learned"
        for place, (label, weight) in enumerate(zip(row["labels"], row["weights"], strict=True))
    ]
    return tuple(
        Span(_said(tokenizer, [row["input_ids"][place] for place, _ in group]), kind)
        for kind, group in groupby(enumerate(kinds), key=lambda pair: pair[1])
    )


def _said(tokenizer: Any, ids: Sequence[int]) -> str:
    return str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))
