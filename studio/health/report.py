"""All checks on one set, and whether it may be frozen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

from studio.health import balance, checks, holes, label_noise, languages, meaning_checks, outliers, record_checks
from studio.health.checks import Checked, Kept
from studio.health.findings import Finding, Gate, HealthReport, Severity
from studio.health.known import NOTHING_KNOWN, Known
from studio.records import Brief, Example, Refusal, Status

# In the order a page shows them. A check that answers more than once returns a list.
_CHECKS: tuple[Callable[[Checked], Finding | list[Finding]], ...] = (
    checks.too_few,
    checks.exact_leakage,
    checks.near_leakage,
    meaning_checks.group_leakage,
    record_checks.no_right,
    record_checks.personal_data,
    checks.contradictions,
    checks.empty_ideals,
    checks.rules_broken,
    checks.slice_coverage,
    checks.exact_duplicates,
    checks.near_duplicates,
    meaning_checks.near_contradictions,
    meaning_checks.alike_in_meaning,
    meaning_checks.meaning_leakage,
    meaning_checks.unread,
    label_noise.label_noise,
    balance.label_balance,
    balance.too_long,
    checks.near_empty_ideals,
    record_checks.boilerplate,
    record_checks.unusual_length,
    balance.length_balance,
    languages.other_language,
    languages.answered_in_another_language,
    outliers.outliers,
    outliers.damaged_texts,
    record_checks.hard_cases,
    holes.coverage_holes,
    record_checks.maybe_personal,
    record_checks.consent_unknown,
    record_checks.outdated,
    checks.unknown_slices,
    checks.not_approved,
)
_GATES = {
    "too_few", "exact_leakage", "near_leakage", "group_leakage", "no_right", "personal_data", "contradictions",
    "empty_ideals", "rule_broken", "slice_coverage",
}  # fmt: skip
"""The checks that can stop a set from being frozen; the others are to be looked at."""


def report(
    examples: Sequence[Example],
    brief: Brief,
    kept: Kept,
    *,
    waivers: Mapping[str, str] | None = None,
    today: str = "",
    known: Known = NOTHING_KNOWN,
    settled: Collection[str] = (),
    told: Callable[[int, int], None] | None = None,
) -> HealthReport:
    """Every check on the examples that are not rejected, and a gate for each that can block freezing.

    Only what is approved would be frozen, so a finding that must be fixed blocks only when it also holds
    among the approved examples. `waivers`: finding key -> reason. Raises Refusal for a waiver without a
    reason. A waiver for a finding that no longer holds changes nothing. `today` (YYYY-MM-DD): by which rights and
    reviews are judged. `known`: what a model library said of the examples; a check that needs more says so.
    `settled`: the keys of pairs that are no contradiction and of labels that are right (`studio.health.settled`).
    """
    on = checks.checked(examples, brief, kept, today, known, settled)
    approved = on.only_approved()
    findings: list[Finding] = []
    for done, check in enumerate(_CHECKS):
        if told:
            told(done, len(_CHECKS))
        found = _listed(check(on))
        if any(f.severity is Severity.must_fix for f in found):
            among_approved = {f.key: f for f in _listed(check(approved))}
            found = [_softened(f, among_approved.get(f.key)) for f in found]
        findings += found
    ready = sum(e.status is Status.approved for e in on.examples)
    made = HealthReport(tuple(findings), (), checks.leakage(on), len(on.examples), ready, "")
    return with_waivers(made, waivers or {})


def with_waivers(report: HealthReport, waivers: Mapping[str, str]) -> HealthReport:
    """The report with its gates as these waivers (finding key -> reason) leave them, without checking anew.

    A finding that is only to be looked at and is waived no longer counts as such in the sentence. Raises Refusal for a
    waiver without a reason. A waiver for a finding that no longer holds, or that cannot be accepted, changes nothing.
    """
    for key, reason in waivers.items():
        if not reason.strip():
            raise Refusal(f'To waive "{key}", write down why; nothing was waived.')
    gates = tuple(_gate(f, waivers) for f in report.findings if f.check in _GATES)
    return replace(report, gates=gates, sentence=_sentence(report, gates, waivers))


def _listed(found: Finding | list[Finding]) -> list[Finding]:
    return found if isinstance(found, list) else [found]


def _softened(finding: Finding, approved: Finding | None) -> Finding:
    if finding.severity is not Severity.must_fix or (approved and approved.severity is Severity.must_fix):
        return finding
    sentence = f"{finding.sentence} It concerns examples that are not approved, so it does not block freezing."
    return replace(finding, severity=Severity.should_look, sentence=sentence)


def _gate(finding: Finding, waivers: Mapping[str, str]) -> Gate:
    blocks = finding.severity is Severity.must_fix
    waived = waivers.get(finding.key, "") if blocks and finding.acceptable else ""
    return Gate(finding.key, not blocks or bool(waived), finding.sentence, waived)


def _sentence(report: HealthReport, gates: tuple[Gate, ...], waivers: Mapping[str, str]) -> str:
    failed = sum(not g.passed for g in gates)
    looks = [f.key in waivers for f in report.findings if f.severity is Severity.should_look]
    waived = sum(bool(g.waived) for g in gates) + sum(looks)
    look = len(looks) - sum(looks)
    said = [f"{waived} accepted with a reason"] if waived else []
    said += [f"{look} deserve{'s' if look == 1 else ''} a look"] if look else []
    rest = f"; {', '.join(said)}" if said else ""
    if failed:
        return (
            f"Not ready to freeze: {failed} finding{'s' if failed > 1 else ''} must be fixed or accepted first{rest}."
        )
    return f"Ready to freeze with {report.approved:,} approved examples{rest}."
