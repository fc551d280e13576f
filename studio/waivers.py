"""Accept a finding of the health check, with a reason: an act of its own, kept until the finding grows beyond it."""

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
    payload = {"finding": finding.key, "reason": said, "cases": finding.count}
    store.act("finding.waived", actor, payload, project)


def revoke(store: Store, actor: str, project: str, finding: str) -> None:
    """The finding with this key counts again. Raises Refusal when it is not accepted."""
    store.act("waiver.revoked", actor, {"finding": finding}, project)


def standing(store: Store, project: str, report: HealthReport) -> dict[str, Waiver]:
    """Finding -> the waiver that holds for it now: there are no more cases than when it was accepted.

    It counts cases and does not know which: one that was fixed and another that came up since make no difference.
    """
    kept = waivers.every(store, project)
    return {
        f.key: kept[f.key] for f in report.findings if f.key in kept and f.acceptable and f.count <= kept[f.key].cases
    }


def outgrown(store: Store, project: str, report: HealthReport) -> dict[str, Waiver]:
    """Finding -> the waiver that no longer holds, as there are more cases than were accepted."""
    kept = waivers.every(store, project)
    return {f.key: kept[f.key] for f in report.findings if f.key in kept and f.count > kept[f.key].cases}
