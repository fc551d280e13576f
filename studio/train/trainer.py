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
from studio.train.batches import Batch, Cut, Encoded, cut, lay_out, length, weight
from studio.train.loss import head_loss
from studio.train.memory import ran_out

TOO_LARGE = (
    "Even one example at a time needs more memory than this machine has free. What was learned until the last "
    "checkpoint is kept, and all examples are safe. Close other programs, shorten the longest examples or choose a "
    "smaller model, then start it again."
)


@dataclass(frozen=True)
class _Step:
    """The rows of one step, left alone by the library on their way here."""

    rows: Sequence[Encoded]


class AnswerTrainer(Trainer):  # type: ignore[misc]
    """The library's trainer with the answers' loss, over rows encoded as `batches.Encoded`.

    `by` says how a step's rows are cut; when memory runs out it is halved, `shrank(rows or tokens at a time)` is told,
    and the step is made again: the same rows count for it, and nothing that was learned is lost. `tokens_read` counts
    tokens of training, padding left out.
    """

    def __init__(self, *, by: Cut, longest: int, shrank: Callable[[Cut], None], **more: Any) -> None:
        super().__init__(**more, data_collator=lambda rows: {"step": _Step(rows)})
        self.by, self._longest, self._shrank = by, longest, shrank
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
            smaller = self.by.halved(rows)
            if smaller is None:
                raise Refusal(TOO_LARGE)
            self.by = smaller
            self._shrank(smaller)
        self.tokens_read += sum(map(length, rows))
        return loss

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
            with self._precision():
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
        rows, model = list(asked), self.adapted
        model.eval()
        total, count = torch.zeros((), device=self.args.device), 0
        with torch.no_grad(), uncompiled(), self._precision():
            for part in cut(rows, self.by):
                batch = lay_out(part, self.by.packed, self._longest, self.args.device)
                total += self._summed(model, batch, torch.ones_like(batch.weights))
                count += batch.targets.numel()
        metrics = {f"{metric_key_prefix}_loss": float(total) / count}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def _summed(self, model: Any, batch: Batch, weights: torch.Tensor) -> torch.Tensor:
        whole = self.accelerator.unwrap_model(model).get_base_model()
        hidden = whole.get_decoder()(**batch.inputs, use_cache=False).last_hidden_state
        return head_loss(hidden.flatten(0, 1)[batch.places], whole.get_output_embeddings(), batch.targets, weights)

    def _precision(self) -> contextlib.AbstractContextManager[Any]:
        """On a GPU the adapter is float32 and its products are made in bfloat16."""
        return torch.autocast("cuda", torch.bfloat16, enabled=self.args.device.type == "cuda")

    def floating_point_ops(self, inputs: dict[str, Any]) -> int:
        """Not counted: the library would count padding."""
        return 0


def uncompiled() -> contextlib.AbstractContextManager[Any]:
    """Passes of other shapes (evaluation, samples) run as they are, rather than being compiled for a few uses."""
    return torch.compiler.set_stance("force_eager")
