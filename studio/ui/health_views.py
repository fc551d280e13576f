"""The parts of Check and freeze behind one switch: first whether it can be frozen, then what to do for that."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from studio.health import Severity
from studio.store import datasets as rows
from studio.ui import blocks, contradiction_parts, fix_parts, form_fields, health_parts, keys, map_parts, score_parts
from studio.ui.access import Visit
from studio.ui.health_parts import Checked

_ASSETS = Path(__file__).parent / "assets"


def show(visit: Visit, checked: Checked | None) -> None:
    """`checked`: None as long as there is nothing checked; then only the frozen sets are shown."""
    fix_parts.leave()
    st.html(_ASSETS / "labelling.css")
    st.html(_ASSETS / "health.css")
    if checked is None:
        health_parts.frozen_sets(visit)
        return
    with st.container(key="health-verdict"):
        score_parts.verdict(visit, checked)
    chosen = form_fields.view(keys.HEALTH_VIEW, _views(visit, checked), "Which part of Check and freeze")
    if chosen == "findings":
        score_parts.score_card(visit, checked)
    elif chosen == "contradictions":
        contradiction_parts.show(visit, checked.report)
    elif chosen == "map":
        map_parts.show(visit, checked)
    else:
        _freeze(visit, checked)


def _views(visit: Visit, checked: Checked) -> dict[str, str]:
    counted = {
        "findings": sum(f.severity is not Severity.fine and f.key not in checked.accepted
                        for f in checked.report.findings),
        "contradictions": contradiction_parts.count(visit, checked.report),
        "freeze": len(rows.every(visit.store, visit.project_id)),
    }  # fmt: skip
    words = {"findings": "Findings", "contradictions": "Contradictions", "map": "Map", "freeze": "Freeze"}
    return {view: f"{said} ({counted[view]:,})" if counted.get(view) else said for view, said in words.items()}


def _freeze(visit: Visit, checked: Checked) -> None:
    if checked.set is not None and checked.fresh:
        health_parts.splits(checked.set)
        health_parts.freeze_form(visit, checked)
    elif not checked.fresh:
        blocks.note("The examples are being checked. They can be frozen when that is done.")
    elif checked.hindrance:
        blocks.note(checked.hindrance)
    health_parts.frozen_sets(visit)
