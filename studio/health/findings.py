"""What a health check says: a finding with its examples, a gate, and the report that holds them."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Severity(enum.StrEnum):
    """`must_fix` blocks freezing unless it is accepted with a reason (waived)."""

    must_fix = "must_fix"
    should_look = "should_look"
    fine = "fine"


@dataclass(frozen=True)
class Finding:
    """One check's answer. `examples` holds one tuple of example ids for each case; `count` is the number of
    cases, or of missing examples or slices where there are no ids to show. `subject` names the criterion
    when a check answers once for each. `notes`: for each case, in its order, what speaks against it in a few words;
    empty where the sentence says it for all. `suggested`: an example's id and the ideal output that it could have
    instead, for each example for which the check has one."""

    check: str
    severity: Severity
    count: int
    examples: tuple[tuple[str, ...], ...]
    sentence: str
    subject: str = ""
    notes: tuple[str, ...] = ()
    suggested: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """What a waiver names: the check, with its subject when it has one."""
        return f"{self.check}:{self.subject}" if self.subject else self.check

    @property
    def acceptable(self) -> bool:
        """Whether a team can live with it. Too few examples cannot be divided, whatever is said."""
        return self.severity is not Severity.fine and self.check != "too_few"

    @property
    def ids(self) -> list[str]:
        """Every example of the finding, once, in the order of its cases."""
        return list(dict.fromkeys(name for case in self.examples for name in case))


@dataclass(frozen=True)
class Gate:
    """Whether a finding lets the set be frozen. A failed gate that was waived carries the reason and passes."""

    key: str
    passed: bool
    sentence: str
    waived: str = ""


@dataclass(frozen=True)
class Leakage:
    """Held-out examples (test or validation) that stand in another split too: the same, and the same or nearly so."""

    exact: int
    near: int


@dataclass(frozen=True)
class HealthReport:
    """All checks at one moment. `examined`: examples that are not rejected; `approved`: those that would be frozen."""

    findings: tuple[Finding, ...]
    gates: tuple[Gate, ...]
    leakage: Leakage
    examined: int
    approved: int
    sentence: str

    @property
    def ready(self) -> bool:
        """Whether every gate passes."""
        return all(g.passed for g in self.gates)
