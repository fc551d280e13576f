"""Examples before the input, on the Prompts page: how they are chosen, which ones, and what the model read of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studio import baselines, datasets
from studio.records import MOST_SHOTS, Arm, Choosing, Dataset, Example, Generation, Recipe, Shots, Split
from studio.store import datasets as dataset_rows
from studio.ui import blocks, conversation, draft_fields, frame, keys
from studio.ui.access import Visit

_WORDS = {
    Choosing.by_nearness: "The nearest in meaning",
    Choosing.by_slice: "Of the input’s slice",
    Choosing.by_hand: "Chosen by hand",
}
_SAID = {
    Choosing.by_nearness: "For each input the training examples whose inputs mean most nearly the same (cosine of "
    "MiniLM embeddings), the nearest last.",
    Choosing.by_slice: "For each input training examples of its own slice; for an input without a slice some of each.",
    Choosing.by_hand: "The same ones before every input, in the order in which you choose them.",
}
_LISTED = 40


def words(shots: Shots) -> str:
    """What an arm shows, in a few words."""
    return f"{blocks.several(shots.count, 'example')}, {_WORDS[shots.choosing].lower()}"


def editor(visit: Visit, arm: Arm) -> None:
    """What the arm shows before each input, and the way to change it."""
    shots = arm.recipe.shots
    dataset = dataset_rows.latest(visit.store, visit.project_id)
    if shots is None:
        return
    blocks.section(
        "What it is shown first",
        "Examples of the training set stand before the input, as turns that were had (few-shot). The input itself and "
        "inputs nearly the same as it are never shown: their answer would give it away.",
    )
    if dataset is None or shots.dataset != dataset.id:
        _older(visit, arm, dataset)
        return
    known = datasets.rows_in(visit.store, dataset, Split.train)
    if visit.may_edit:
        _choosing(visit, arm, shots, known)
    else:
        blocks.plain(f"{words(shots)}.")
    if shots.choosing is Choosing.by_hand:
        by_id = {each.id: each for each in known}
        read([by_id[name] for name in shots.examples if name in by_id], f"shots-read-{arm.id}")


def _older(visit: Visit, arm: Arm, dataset: Dataset | None) -> None:
    if dataset is None:
        frame.warnings(["The set whose examples it shows is not in use any more. Freeze one, then choose anew."])
        return
    frame.warnings([
        f"It shows examples of an older set than {dataset.name}. Some of those may be test prompts now, so it answers "
        "nothing until it shows examples of the newest set."
    ])  # fmt: skip
    if visit.may_edit:
        st.button(f"Show examples of {dataset.name}", key="shots-move", type="primary", on_click=_move,
                  args=(visit, arm))  # fmt: skip


def _choosing(visit: Visit, arm: Arm, shots: Shots, known: Sequence[Example]) -> None:
    ways = {way.value: said for way, said in _WORDS.items()}
    choosing = Choosing(draft_fields.segments(
        visit, "How they are chosen", _key(arm, "choosing"), ways, shots.choosing.value, required=True
    ) or shots.choosing)  # fmt: skip
    blocks.note(_SAID[choosing])
    if choosing is Choosing.by_hand:
        _picking(visit, arm, shots, known)
    else:
        draft_fields.whole(visit, "How many", _key(arm, "count"), shots.count, (1, MOST_SHOTS), width=160)
    st.button(
        f"Save what is shown as version {arm.version + 1}",
        key="shots-save",
        on_click=_save,
        args=(visit, arm, choosing),
    )


def _picking(visit: Visit, arm: Arm, shots: Shots, known: Sequence[Example]) -> None:
    """A field to find examples in, and the list of those chosen and found; the whole set would be too much to send."""
    wanted = draft_fields.line(
        visit, f"Find among {blocks.several(len(known), 'training example')}", f"shots-find-{arm.id}",
        placeholder="Words of the input", width=420,
    ).casefold()  # fmt: skip
    texts = {each.id: f"{blocks.start_of(each.input, 90)}" for each in known if each.ideal.strip()}
    found = [name for name, text in texts.items() if wanted in text.casefold()]
    picked = draft_fields.several(visit, _key(arm, "picked"), texts, shots.examples, MOST_SHOTS)
    offered = {name: texts[name] for name in dict.fromkeys([*picked, *found[:_LISTED]])}
    draft_fields.many(visit, "Shown, in this order", _key(arm, "picked"), offered, shots.examples, MOST_SHOTS)
    if len(found) > _LISTED:
        blocks.note(f"{_LISTED} of {len(found):,} are offered. Write more words to find others.")


def _save(visit: Visit, arm: Arm, choosing: Choosing) -> None:
    picked = st.session_state.get(_key(arm, "picked"), [])
    count = st.session_state.get(_key(arm, "count"), arm.recipe.shots.count if arm.recipe.shots else 1)

    def save() -> Arm:
        shots = baselines.shots(visit.store, visit.project_id, choosing, int(count), picked)
        return baselines.change_prompt(
            visit.store, visit.person.id, arm, text=arm.system_prompt, recipe=Recipe(shots)
        )  # fmt: skip

    _saved(visit, arm, frame.attempt(save, f"Saved as version {arm.version + 1}. Older answers no longer count."))


def _move(visit: Visit, arm: Arm) -> None:
    def move() -> Arm:
        recipe = Recipe(baselines.moved(visit.store, arm))
        return baselines.change_prompt(visit.store, visit.person.id, arm, text=arm.system_prompt, recipe=recipe)

    _saved(visit, arm, frame.attempt(move, f"Saved as version {arm.version + 1}, with examples of the newest set."))


def _key(arm: Arm, field: str) -> str:
    return f"{keys.SHOTS}-{field}-{arm.id}"


def _saved(visit: Visit, arm: Arm, made: Arm | None) -> None:
    """A text that is being written goes on from the version that was just made."""
    if made:
        for field in ("choosing", "count", "picked"):
            draft_fields.saved_as(visit, _key(arm, field))
        st.session_state[f"{keys.PROMPT_FROM}-{arm.id}"] = [made.version, made.system_prompt]


def read(shown: Sequence[Example], key: str) -> None:
    """The examples as the model reads them."""
    if not shown:
        return
    with st.expander(f"Read the {blocks.several(len(shown), 'example')}", key=key):
        for each in shown:
            conversation.shown(each.prompt, "Shown")
            frame.reading(each.ideal, "and its ideal output")


def given(visit: Visit, dataset: Dataset, arms: Sequence[Arm], found: Mapping[str, Generation], key: str) -> None:
    """Which examples stood before one input, for each arm that showed any (`found`: arm -> its output)."""
    showing = [arm for arm in arms if arm.id in found and found[arm.id].given.shots]
    if not showing:
        return
    known = {each.id: each for each in datasets.rows_in(visit.store, dataset, Split.train)}
    for arm in showing:
        shown = [known[name] for name in found[arm.id].given.shots if name in known]
        with st.expander(f"What {arm.name} was shown before this input", key=f"{key}-{arm.id}"):
            blocks.bullets([f"{blocks.start_of(e.input, 120)} → {blocks.start_of(e.ideal, 120)}" for e in shown])
