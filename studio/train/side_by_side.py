"""Several runs beside each other: what differs between them, and their losses on one scale. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.records import Run
from studio.train import evidence, kept_aside
from studio.train.evidence import Span
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


def nearer(first: Run, other: Run) -> tuple[Span, int] | None:
    """How much nearer `other` came to the prompts that were kept aside from both, each run at what was taken, and how
    many those are. None where there are none, and of two base models, which read texts in other pieces."""
    looks = [kept_aside.look_of(run.result) for run in (first, other)]
    if first.model != other.model or looks[0] is None or looks[1] is None:
        return None
    was, now = ({name: loss for name, loss, _ in look.rows} for look in looks if look)
    shared = [name for name in was if name in now]
    return (evidence.nearer([was[n] for n in shared], [now[n] for n in shared]), len(shared)) if shared else None


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
