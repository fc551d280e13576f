"""How the rows of a step are cut into micro-batches and laid out for the model. For the worker only.

On a CPU a micro-batch is a few rows of like length, padded. On a GPU its rows stand one after the other without
padding, as many tokens as the card's memory takes: every pass is then equally full, however long the rows are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

IGNORED = -100
"""The label of a token that is read but not learned."""

Encoded = dict[str, list[Any]]
"""A row ready for the model: `input_ids`, `labels` (the answer's ids, else IGNORED) and `weights`, equally long."""


@dataclass(frozen=True)
class Cut:
    """The size of a micro-batch: `size` rows padded to the longest, or, when `packed`, rows of `size` tokens in all."""

    packed: bool
    size: int

    @property
    def said(self) -> str:
        """In words: "2 examples", "4,096 tokens"."""
        return f"{self.size:,} {'token' if self.packed else 'example'}{'' if self.size == 1 else 's'}"

    def halved(self, rows: Sequence[Encoded]) -> Cut | None:
        """Half of it; None when it reads one of `rows` at a time already."""
        taken = min(self.size, sum(map(length, rows)) if self.packed else len(rows))
        least = max(map(length, rows)) if self.packed else 1
        return None if taken <= least else Cut(self.packed, max(least, taken // 2))


@dataclass(frozen=True)
class Batch:
    """One pass of the model. `inputs`: arguments of its decoder; `places`: which of its hidden states (flattened over
    rows) are scored, against `targets` with `weights` (float32), n each; `tokens` read, padding not counted."""

    inputs: dict[str, Any]
    places: torch.Tensor
    targets: torch.Tensor
    weights: torch.Tensor
    tokens: int


def length(row: Encoded) -> int:
    """Tokens of a row."""
    return len(row["input_ids"])


def scored(row: Encoded) -> int:
    """Tokens of a row that are learned: the first has nothing before it to be foretold from."""
    return sum(label != IGNORED for label in row["labels"][1:])


def weight(row: Encoded) -> float:
    """What the learned tokens of a row count together."""
    return float(sum(w for w, label in zip(row["weights"][1:], row["labels"][1:], strict=True) if label != IGNORED))


def cut(rows: Sequence[Encoded], by: Cut) -> list[list[Encoded]]:
    """The rows, longest first, in as few micro-batches as `by` allows; a row longer than that stands alone."""
    order = sorted(rows, key=length, reverse=True)
    if not by.packed:
        return [list(order[start : start + by.size]) for start in range(0, len(order), by.size)]
    parts = -(-sum(map(length, order)) // by.size)
    while (shared := _share(order, parts, by.size)) is None:
        parts += 1
    return shared


def _share(order: Sequence[Encoded], parts: int, most: int) -> list[list[Encoded]] | None:
    """Rows dealt to `parts` of like size, each to the emptiest; None when one of them would hold too many tokens."""
    filled, dealt = [0] * parts, [list[Encoded]() for _ in range(parts)]
    for row in order:
        emptiest = filled.index(min(filled))
        if dealt[emptiest] and filled[emptiest] + length(row) > most:
            return None
        filled[emptiest] += length(row)
        dealt[emptiest].append(row)
    return [part for part in dealt if part]


def lay_out(rows: Sequence[Encoded], packed: bool, longest: int, device: torch.device) -> Batch:
    """The tensors of a micro-batch on `device`. `longest`: of all rows of the run, in tokens; the same for every batch,
    so that a compiled model is compiled once."""
    width = 0 if packed else max(map(length, rows))
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + (width or length(row)))
    places, targets, weights = [], [], []
    for start, row in zip(starts, rows, strict=False):
        for place, label in enumerate(row["labels"][1:]):
            if label != IGNORED:
                places.append(start + place)
                targets.append(label)
                weights.append(row["weights"][place + 1])
    inputs = _packed(rows, starts, longest) if packed else _padded(rows, width)
    return Batch(
        {name: _to(value, device) for name, value in inputs.items()},
        _to(torch.tensor(places), device),
        _to(torch.tensor(targets), device),
        _to(torch.tensor(weights, dtype=torch.float32), device),
        sum(map(length, rows)),
    )


def _packed(rows: Sequence[Encoded], starts: Sequence[int], longest: int) -> dict[str, Any]:
    return {
        "input_ids": torch.tensor([[token for row in rows for token in row["input_ids"]]]),
        "position_ids": torch.tensor([[place for row in rows for place in range(length(row))]]),
        "row_starts": torch.tensor(starts, dtype=torch.int32),
        "longest_row": longest,
    }


def _padded(rows: Sequence[Encoded], width: int) -> dict[str, Any]:
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for number, row in enumerate(rows):
        ids[number, : length(row)] = torch.tensor(row["input_ids"])
        mask[number, : length(row)] = 1
    return {"input_ids": ids, "attention_mask": mask}


def _to(value: Any, device: torch.device) -> Any:
    if not isinstance(value, torch.Tensor) or device.type == "cpu":
        return value
    return value.pin_memory().to(device, non_blocking=True)
