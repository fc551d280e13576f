"""Planted faults, found or not: `python -m benchmarks.faults [--rows 2000] [--each 20]`.

Clean rows of Faker's sentences, into which faults of each kind are planted, one kind at a time. Prints for each check
how many of its faults it found (recall), how many clean rows it accused (false alarms), and what else it said.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from faker import Faker

from studio.evaluate import checks as machine
from studio.health import Severity, report
from studio.records import Brief, Check, CheckKind, Consent, Criterion, Example, Slice, Split, Status

TODAY = "2026-06-15"
BRIEF = Brief(
    criteria=(Criterion("Signs", checks=(Check(CheckKind.required, phrases=("Kind regards",)),)),),
    slices=(Slice("orders", target_share=0.5), Slice("other", target_share=0.5)),
)
Plant = Callable[[list[Example], random.Random, int], tuple[list[Example], set[str]]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=2000)
    parser.add_argument("--each", type=int, default=20)
    args = parser.parse_args()
    rows = clean(args.rows)
    print(f"{args.rows:,} clean rows, {args.each} faults of each kind, one kind at a time")
    print(f"{'check':<18}{'found':>10}{'false alarms':>14}{'seconds':>9}   other checks that spoke")
    before = accused(rows)
    missed = 0
    for check, plant in PLANTS.items():
        planted, names = plant(list(rows), random.Random(5), args.each)
        began = time.perf_counter()
        found = accused(planted)
        seconds = time.perf_counter() - began
        hit = names & found.get(check, set())
        alarms = found.get(check, set()) - names - before.get(check, set()) - _partners(planted, names)
        others = sorted(k for k in found if k != check and found[k] - before.get(k, set()))
        missed += len(names) - len(hit)
        print(f"{check:<18}{len(hit):>4} of {len(names):<3}{len(alarms):>14}{seconds:>9.1f}   {', '.join(others)}")
    print("on the clean rows alone:", {k: len(v) for k, v in before.items()} or "no check spoke")
    return int(missed > 0)


def clean(count: int) -> list[Example]:
    """Approved examples with nothing wrong that we know of: every text its own, both slices, a few hard cases."""
    fake = Faker("en_US")
    Faker.seed(11)
    return [
        Example(
            f"c{i}", fake.paragraph(nb_sentences=2), f"{fake.paragraph(nb_sentences=2)} Kind regards",
            slice=("orders", "other")[i % 2], status=Status.approved, consent=Consent.given,
            kinds=("edge_case", "must_refuse") if i % 50 == 0 else (),
            split=(Split.test if i % 10 == 0 else Split.train),
        )
        for i in range(count)
    ]  # fmt: skip


def accused(rows: list[Example]) -> dict[str, set[str]]:
    """Check -> ids of the examples that it names, of the checks that are not fine."""
    found: dict[str, set[str]] = {}
    for finding in report(rows, BRIEF, _kept, today=TODAY).findings:
        if finding.severity is not Severity.fine:
            found.setdefault(finding.check, set()).update(i for case in finding.examples for i in case)
    return found


def _kept(criterion: Criterion, example: Example) -> bool | None:
    subject = machine.of_example(example)
    return machine.kept(criterion, subject) if example.ideal.strip() else None


def _partners(rows: list[Example], names: set[str]) -> set[str]:
    """The clean rows that a planted one repeats: naming them too is right."""
    return {name.removeprefix("p-") for name in names}


def _copies(change: Callable[[Example, random.Random], Example]) -> Plant:
    def plant(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
        chosen = draw.sample([e for e in rows if e.split is Split.train], count)
        made = [replace(change(e, draw), id=f"p-{e.id}") for e in chosen]
        return rows + made, {e.id for e in made}

    return plant


def _changed(change: Callable[[Example, random.Random], Example]) -> Plant:
    def plant(rows: list[Example], draw: random.Random, count: int) -> tuple[list[Example], set[str]]:
        names = {e.id for e in draw.sample(rows, count)}
        return [change(e, draw) if e.id in names else e for e in rows], names

    return plant


def _typo(text: str, draw: random.Random) -> str:
    at = draw.randrange(1, len(text) - 1)
    return text[:at] + text[at + 1 :]


_ANSWER = "Please have a look at our help page for this. Kind regards"
PLANTS: dict[str, Plant] = {
    "exact_duplicates": _copies(lambda e, d: replace(e, input=e.input.upper())),
    "near_duplicates": _copies(lambda e, d: replace(e, input=_typo(e.input, d))),
    "contradictions": _copies(lambda e, d: replace(e, ideal=f"No, never. {e.ideal}")),
    "exact_leakage": _copies(lambda e, d: replace(e, split=Split.test)),
    "near_leakage": _copies(lambda e, d: replace(e, input=_typo(e.input, d), split=Split.test)),
    "empty_ideals": _changed(lambda e, d: replace(e, ideal="", status=Status.draft)),
    "near_empty_ideals": _changed(lambda e, d: replace(e, ideal=d.choice(("TODO", "n/a", "...", "-")))),
    "rule_broken": _changed(lambda e, d: replace(e, ideal=e.ideal.replace("Kind regards", "Cheers"))),
    "unknown_slices": _changed(lambda e, d: replace(e, slice="misc")),
    "no_right": _changed(lambda e, d: replace(e, consent=Consent.withdrawn)),
    "outdated": _changed(lambda e, d: replace(e, review_by="2026-01-01")),
    "consent_unknown": _changed(lambda e, d: replace(e, consent=Consent.unknown)),
    "personal_data": _changed(lambda e, d: replace(e, input=f"{e.input} Call +44 20 7946 0{d.randrange(100, 999)}.")),
    "boilerplate": _changed(lambda e, d: replace(e, ideal=_ANSWER)),
    "unusual_length": _changed(lambda e, d: replace(e, ideal=f"{'very ' * 600}{e.ideal}")),
}


if __name__ == "__main__":
    sys.exit(main())
