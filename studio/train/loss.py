"""The loss of a fine-tune: only answers are scored, and the brief's exact phrases count more. For the worker only.

Two departures from the usual loss. Logits are made for the tokens of answers alone, a piece at a time, and none of
them is kept: half of a support example is its prompt, and the vocabulary is the largest matrix of a small model. And
the tokens of a phrase that the brief checks word for word weigh `EMPHASIS` times as much: they are few among many free
words, and they are what is asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

EMPHASIS = 4.0
_LOGITS_AT_ONCE = 2**27  # float32: half a GB


def weights(labels: Sequence[int], phrases: Sequence[Sequence[int]], emphasis: float = EMPHASIS) -> list[float]:
    """A weight for each of `labels`: `emphasis` where one of `phrases` (token ids) stands, else 1."""
    found = [1.0] * len(labels)
    for phrase in phrases:
        size = len(phrase)
        for start in range(len(labels) - size + 1 if size else 0):
            if list(labels[start : start + size]) == list(phrase):
                found[start : start + size] = [emphasis] * size
    return found


class _HeadLoss(torch.autograd.Function):
    """The sum of weighted cross-entropies behind a head that does not learn.

    Its gradient is made with it, so that the logits of a piece are gone before those of the next are made.
    """

    @staticmethod
    def forward(
        ctx: Any, hidden: torch.Tensor, head: torch.Tensor, bias: torch.Tensor | None, targets: torch.Tensor,
        weight: torch.Tensor,
    ) -> torch.Tensor:  # fmt: skip
        total = torch.zeros((), dtype=torch.float32, device=hidden.device)
        gradient = torch.empty_like(hidden)
        rows = max(1, _LOGITS_AT_ONCE // head.shape[0])
        for start in range(0, hidden.shape[0], rows):
            piece = slice(start, start + rows)
            logits = torch.nn.functional.linear(hidden[piece], head, bias).float()
            whole = logits.logsumexp(-1)
            wanted = targets[piece, None]
            total += ((whole - logits.gather(1, wanted).squeeze(1)) * weight[piece]).sum()
            if ctx.needs_input_grad[0]:
                share = logits.sub_(whole[:, None]).exp_()
                share.scatter_add_(1, wanted, torch.full_like(wanted, -1, dtype=share.dtype))
                gradient[piece] = share.mul_(weight[piece, None]).to(head.dtype) @ head
                del share
            # Before the next piece is made, so that never two are held.
            del logits
        ctx.save_for_backward(gradient)
        return total

    @staticmethod
    def backward(ctx: Any, *given: torch.Tensor) -> tuple[torch.Tensor, None, None, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradient * given[0].to(gradient.dtype), None, None, None, None


def head_loss(hidden: torch.Tensor, head: torch.nn.Module, targets: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    """The sum over n tokens of `weight` (n) times the cross-entropy (nats) of `targets` (n) behind `head`, a frozen
    linear layer over `hidden` (n, width). Raises ValueError when the head learns: its gradient is not made here."""
    table: Any = head.weight
    if table.requires_grad:
        raise ValueError("the head must be frozen")
    loss: torch.Tensor = _HeadLoss.apply(hidden.to(table.dtype), table, getattr(head, "bias", None), targets, weight)  # type: ignore[no-untyped-call]
    return loss


@torch.no_grad()
def token_losses(hidden: torch.Tensor, head: torch.nn.Module, targets: torch.Tensor) -> torch.Tensor:
    """The cross-entropy (nats, float32) of each of `targets` (n) behind `head` over `hidden` (n, width)."""
    table: Any = head.weight
    rows = max(1, _LOGITS_AT_ONCE // table.shape[0])
    made = []
    for piece, wanted in zip(hidden.to(table.dtype).split(rows), targets.split(rows), strict=True):
        logits = torch.nn.functional.linear(piece, table, getattr(head, "bias", None)).float()
        made.append(torch.nn.functional.cross_entropy(logits, wanted, reduction="none"))
    return torch.cat(made)
