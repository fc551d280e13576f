"""How often a run is measured on the examples kept aside, when it has stopped getting closer, and its curve. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from studio.train.settings import Settings

# A loss lower than the best before by less than this share is no better: noise of the last digits.
NOTICEABLY = 0.002
# So many points of the training loss are kept at most, each the mean of the steps since the one before.
_POINTS = 200


def steps_between(settings: Settings, rows: int) -> int:
    """Steps from one measurement to the next for `rows` rows: at least one measurement a pass."""
    a_pass = math.ceil(rows / (settings.micro_batch * settings.accumulation))
    if not settings.evaluations:
        return a_pass
    return max(1, min(a_pass, math.ceil(a_pass * settings.epochs / settings.evaluations)))


def measurements(settings: Settings, rows: int) -> int:
    """How often a run of `rows` rows is measured that does not stop early, the one before its first step included."""
    a_pass = math.ceil(rows / (settings.micro_batch * settings.accumulation))
    return 1 + a_pass * settings.epochs // steps_between(settings, rows)


def levelled_out(history: Sequence[Mapping[str, Any]], patience: int) -> bool:
    """Whether none of the last `patience` measurements (`eval_loss`, in order) was noticeably lower than the best
    before them. Never with a patience of 0. The measurement before the first step counts as one to beat."""
    held = [row["eval_loss"] for row in history if "eval_loss" in row]
    if not patience or len(held) <= patience:
        return False
    return min(held[-patience:]) >= min(held[:-patience]) * (1 - NOTICEABLY)


def steps_a_point(steps: int) -> int:
    """Over how many steps of a run of `steps` a point of its training loss is the mean."""
    return max(1, math.ceil(steps / _POINTS))


def leanings(history: Sequence[Mapping[str, Any]]) -> tuple[dict[str, float | int], ...]:
    """{step, accuracy, margin} each time that preference tuning was measured, from a trainer's `log_history`."""
    return tuple(
        {"step": row["step"], "accuracy": round(row["eval_accuracy"], 4), "margin": round(row["eval_margin"], 4)}
        for row in history
        if "eval_accuracy" in row
    )


def curve(history: Sequence[Mapping[str, Any]], steps: int) -> tuple[dict[str, float | int | None], ...]:
    """{step, train, validation} in order, None where not measured, from a trainer's `log_history` of a run of `steps`:
    the same however often the run was stopped and gone on with."""
    together, groups = steps_a_point(steps), dict[int, list[tuple[int, float]]]()
    for row in history:
        if "loss" in row:
            groups.setdefault((row["step"] - 1) // together, []).append((row["step"], row["loss"]))
    train = {group[-1][0]: round(sum(loss for _, loss in group) / len(group), 4) for group in groups.values()}
    held = {row["step"]: round(row["eval_loss"], 4) for row in history if "eval_loss" in row}
    return tuple(
        {"step": step, "train": train.get(step), "validation": held.get(step)} for step in sorted(train | held)
    )
