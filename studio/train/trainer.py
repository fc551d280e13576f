"""The trainer of a fine-tune: a step's rows are read in micro-batches that fit the memory. For the worker only."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from transformers import Trainer

from studio.records import Refusal
from studio.train.adapted import precision, spare_memory
from studio.train.batches import Batch, Cut, Encoded, cut, lay_out, length, scored, weight
from studio.train.kept_aside import RowLoss
from studio.train.loss import head_loss, token_losses
from studio.train.memory import ran_out
from studio.train.order import Order

TOO_LARGE = (
    "Even one example at a time needs more memory than this machine has free. What was learned until the last "
    "checkpoint is kept, and all examples are safe. Close other programs, shorten the longest examples or choose a "
    "smaller model, then start it again."
)


class MemoryShort(Exception):
    """The machine's memory ran out; a new process should read `at_once` rows at a time, `spared` as the last resort."""

    def __init__(self, at_once: int, spared: bool) -> None:
        super().__init__("the machine's memory ran out")
        self.at_once, self.spared = at_once, spared


def less_said(at_once: str, spared: bool) -> str:
    """What is done about it, for people. `at_once`: so many examples or tokens."""
    how = "makes some results twice (activation checkpointing)" if spared else "does so with a smaller micro-batch"
    return (
        f"Memory ran short. It now reads {at_once} at a time and {how}; it learns from as many examples a step as "
        "before, and what was learned until the last checkpoint is kept."
    )


@dataclass(frozen=True)
class _Step:
    """The rows of one step, left alone by the library on their way here."""

    rows: Sequence[Encoded]


class AnswerTrainer(Trainer):  # type: ignore[misc]
    """The library's trainer with the answers' loss, over rows encoded as `batches.Encoded`.

    `by` says how a step's rows are cut. When memory runs out it is halved, and at last fewer results of layers are kept
    (`spared`). On a GPU the step is then made again, `warn(sentence)` says so, and nothing is lost; on a CPU, where
    freed memory comes back in pieces too small to use, `MemoryShort` asks for a new process. `tokens_read` counts
    tokens of training, padding left out. `in_order`: the rows are read as they come.
    """

    def __init__(
        self, *, by: Cut, longest: int, warn: Callable[[str], None], in_order: bool = False, **more: Any
    ) -> None:
        super().__init__(**more, data_collator=lambda rows: {"step": _Step(rows)})
        self.by, self.spared, self._longest, self._warn = by, False, longest, warn
        self._in_order = in_order
        self.tokens_read = 0

    @property
    def adapted(self) -> Any:
        """The model with its adapter."""
        return self.model

    def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> torch.Tensor:
        """The loss of a step (detached), its gradients summed over micro-batches. Raises Refusal when not even one
        row at a time fits."""
        model.train()
        rows = inputs["step"].rows
        while (loss := self._tried(model, rows)) is None:
            self._take_less(rows)
        self.tokens_read += sum(map(length, rows))
        return loss

    def _take_less(self, rows: Sequence[Encoded]) -> None:
        smaller = self.by.halved(rows)
        if smaller is None and self.spared:
            raise Refusal(TOO_LARGE)
        if self.args.device.type == "cpu":
            raise MemoryShort((smaller or self.by).size, smaller is None)
        if smaller is None:
            self.spare()
        self.by = smaller or self.by
        self._warn(less_said(self.by.said, smaller is None))

    def read_as(self, other: AnswerTrainer) -> None:
        """From now on it reads its rows as `other`, a trainer of the same model, does."""
        self.by, self.spared = other.by, other.spared

    def spare(self) -> None:
        """From now on the layers' results are made again on the way back: slower, with a fraction of the memory."""
        self.spared = True
        spare_memory(self.adapted)

    def _tried(self, model: Any, rows: Sequence[Encoded]) -> torch.Tensor | None:
        """The step's loss, or None when memory ran out; then no gradient of it is left."""
        try:
            return self.learn(model, rows)
        except (RuntimeError, MemoryError) as error:
            if not ran_out(error):
                raise
        # Outside of the handler, which holds on to the tensors of the failed pass.
        model.zero_grad(set_to_none=True)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return None

    def learn(self, model: Any, rows: Sequence[Encoded]) -> torch.Tensor:
        """Adds the gradients of the weighted mean loss over the answers' tokens of `rows`; gives that mean, detached.
        However the rows are cut, it is the same but for rounding."""
        whole, total = sum(map(weight, rows)), torch.zeros((), device=self.args.device)
        for part in cut(rows, self.by):
            batch = lay_out(part, self.by.packed, self._longest, self.args.device)
            with precision(model):
                loss = self._summed(model, batch, batch.weights) / whole
            self.accelerator.backward(loss)
            total += loss.detach()
        return total

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The plain mean over all answers' tokens of the validation rows, in nats, whatever the brief's phrases: so
        runs compare."""
        asked: Any = self.eval_dataset if eval_dataset is None else eval_dataset
        found = self.row_losses(list(asked))
        metrics = {f"{metric_key_prefix}_loss": sum(row.total for row in found) / sum(row.tokens for row in found)}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def row_losses(self, rows: Sequence[Encoded]) -> list[RowLoss]:
        """How far each of `rows` is from the model, in their order, every token counting alike; nothing is learned."""
        model, found = self.adapted, dict[int, RowLoss]()
        training = model.training
        model.eval()
        with torch.no_grad(), uncompiled(), precision(model):
            for part in cut(rows, self.by):
                batch = lay_out(part, self.by.packed, self._longest, self.args.device)
                losses = token_losses(*self._behind(model, batch), batch.targets)
                counts = [scored(row) for row in part]
                sums = [piece.sum() for piece in losses.split(counts)]
                for row, total, tokens in zip(part, torch.stack(sums).tolist(), counts, strict=True):
                    found[id(row)] = RowLoss(total, tokens)
        model.train(training)
        return [found[id(row)] for row in rows]

    def losses_before(self, rows: Sequence[Encoded]) -> list[RowLoss]:
        """The same of the model as it was before it learned: its base."""
        with self.adapted.disable_adapter():
            return self.row_losses(rows)

    def _get_train_sampler(self, train_dataset: Any = None) -> torch.utils.data.Sampler[int]:
        asked: Any = self.train_dataset if train_dataset is None else train_dataset
        if self._in_order:
            return torch.utils.data.SequentialSampler(asked)
        # Padded rows of like length waste little; packed ones may come as they are.
        return Order(
            [length(row) for row in asked],
            self.args.per_device_train_batch_size,
            self.args.seed,
            grouped=not self.by.packed,
            steps_done=lambda: self.state.global_step,
        )

    def _summed(self, model: Any, batch: Batch, weights: torch.Tensor) -> torch.Tensor:
        return head_loss(*self._behind(model, batch), batch.targets, weights)

    def _behind(self, model: Any, batch: Batch) -> tuple[torch.Tensor, Any]:
        """The hidden states before the scored tokens, and the head that reads them."""
        whole = self.accelerator.unwrap_model(model).get_base_model()
        hidden = whole.get_decoder()(**batch.inputs, use_cache=False).last_hidden_state
        return hidden.flatten(0, 1)[batch.places], whole.get_output_embeddings()

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: the library would count padding."""
        return 0


def uncompiled() -> contextlib.AbstractContextManager[Any]:
    """Passes of other shapes (evaluation, samples) run as they are, rather than being compiled for a few uses."""
    return torch.compiler.set_stance("force_eager")
