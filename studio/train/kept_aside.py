"""How close a run came to each example kept aside, at its closest: what two runs can be compared by, prompt by prompt.

Kept beside the checkpoints, so that a run that is gone on with after a crash still knows its best look.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_FILE = "kept-aside.json"


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


class ClosestLook:
    """The evaluation with the lowest loss so far, of the rows with these ids; kept in the folder `checkpoints`."""

    def __init__(self, checkpoints: Path, ids: Sequence[str]) -> None:
        self._path, self._ids = checkpoints / _FILE, tuple(ids)
        self.best = _read(self._path)

    def note(self, step: int, losses: Sequence[RowLoss]) -> None:
        """Takes in an evaluation of the rows, in the order of the ids."""
        rows = zip(self._ids, losses, strict=True)
        look = Look(step, tuple((name, round(row.total / row.tokens, 5), row.tokens) for name, row in rows))
        if self.best is None or look.loss < self.best.loss:
            self.best = look
            part = self._path.with_suffix(".part")
            part.parent.mkdir(parents=True, exist_ok=True)
            part.write_text(json.dumps(as_json(look)), encoding="utf-8")
            part.replace(self._path)


def as_json(look: Look | None) -> dict[str, Any]:
    """For the run's result: {step, rows: [[id, loss, tokens]]}; empty when nothing was kept aside."""
    return {"step": look.step, "rows": [list(row) for row in look.rows]} if look else {}


def look_of(result: dict[str, Any]) -> Look | None:
    """The look in a run's result; None in one from before it was kept, or where nothing was kept aside."""
    told = result.get("kept_aside") or {}
    return Look(told["step"], tuple((str(n), float(x), int(t)) for n, x, t in told["rows"])) if told else None


def _read(path: Path) -> Look | None:
    """What was kept by an earlier start of the same run; a file that a crash damaged counts as none."""
    try:
        return look_of({"kept_aside": json.loads(path.read_text(encoding="utf-8"))})
    except (FileNotFoundError, ValueError):
        return None
