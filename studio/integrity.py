"""Arm integrity: are the outputs that are compared what they say? Gathered from the records before people see any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio import outputs
from studio.evaluate.integrity import Check, Facts, checks
from studio.outputs import Compared
from studio.records import Arm, ArmKind
from studio.store import Store, rewritten, runs


@dataclass(frozen=True)
class Integrity:
    """Every check on one arm's outputs, and a sentence over them."""

    arm: Arm
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether none failed; one that cannot be told has not failed."""
        return all(check.passed is not False for check in self.checks)


def report(store: Store, dataset: str, compared: Sequence[Compared], prompts: Sequence[str]) -> list[Integrity]:
    """The checks of each arm of a comparison over these prompts (ids)."""
    wanted = set(prompts)
    written = {
        each.arm.id: {k: g for k, g in outputs.current(store, dataset, each.arm).items() if k in wanted}
        for each in compared
    }
    base = next((each.arm.id for each in compared if each.arm.kind is ArmKind.base), "")
    found = []
    for each in compared:
        weights = runs.weights(store, each.arm)
        again = rewritten.of(store, dataset, each.arm.id)
        others = [own for name, own in written.items() if name != each.arm.id]
        facts = Facts(written[each.arm.id], len(wanted), weights,
                      written.get(base) if weights else None, others, again.n, len(again.otherwise))  # fmt: skip
        found.append(Integrity(each.arm, checks(facts)))
    return found


def verdict(found: Sequence[Integrity]) -> str:
    """One sentence over all arms."""
    failed = [each.arm.name for each in found if not each.passed]
    if failed:
        return f"Not yet: something is wrong with the answers of {', '.join(failed)}. No blind round opens on these."
    untold = sum(check.passed is None for each in found for check in each.checks)
    said = "Yes, as far as hashes, counts and a second writing can tell."
    return f"{said} {untold:,} {'check' if untold == 1 else 'checks'} could not be made." if untold else said
