"""The loss of a fine-tune: only answers are scored, and the brief's exact phrases count more. For the worker only.

Two departures from the trainer's own loss. Logits are made for the tokens of answers alone: half of a support example
is its prompt, and the vocabulary is the largest matrix of a small model. And the tokens of a phrase that the brief
checks word for word weigh `EMPHASIS` times as much: they are few among many free words, and they are what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch.nn.functional import cross_entropy
from trl import SFTTrainer

EMPHASIS = 4.0
IGNORED = -100


def weights(labels: torch.Tensor, phrases: Sequence[torch.Tensor], emphasis: float = EMPHASIS) -> torch.Tensor:
    """A weight for each of `labels` (batch, length): `emphasis` where one of `phrases` (token ids) stands, else 1."""
    found = torch.ones_like(labels, dtype=torch.float32)
    for phrase in phrases:
        size = phrase.numel()
        if not 0 < size <= labels.shape[1]:
            continue
        starts = (labels.unfold(1, size, 1) == phrase.to(labels.device)).all(-1)
        for row, start in starts.nonzero().tolist():
            found[row, start : start + size] = emphasis
    return found


class AnswerTrainer(SFTTrainer):
    """TRL's trainer with the loss above. `tokens_read` counts tokens of training batches, padding left out."""

    def __init__(self, *args: Any, phrases: Sequence[torch.Tensor] = (), **more: Any) -> None:
        super().__init__(*args, **more)
        self._phrases = phrases
        self.tokens_read = 0

    def compute_loss(
        self, model: Any, inputs: dict[str, Any], return_outputs: bool = False, num_items_in_batch: Any = None
    ) -> Any:
        """The weighted mean over the answers' tokens of this batch; plain means in evaluation, so that runs compare."""
        whole = self.accelerator.unwrap_model(model).get_base_model()
        hidden = whole.get_decoder()(
            input_ids=inputs["input_ids"], attention_mask=inputs["attention_mask"], use_cache=False
        ).last_hidden_state[:, :-1]
        labels = inputs["labels"][:, 1:]
        scored = labels != IGNORED
        logits = whole.get_output_embeddings()(hidden[scored]).float()
        losses = cross_entropy(logits, labels[scored], reduction="none")
        if not model.training:
            loss = losses.mean()
        else:
            self.tokens_read += int(inputs["attention_mask"].sum())
            weight = weights(labels, self._phrases)[scored]
            # Accumulated batches are summed by the trainer: each brings its share of the step's answer tokens.
            share = 1.0 if num_items_in_batch is None else scored.sum() / num_items_in_batch
            loss = (losses * weight).sum() / weight.sum() * share
        return (loss, {"logits": logits}) if return_outputs else loss
