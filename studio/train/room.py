"""How many tokens a GPU can read at a time: measured on the card, with the rows of the run. For the worker only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from studio.records import Refusal
from studio.train.adapted import spare_memory
from studio.train.batches import Cut, Encoded, length
from studio.train.memory import ran_out
from studio.train.trainer import TOO_LARGE, AnswerTrainer

# More at a time is no faster, and less is kept free for what comes and goes.
_MOST_TOKENS, _KEPT_FREE = 32_768, 0.06


@dataclass(frozen=True)
class Room:
    """Bytes on the card: `fixed`, and `per_token` of a pass; `seconds` of the longer of two passes of `tokens`."""

    fixed: float
    per_token: float
    tokens: int
    seconds: float


def settle(trainer: AnswerTrainer, rows: Sequence[Encoded]) -> Room:
    """Sets the trainer's cut to as many tokens as the card takes; keeps fewer results of layers where that must be.

    Raises Refusal when not even the longest row fits.
    """
    longest = max(map(length, rows))
    for spared in (False, True):
        if spared:
            spare_memory(trainer.adapted)
        room = _measured(trainer, rows, longest)
        if room is None:
            continue
        free, _ = torch.cuda.mem_get_info()
        total = torch.cuda.get_device_properties(0).total_memory
        usable = free + torch.cuda.memory_reserved() - _KEPT_FREE * total
        fits = int((usable - room.fixed) / max(1.0, room.per_token))
        if fits >= longest:
            trainer.by = Cut(packed=True, size=min(_MOST_TOKENS, fits))
            return room
    raise Refusal(TOO_LARGE)


def _measured(trainer: AnswerTrainer, rows: Sequence[Encoded], longest: int) -> Room | None:
    """From the longest row alone and from about four times as much; None when the card cannot take the first."""
    order = sorted(rows, key=length, reverse=True)
    short = _pass(trainer, order[:1])
    many: list[Encoded] = []
    held = 0
    while held < 4 * longest:
        many.append(order[len(many) % len(order)])
        held += length(many[-1])
    if short is None:
        return None
    _pass(trainer, many)  # the first of a size pays for finding its kernels
    long = _pass(trainer, many)
    if long is None:
        return Room(0.0, short[0] / longest, longest, short[1])
    per_token = (long[0] - short[0]) / (held - longest)
    states = 8 * sum(part.numel() for part in trainer.adapted.parameters() if part.requires_grad)
    return Room(short[0] - per_token * longest + states, per_token, held, long[1])


def _pass(trainer: AnswerTrainer, rows: Sequence[Encoded]) -> tuple[float, float] | None:
    """Peak bytes and seconds of one pass there and back; None when memory ran out. It teaches nothing."""
    trainer.by = Cut(packed=True, size=sum(map(length, rows)))
    trainer.adapted.train()
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    torch.cuda.synchronize()
    began = time.monotonic()
    try:
        trainer.learn(trainer.adapted, rows)
        torch.cuda.synchronize()
        found = float(torch.cuda.max_memory_allocated()), time.monotonic() - began
    except (RuntimeError, MemoryError) as error:
        if not ran_out(error):
            raise
        found = None
    trainer.adapted.zero_grad(set_to_none=True)
    return found
