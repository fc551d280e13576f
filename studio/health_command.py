"""`studio health`: what the checks say of a project's examples, as the page Check and freeze tells it."""

from __future__ import annotations

import time
from typing import Any

from studio import checking, health, loop, waivers
from studio.store import Store


def tell(store: Store, args: dict[str, Any]) -> dict[str, Any]:
    """args: project. Looks and waits; changes nothing. Raises Refusal without a brief.

    Texts that no model has read yet are compared by their letters alone; the finding says so.
    """
    project, began = loop.project_of(store, args["project"]), time.monotonic()
    looked = checking.now(store, project).checkup
    accepted = waivers.standing(store, project, looked.report)
    report = health.with_waivers(looked.report, {key: waiver.reason for key, waiver in accepted.items()})
    return {
        "ready": report.ready and not looked.hindrance,
        "sentence": looked.hindrance or report.sentence,
        "examined": report.examined,
        "approved": report.approved,
        "gates": [
            {"gate": gate.key, "passed": gate.passed, "sentence": gate.sentence, "waived": gate.waived}
            for gate in report.gates
        ],
        "findings": [
            {"check": each.key, "severity": each.severity.value, "count": each.count, "sentence": each.sentence,
             "examples": [list(case) for case in each.examples]}
            for each in report.findings
        ],
        "leakage": {"exact": report.leakage.exact, "near": report.leakage.near},
        "seconds": round(time.monotonic() - began, 2),
    }  # fmt: skip
