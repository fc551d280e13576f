"""How many tokens a GPU can read at a time: measured on the card, with the rows of the run. For the worker only."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from studio.records import Refusal
from studio.train.batches import Cut, Encoded, length
from studio.train.memory import ran_out
from studio.train.trainer import TOO_LARGE, AnswerTrainer

# More at a time is no faster, and less is kept free for what comes and goes.
_MOST_TOKENS, _KEPT_FREE = 32_768, 0.06
_FOUR_BITS = "An expert can also choose weights rounded to four bits (QLoRA) under Settings."
# Enough for a whole piece of logits.
_WHOLE_TOKENS = 8192


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
            trainer.spare()
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
    raise Refusal(TOO_LARGE if trainer.adapted.is_quantized else f"{TOO_LARGE} {_FOUR_BITS}")


def _measured(trainer: AnswerTrainer, rows: Sequence[Encoded], longest: int) -> Room | None:
    """From passes of two sizes, both large enough that what does not grow with them is there already; None when the
    card cannot take the longest row."""
    order = sorted(rows, key=length, reverse=True)
    least = _pass(trainer, order[:1])
    if least is None:
        return None
    some, many = (_at_least(order, times * max(longest, _WHOLE_TOKENS)) for times in (1, 2))
    short = _pass(trainer, some)
    if short is not None:
        _pass(trainer, many)  # the first of a size pays for finding its kernels
    long = short and _pass(trainer, many)
    if short is None or long is None:
        return Room(0.0, least[0] / longest, longest, least[1])
    few, held = sum(map(length, some)), sum(map(length, many))
    per_token = (long[0] - short[0]) / (held - few)
    states = 8 * sum(part.numel() for part in trainer.adapted.parameters() if part.requires_grad)
    return Room(short[0] - per_token * few + states, per_token, held, long[1])


def _at_least(order: Sequence[Encoded], tokens: int) -> list[Encoded]:
    """The rows, again and again, until there are so many tokens."""
    taken: list[Encoded] = []
    while sum(map(length, taken)) < tokens:
        taken.append(order[len(taken) % len(order)])
    return taken


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
