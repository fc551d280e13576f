"""Where examples went: the frozen sets and runs that hold them, and what to do when they may not be used any more."""

from __future__ import annotations

from collections.abc import Collection

import streamlit as st

from studio import dataset_history
from studio.dataset_history import Holding
from studio.records import Dataset, Run
from studio.ui import blocks, frame
from studio.ui.access import Visit


def ended(visit: Visit, examples: Collection[str], why: str = "") -> None:
    """For examples that may not be used any more (`why`: a sentence): where they still are, and the steps from here."""
    found = dataset_history.holding(visit.store, visit.project_id, examples)
    frame.warnings([f"{why} {found.sentence}".strip()])
    blocks.bullets(found.todo)


def went(visit: Visit, example: str) -> None:
    """For any example, closed at first: the sets and runs that hold it."""
    found = dataset_history.holding(visit.store, visit.project_id, [example])
    if not found.datasets:
        return
    title = (
        f"Where it went: {blocks.several(len(found.datasets), 'frozen set')}, {blocks.several(len(found.runs), 'run')}"
    )
    with st.expander(title, key="example-went"):
        blocks.bullets(_listed(found))
        blocks.note("If it may not be used any more:")
        blocks.bullets(found.todo)


def _listed(found: Holding) -> list[str]:
    sets = [
        f"“{dataset.name}”{_discarded(dataset)}, frozen {blocks.when(dataset.at)}: in the "
        f"{found.splits[dataset.id][0].value} set"
        for dataset in found.datasets
    ]
    return sets + [
        f"A run on {run.model}{_discarded(run)} of {blocks.when(run.at)} learned from it" for run in found.runs
    ]


def _discarded(found: Dataset | Run) -> str:
    return " (discarded)" if found.discarded else ""
