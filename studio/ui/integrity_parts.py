"""Can these answers be trusted to be what they say? The card on the Compare page."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import integrity, outputs
from studio.records import Dataset, Split
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.ui import answers, blocks
from studio.ui.access import Visit

_MARKS = {True: "passed", False: "failed", None: "not told"}


def card(visit: Visit, dataset: Dataset, compared: Sequence[outputs.Compared]) -> None:
    """The sentence over all arms, what failed of each, and every check for who wants to read them."""
    workspace = str(visit.store.workspace)
    found = _report(visit.store, compared, workspace, answers.figures_as_of(visit), dataset, dataset.id)
    blocks.section(
        "Are these answers what they say?",
        "A known product once showed a tuned model's answers as the base's. So each answer keeps the hashes of what "
        "wrote it, and at the end of the writing a sample is written again.",
    )
    blocks.plain(integrity.verdict(found))
    for each in found:
        for check in each.checks:
            if check.passed is False:
                blocks.item(f"{each.arm.name}: {check.name}", check.sentence, _MARKS[False])
    with st.expander("Every check, arm by arm", key="evaluate-integrity"):
        rows = [
            [each.arm.name, check.name, _MARKS[check.passed], check.sentence] for each in found for check in each.checks
        ]
        blocks.table(["Arm", "Check", "Result", "What was found"], rows, "Checks on where the answers come from")


@st.cache_data(max_entries=16, show_spinner=False)
def _report(
    _store: Store, _compared: Sequence[outputs.Compared], workspace: str, version: int, _dataset: Dataset, dataset: str
) -> list[integrity.Integrity]:  # fmt: skip
    return integrity.report(_store, dataset, _compared, sorted(dataset_rows.ids_in(_store, _dataset, Split.test)))
