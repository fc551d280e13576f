"""Several runs beside each other: what differs between them, and their losses on one scale. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.records import Run
from studio.train.passport_words import figure


@dataclass(frozen=True)
class Curve:
    """A run's losses: (passes over its examples, loss) for what it learned from and for what was kept aside."""

    learned_from: tuple[tuple[float, float], ...]
    kept_aside: tuple[tuple[float, float], ...]

    @property
    def best(self) -> float | None:
        """The lowest loss on what was kept aside; None when none was measured."""
        return min((loss for _, loss in self.kept_aside), default=None)


def differing(runs: Sequence[Run]) -> list[tuple[str, list[str]]]:
    """(What, the value in each run) of set, base model, settings and versions, only where they are not all alike."""
    facts = [_facts(run) for run in runs]
    names = dict.fromkeys(name for each in facts for name in each)
    rows = [(name, [figure(each.get(name, "not recorded")) for each in facts]) for name in names]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


def _facts(run: Run) -> dict[str, Any]:
    settings = {name.replace("_", " "): value for name, value in run.settings.items()}
    versions = {f"version of {name}": value for name, value in run.result.get("versions", {}).items()}
    own = {"set": run.dataset, "base model": run.model, "device": run.result.get("device", "not recorded")}
    return own | settings | versions


def curve(run: Run) -> Curve:
    """Its losses by passes, not by steps: runs whose steps read other numbers of examples stand on one scale."""
    losses: Sequence[Mapping[str, Any]] = run.result.get("losses", ())
    rows = run.result.get("rows_used") or 0
    together = run.settings.get("micro_batch", 1) * run.settings.get("accumulation", 1)
    a_pass = max(1, math.ceil(rows / together))
    kinds = ("train", "validation")
    points = [tuple((row["step"] / a_pass, row[kind]) for row in losses if row[kind] is not None) for kind in kinds]
    return Curve(*points)
