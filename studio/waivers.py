"""Accept a finding of the health check, with a reason: an act of its own, kept until another example is in it."""

from __future__ import annotations

from studio.health import Finding, HealthReport, Severity
from studio.records import Refusal
from studio.store import Store, waivers
from studio.store.waivers import Waiver

LONGEST = 500
"""Characters of a reason."""


def accept(store: Store, actor: str, project: str, finding: Finding, reason: str) -> None:
    """The team lives with `finding` as it is. Raises Refusal without a reason, or when there is nothing to accept."""
    said = " ".join(reason.split())
    if not said:
        raise Refusal("Write down why this is all right; it is frozen with the set. Nothing was changed.")
    if len(said) > LONGEST:
        raise Refusal(f"A reason has at most {LONGEST} characters; this one has {len(said):,}. Nothing was changed.")
    if finding.severity is Severity.fine:
        raise Refusal("This check found nothing, so there is nothing to accept. Nothing was changed.")
    if not finding.acceptable:
        raise Refusal(f"{finding.sentence} That cannot be accepted: they could not be divided. Nothing was changed.")
    payload = {"finding": finding.key, "reason": said, "cases": finding.count, "examples": finding.ids}
    store.act("finding.waived", actor, payload, project)


def revoke(store: Store, actor: str, project: str, finding: str) -> None:
    """The finding with this key counts again. Raises Refusal when it is not accepted."""
    store.act("waiver.revoked", actor, {"finding": finding}, project)


def standing(store: Store, project: str, report: HealthReport) -> dict[str, Waiver]:
    """Finding -> the waiver that holds for it now: every example in it was in it when it was accepted, and there are no
    more cases. What was edited since, and still is in it, counts as accepted."""
    kept = waivers.every(store, project)
    return {f.key: kept[f.key] for f in report.findings if f.key in kept and f.acceptable and _holds(kept[f.key], f)}


def _holds(waiver: Waiver, finding: Finding) -> bool:
    known = waiver.examples
    return finding.count <= waiver.cases and (known is None or known.issuperset(finding.ids))


def outgrown(store: Store, project: str, report: HealthReport) -> dict[str, Waiver]:
    """Finding -> the waiver that no longer holds, as there are other cases than were accepted, or more."""
    kept = waivers.every(store, project)
    return {f.key: kept[f.key] for f in report.findings if f.key in kept and f.count and not _holds(kept[f.key], f)}
