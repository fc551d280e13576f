"""Planted faults, found or not: `python -m benchmarks.faults [--rows 2000] [--each 20]`. Needs both bundled models.

Clean rows, into which faults of each kind are planted, one kind at a time. Prints for each check how many of its faults
it found (recall), how many other rows it newly accused (false alarms), and which other checks spoke. What goes by
letters and marks is planted into Faker's sentences; what goes by meaning into BANKING77's questions with their labels:
nobody knows how clean those are, so only what is new counts. Checks of a whole set (too few, slices, hard cases,
lengths, what was not read) have no rows to name and are not here.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.planted import BRIEF, BY_LETTERS, BY_MEANING, clean, questions
from studio import baselines, health, models
from studio.evaluate import checks as machine
from studio.evaluate.embed import Embedder
from studio.generation.reader import Reader
from studio.health import Floats, Known, Severity, meant
from studio.records import Criterion, Example

TODAY = "2026-06-15"


class Models:
    """What the two bundled models say of examples; each text is read once."""

    def __init__(self, workspace: Path) -> None:
        self._embedder = Embedder(models.path("minilm", workspace))
        self._reader = Reader(models.path(baselines.DEFAULT_MODEL, workspace))
        self._read: dict[str, Floats] = {}

    def known(self, rows: Sequence[Example], *, by_meaning: bool) -> Known:
        tokens = self._reader.lengths(rows)
        if not by_meaning:
            return Known(tokens=tokens, most_tokens=512)
        new = sorted({e.prompt.asked for e in rows} - set(self._read))
        if new:
            self._read.update(zip(new, self._embedder.vectors(new), strict=True))
        vectors = {e.id: self._read[e.prompt.asked] for e in rows}
        return Known(meaning=vectors, close=meant.close_pairs(vectors), tokens=tokens, most_tokens=512)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--each", type=int, default=20)
    parser.add_argument("--workspace", type=Path, default=Path("workspace"))
    args = parser.parse_args()
    read = Models(args.workspace)
    missed = 0
    for title, rows, plants in (
        ("by letters and marks", clean(args.rows), BY_LETTERS),
        ("by meaning and labels", questions(args.rows), BY_MEANING),
    ):
        by_meaning = plants is BY_MEANING
        print(f"\n{title}: {len(rows):,} clean rows, {args.each} faults of each kind, one kind at a time")
        print(f"{'check: fault':<58}{'found':>10}{'false alarms':>14}{'seconds':>9}   other checks that spoke")
        before = accused(rows, read.known(rows, by_meaning=by_meaning))
        for name, plant in plants.items():
            check = name.split(":")[0]
            planted, names = plant(list(rows), random.Random(5), args.each)
            known = read.known(planted, by_meaning=by_meaning)
            began = time.perf_counter()
            found = accused(planted, known)
            seconds = time.perf_counter() - began
            hit = names & found.get(check, set())
            alarms = found.get(check, set()) - names - before.get(check, set()) - partners(names)
            others = sorted(k for k in found if k != check and found[k] - before.get(k, set()))
            missed += len(names) - len(hit)
            print(
                f"{name:<58}{len(hit):>4} of {len(names):<3}{len(alarms):>14}{seconds:>9.1f}   {', '.join(others)}",
                flush=True,
            )
        print("on the clean rows alone:", {k: len(v) for k, v in before.items()} or "no check spoke")
    return int(missed > 0)


def accused(rows: Sequence[Example], known: Known) -> dict[str, set[str]]:
    """Check -> ids of the examples that it names, of the checks that are not fine."""
    found: dict[str, set[str]] = {}
    for finding in health.report(rows, BRIEF, _kept, today=TODAY, known=known).findings:
        if finding.severity is not Severity.fine:
            found.setdefault(finding.check, set()).update(finding.ids)
    return found


def partners(names: set[str]) -> set[str]:
    """The clean rows that a planted one repeats: naming them too is right."""
    return {name.removeprefix("p-") for name in names}


def _kept(criterion: Criterion, example: Example) -> bool | None:
    subject = machine.of_example(example)
    return machine.kept(criterion, subject) if example.ideal.strip() else None


if __name__ == "__main__":
    sys.exit(main())
