"""Watch it learn, on screen: choose the prompts, and read what is answered to them beside what the base answered."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import datasets
from studio.records import Dataset, Split
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.train.watched import PINNED, Tally, Watched, tallies
from studio.ui import blocks, conversation, draft_fields, frame, train_settings
from studio.ui.access import Visit

_LATEST = "the latest"


def pick(visit: Visit, dataset: Dataset) -> list[str]:
    """The prompts to watch: those that the studio would choose, or the team's own. Never one of the test."""
    names = _kept_aside(visit.store, str(visit.store.workspace), dataset.id)
    if not names:
        return []
    key = train_settings.pinned_key(dataset.id)
    with st.expander("Prompts to watch it by", key="train-pinned"):
        blocks.note(
            f"They are answered before the first step, by the base, and again each time the training is measured. "
            f"Choose up to {PINNED} of the examples kept aside, or leave it to the studio, which spreads them over the "
            "slices. None is learned from, and none is of the test."
        )
        return draft_fields.many(
            visit, "Prompts", key, names, most=PINNED, placeholder="Chosen by the studio", label_visibility="collapsed"
        )


@st.cache_data(max_entries=8, show_spinner=False)
def _kept_aside(_store: Store, workspace: str, dataset: str) -> dict[str, str]:
    """Id -> the start of the input, for each validation example of a frozen set."""
    found = dataset_rows.get(_store, dataset)
    rows = datasets.rows_in(_store, found, Split.validation) if found else []
    return {row.id: blocks.start_of(row.input, 90) for row in datasets.spread(rows, len(rows))}


def show(shown: Sequence[Watched], name: str, taken: int, before: str = "the base") -> None:
    """The prompts one at a time: the answer `before` the first step, of what the run started as, and the one after a
    step, with the rules of the brief that each broke. `name` tells one run from another; `taken`: the step whose
    answers are the tuned model's, 0 while unknown."""
    if not shown:
        return
    counted = tallies(shown)
    blocks.item("Watch it learn", _in_words(counted, len(shown), taken, before))
    # While it learns, "the latest" goes along with it.
    steps = [str(each.step) for each in counted if each.step] + ([] if taken else [_LATEST])
    prompt, step = 0, _first(steps, taken)
    left, right = st.columns([1, 2], gap="large")
    with left:
        if len(shown) > 1:
            numbers = list(range(len(shown)))
            prompt = st.segmented_control("Prompt", numbers, default=0, format_func=lambda n: str(n + 1),
                                          key=f"ys-watched-{name}", required=True)  # fmt: skip
    with right:
        if len(steps) > (1 if taken else 2):
            step = st.select_slider("Answer after step", steps, value=step, key=f"ys-watched-at-{name}")
    _one(shown[prompt or 0], counted[-1].step if step == _LATEST else int(step), taken, before)


def _first(steps: Sequence[str], taken: int) -> str:
    return str(taken) if str(taken) in steps else (steps or [_LATEST])[-1]


def _one(each: Watched, step: int, taken: int, before: str) -> None:
    with st.container(border=True):
        slices = f" · {each.slice.replace('_', ' ')}" if each.slice else ""
        conversation.shown(each.prompt, f"Asked{slices}")
        for column, at in zip(st.columns(2, gap="large"), (0, step), strict=True):
            with column:
                answer = each.after(at)
                started = f"{before[:1].upper()}{before[1:]}, before the first step"
                head = started if at == 0 else f"After step {at:,}"
                if answer is None:
                    blocks.item(head, "It was not asked then.")
                    continue
                frame.reading(answer.text or "(nothing)", f"{head}, the tuned model" if at == taken != 0 else head)
                blocks.rules(answer.broken, len(answer.kept) + len(answer.broken))


def _in_words(counted: Sequence[Tally], prompts: int, taken: int, before: str) -> str:
    """How many of the brief's rules were kept, first and now."""
    what = f"{blocks.several(prompts, 'prompt')} kept aside, answered each time it is measured."
    now = next((each for each in counted if each.step == taken != 0), counted[-1])
    if not now.told:
        return f"{what} The brief has no rule here that a machine can check."
    told = f"{now.kept} of {now.told} are kept after step {now.step:,}"
    if counted[0].step == 0 != now.step:
        told = f"{before} keeps {counted[0].kept} of {counted[0].told}, and {told}"
    return f"{what} Of the brief’s rules that a machine can check, {told}. It shows how it changes, not how good it is."
