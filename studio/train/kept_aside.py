"""How close a run came to each example kept aside, where it was closest: for comparing runs prompt by prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class RowLoss:
    """How far a row's answer is from the model: the `total` cross-entropy (nats) of its `tokens`."""

    total: float
    tokens: int


@dataclass(frozen=True)
class Look:
    """One evaluation: after which `step`, and for each row its id, its mean loss (nats a token) and its tokens."""

    step: int
    rows: tuple[tuple[str, float, int], ...]

    @property
    def loss(self) -> float:
        """The mean over all tokens, as the trainer's validation loss."""
        return sum(loss * tokens for _, loss, tokens in self.rows) / sum(tokens for _, _, tokens in self.rows)


def look(step: int, ids: Sequence[str], losses: Sequence[RowLoss]) -> Look:
    """From the losses of the rows with these ids, in their order."""
    rows = zip(ids, losses, strict=True)
    return Look(step, tuple((name, round(row.total / row.tokens, 5), row.tokens) for name, row in rows))


def as_json(found: Look | None) -> dict[str, Any]:
    """For the run's result: {step, rows: [[id, loss, tokens]]}; empty when nothing was kept aside."""
    return {"step": found.step, "rows": [list(row) for row in found.rows]} if found else {}


def look_of(result: dict[str, Any]) -> Look | None:
    """The look in a run's result; None in one from before it was kept, or where nothing was kept aside."""
    told = result.get("kept_aside") or {}
    return Look(told["step"], tuple((str(n), float(x), int(t)) for n, x, t in told["rows"])) if told else None
