"""The trainer of preference tuning: pairs of answers, against what the model was at its start. For the worker only."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from studio.records import Refusal
from studio.train.adapted import precision
from studio.train.batches import Batch, Encoded, cut, lay_out, scored
from studio.train.kept_aside import RowLoss
from studio.train.leaning import BEFORE
from studio.train.loss import head_loss, token_losses
from studio.train.pairs import apart
from studio.train.preference_loss import margins, preference_loss
from studio.train.trainer import AnswerTrainer, uncompiled

REFERENCE = "reference.json"
"""Beside the checkpoints: for each pair, how likely the model found its two answers before the first step."""


class PairTrainer(AnswerTrainer):
    """The trainer of answers, over pairs (`pairs.joined`) and with the loss of preferences.

    The reference is the model as it starts, with what it starts from: it is asked once, before the first step
    (`refer`), so no second model is held. `beta` and `smoothing` as in `preference_loss`.
    """

    def __init__(self, *, beta: float, smoothing: float, **more: Any) -> None:
        super().__init__(**more)
        self._beta, self._smoothing = beta, smoothing
        self._reference: dict[int, tuple[float, float]] = {}

    def refer(self, pairs: Sequence[Encoded], checkpoints: Path | None) -> None:
        """Sets the reference: asks the model as it is now, or takes what an earlier start wrote beside `checkpoints`.

        Raises Refusal when that is of other pairs.
        """
        kept = checkpoints / REFERENCE if checkpoints else None
        if kept is not None and kept.exists():
            told = json.loads(kept.read_text(encoding="utf-8"))
        else:
            told = self._asked(pairs)
            if kept is not None:
                _write(kept, told)
        if len(told) != len(pairs):
            raise Refusal(
                "What this job noted at its start is of other pairs than it has now. Nothing was changed. Start a new "
                "training."
            )
        self._reference = {id(pair): (a, b) for pair, (a, b) in zip(pairs, told, strict=True)}

    def read_as(self, other: AnswerTrainer) -> None:
        """And it measures against the same reference."""
        super().read_as(other)
        if isinstance(other, PairTrainer):
            self._reference = other._reference

    def learn(self, model: Any, rows: Sequence[Encoded]) -> torch.Tensor:
        """Adds the gradients of the mean loss over the pairs `rows`; gives that mean, detached. However the pairs are
        cut, it is the same but for rounding."""
        total = torch.zeros((), device=self.args.device)
        for part in cut(rows, self.by):
            batch = self._laid_out(part)
            with precision(model):
                hidden, head = self._behind(model, batch)
                likely = self._likelihoods(part, token_losses(hidden.detach(), head, batch.targets))
                likely.requires_grad_(True)
                loss = preference_loss(self._margins(part, likely), self._smoothing).sum() / len(rows)
                # The loss asks of each answer only its whole likelihood. So each of its tokens pulls with the same
                # weight, and no table of logits is kept for the way back.
                (pull,) = torch.autograd.grad(loss, likely)
                surrogate = head_loss(hidden, head, batch.targets, self._spread(part, -pull))
            self.accelerator.backward(surrogate)
            total += loss.detach()
        return total

    def evaluate(
        self, eval_dataset: Any = None, ignore_keys: Any = None, metric_key_prefix: str = "eval"
    ) -> dict[str, float]:
        """The mean loss over the pairs kept aside, the share on which the model leans to what people preferred (no
        lean counts half), and by how much on average (nats, times beta)."""
        asked: Any = self.eval_dataset if eval_dataset is None else eval_dataset
        found = self.leanings(list(asked))
        losses = preference_loss(torch.tensor(found), self._smoothing)
        metrics = {
            f"{metric_key_prefix}_loss": float(losses.mean()),
            f"{metric_key_prefix}_accuracy": sum(_right(margin) for margin in found) / len(found),
            f"{metric_key_prefix}_margin": sum(found) / len(found),
        }
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(self.args, self.state, self.control, metrics)
        return metrics

    def leanings(self, pairs: Sequence[Encoded]) -> list[float]:
        """The margin of each pair, in their order: above 0, it leans to the preferred answer more than at its start."""
        told = torch.tensor(self._asked(pairs))
        reference = torch.tensor([self._reference[id(pair)] for pair in pairs])
        return [float(each) for each in margins(told[:, 0], told[:, 1], reference, self._beta)]

    def row_losses(self, rows: Sequence[Encoded]) -> list[RowLoss]:
        """The loss of each pair, in their order; a pair counts once, however long."""
        losses = preference_loss(torch.tensor(self.leanings(rows)), self._smoothing)
        return [RowLoss(float(loss), 1) for loss in losses]

    def losses_before(self, rows: Sequence[Encoded]) -> list[RowLoss]:
        """By its definition the same for every pair: the reference is what the model was."""
        return [RowLoss(BEFORE, 1) for _ in rows]

    def _asked(self, pairs: Sequence[Encoded]) -> list[tuple[float, float]]:
        """How likely (log-probability, nats) the model finds both answers of each pair now; nothing is learned."""
        model, found = self.adapted, dict[int, tuple[float, float]]()
        training = model.training
        model.eval()
        with torch.no_grad(), uncompiled(), precision(model):
            for part in cut(pairs, self.by):
                batch = self._laid_out(part)
                likely = self._likelihoods(part, token_losses(*self._behind(model, batch), batch.targets))
                found.update({id(pair): (a, b) for pair, (a, b) in zip(part, likely.tolist(), strict=True)})
        model.train(training)
        return [found[id(pair)] for pair in pairs]

    def _laid_out(self, part: Sequence[Encoded]) -> Batch:
        return lay_out(apart(part), self.by.packed, self._longest, self.args.device)

    def _likelihoods(self, part: Sequence[Encoded], losses: torch.Tensor) -> torch.Tensor:
        """(pairs, 2): the log-probability of each whole answer, from the losses of all their tokens."""
        pieces = losses.split([scored(row) for row in apart(part)])
        return -torch.stack([piece.sum() for piece in pieces]).view(-1, 2)

    def _margins(self, part: Sequence[Encoded], likely: torch.Tensor) -> torch.Tensor:
        # Before `refer` there is none: then the room of a pass is measured, which is the same with any.
        told = [self._reference.get(id(pair), (0.0, 0.0)) for pair in part]
        return margins(likely[:, 0], likely[:, 1], torch.tensor(told, device=likely.device), self._beta)

    def _spread(self, part: Sequence[Encoded], pull: torch.Tensor) -> torch.Tensor:
        """The weight of each answer, for each of its tokens."""
        counts = torch.tensor([scored(row) for row in apart(part)], device=pull.device)
        return pull.flatten().repeat_interleave(counts)


def _right(margin: float) -> float:
    return 0.5 if margin == 0 else float(margin > 0)


def _write(path: Path, told: Sequence[tuple[float, float]]) -> None:
    """Whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("w", encoding="utf-8") as file:
        json.dump(told, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
