"""A frozen set on the health page: what changed since the one before, and how often its test set was used."""

from __future__ import annotations

import streamlit as st

from studio import dataset_history
from studio.dataset_history import Difference
from studio.records import Dataset, Example
from studio.ui import blocks
from studio.ui.access import Visit

_SHOWN = 20


def what_became(visit: Visit, dataset: Dataset, before: Dataset | None) -> None:
    """How spent the test set is; against `before`, what was added, taken out, rewritten or put elsewhere."""
    blocks.note(dataset_history.spent(visit.store, dataset).sentence)
    if before is None:
        return
    with st.expander(f"What changed since “{before.name}”", key=f"health-since-{dataset.id}"):
        # Both sets are read and compared only when somebody opens this.
        if st.button("Compare the two", key=f"health-compare-{dataset.id}", type="tertiary"):
            _difference(dataset_history.difference(visit.store, before, dataset))


def _difference(found: Difference) -> None:
    blocks.item(found.sentence)
    for title, examples in (("Added", found.added), ("Taken out", found.removed)):
        _listed(title, examples)
    for moved in found.moved[:_SHOWN]:
        if moved.rewritten:
            blocks.excerpt(moved.after.input)
            blocks.difference(moved.before.ideal, moved.after.ideal)
        else:
            blocks.excerpt(moved.after.input)
            blocks.note(f"From {_place(moved.before)} to {_place(moved.after)}.")
    _rest(len(found.moved))


def _listed(title: str, examples: tuple[Example, ...]) -> None:
    if examples:
        blocks.note(f"{title}: {len(examples):,}")
    for example in examples[:_SHOWN]:
        blocks.excerpt(example.input)
    _rest(len(examples))


def _rest(count: int) -> None:
    if count > _SHOWN:
        blocks.note(f"And {count - _SHOWN:,} more.")


def _place(example: Example) -> str:
    slice = example.slice.replace("_", " ") or "no slice"
    return f"{example.split.value if example.split else 'no split'} ({slice})"
