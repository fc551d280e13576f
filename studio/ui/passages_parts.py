"""Passages with the input, on screen: which documents an arm reads, what it was given, and what it cited of that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studio import baselines, outputs
from studio.documents import step as documents
from studio.evaluate import citations
from studio.examples import meaning
from studio.records import MOST_PASSAGES, Arm, Dataset, Document, Generation, Passages, Recipe, Refusal, Split
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.store import documents as rows
from studio.ui import answers, blocks, draft_fields, frame, keys, model_parts
from studio.ui.access import Visit


def add(visit: Visit, name: str, text: str, model: str) -> Arm:
    """A new arm that reads every document there is. Raises Refusal without one."""
    passages = documents.chosen(visit.store, visit.project_id, baselines.PASSAGES)
    return baselines.add_retrieval(
        visit.store, visit.person.id, visit.project_id, name=name, passages=passages, text=text, model=model
    )  # fmt: skip


def words(passages: Passages) -> str:
    """What an arm is given, in a few words."""
    several = blocks.several(len(passages.documents), "document")
    return f"the {blocks.several(passages.count, 'passage')} nearest in meaning, of {several}"


def editor(visit: Visit, arm: Arm) -> None:
    """What the arm is given with each input, and the way to change it."""
    passages = arm.recipe.passages
    if passages is None:
        return
    blocks.section(
        "What it is given",
        "With each input the passages of your documents that mean most nearly the same (retrieval, by cosine of MiniLM "
        "embeddings), numbered, after the text above. That text asks to cite them, such as [1].",
    )
    here = rows.every(visit.store, visit.project_id)
    if missing := documents.gone(visit.store, arm):
        frame.warnings([
            f"{blocks.several(missing, 'document')} it was given passages of {'was' if missing == 1 else 'were'} "
            "removed, so it answers nothing until you choose its documents anew, or bring the removed ones back."
        ])  # fmt: skip
    _held_back(visit, here, passages)
    if not visit.may_edit:
        blocks.plain(f"{words(passages)[:1].upper()}{words(passages)[1:]}.")
    elif here:
        _choosing(visit, arm, passages, here)
        if model_parts.are_here(visit):
            _try(visit, arm)


def _held_back(visit: Visit, here: Sequence[Document], passages: Passages) -> None:
    dataset = dataset_rows.latest(visit.store, visit.project_id)
    own = [each for each in here if each.sha256 in passages.documents]
    count = sum(len(held(visit, each, dataset)) for each in own) if dataset else 0
    if count and dataset:
        them, named = ("it is", "It is") if count == 1 else ("they are", "They are")
        blocks.note(f"{blocks.several(count, 'passage')} would give the answers to examples kept aside in "
                    f"{dataset.name} away, so {them} never given. {named} named under Documents.")  # fmt: skip


def held(visit: Visit, document: Document, dataset: Dataset) -> list[documents.Held]:
    """What a document gives away of the examples kept aside, worked out once for each document and set."""
    return _held(visit.store, str(visit.store.workspace), document, dataset.id)


@st.cache_data(max_entries=64, show_spinner="Looking whether the documents hold test answers",
               hash_funcs={Document: lambda each: each.id})  # fmt: skip
def _held(_store: Store, workspace: str, document: Document, dataset: str) -> list[documents.Held]:
    found = dataset_rows.get(_store, dataset)
    return documents.held_back(_store, document, found) if found else []


def _choosing(visit: Visit, arm: Arm, passages: Passages, here: Sequence[Document]) -> None:
    names = {each.id: each.name for each in here}
    own = [each.id for each in here if each.sha256 in passages.documents]
    picks, count = f"{keys.PASSAGES}-from-{arm.id}", f"{keys.PASSAGES}-count-{arm.id}"
    draft_fields.many(visit, "From these documents", picks, names, own)
    draft_fields.whole(visit, "How many passages", count, passages.count, (1, MOST_PASSAGES), width=160)
    st.button(f"Save what it is given as version {arm.version + 1}", key="passages-save", on_click=_save,
              args=(visit, arm, picks, count))  # fmt: skip


def _save(visit: Visit, arm: Arm, picks: str, count: str) -> None:
    picked, wanted = list(st.session_state[picks]), int(st.session_state[count])

    def save() -> Arm:
        if not picked:
            raise Refusal("No document is chosen. Nothing was saved. Choose at least one.")
        passages = documents.chosen(visit.store, visit.project_id, wanted, picked)
        recipe = Recipe(arm.recipe.shots, passages)
        return baselines.change_prompt(visit.store, visit.person.id, arm, text=arm.system_prompt, recipe=recipe)

    made = frame.attempt(save, f"Saved as version {arm.version + 1}. Older answers no longer count.")
    if made:  # a text that is being written goes on from the version that was just made
        for key in (picks, count):
            draft_fields.saved_as(visit, key)
        st.session_state[f"{keys.PROMPT_FROM}-{arm.id}"] = [made.version, made.system_prompt]


# -- a try ------------------------------------------------------------------------------------------


def _try(visit: Visit, arm: Arm) -> None:
    """An input of one's own, and what would stand with it; nothing is asked of the model that answers."""
    text = draft_fields.line(visit, "What would it be given with this input?", f"{keys.PASSAGES}-try-{arm.id}",
                             type="search", width=520, placeholder="Write an input")  # fmt: skip
    if not text.strip():
        return
    try:
        found = _nearest(visit, arm, text)
    except Refusal as refusal:
        frame.refused(refusal)
        return
    if found is None:
        _waiting(visit, arm, text)
        return
    for number, near in enumerate(found, start=1):
        close = f"{meaning.in_words(near.cosine)} ({near.cosine:.2f})"
        blocks.item(f"[{number}] {near.passage.source}", blocks.start_of(near.passage.piece.text, 240), close)
    if not found:
        blocks.note("No passage was read yet. That goes on under Documents.")
    elif found[0].cosine < meaning.LEAST:
        blocks.note("Nothing in these documents is related to this input; it would be given the nearest all the same.")


def _nearest(visit: Visit, arm: Arm, text: str) -> list[documents.Near] | None:
    """None while the model wakes."""
    vector = meaning.query_vector(visit.store, text.strip())
    dataset = dataset_rows.latest(visit.store, visit.project_id)
    return None if vector is None else documents.nearest(visit.store, arm, dataset, vector)


@st.fragment(run_every=1.0)
def _waiting(visit: Visit, arm: Arm, text: str) -> None:
    """Asks again each second until the model is awake; then the page runs again with what it found."""
    try:
        if _nearest(visit, arm, text) is not None:
            st.rerun()
    except Refusal as refusal:
        frame.refused(refusal)
        return
    blocks.note("Waking the model that compares meanings: a few seconds.")


# -- beside the answers -----------------------------------------------------------------------------


def given(visit: Visit, arms: Sequence[Arm], found: Mapping[str, Generation], key: str) -> None:
    """The passages that stood with one input, for each arm that was given any, and which of them its answer cites."""
    for arm in arms:
        own = found.get(arm.id)
        if own is None or not own.given.passages:
            continue
        known, cited = rows.passages(visit.store, own.given.passages), citations.cited(own.output)
        with st.expander(f"What “{arm.name}” was given with this input", key=f"{key}-{arm.id}"):
            for number, name in enumerate(own.given.passages, start=1):
                passage = known.get(name)
                if passage:
                    mark = "cited" if number in cited else ""
                    blocks.item(f"[{number}] {passage.source}", blocks.start_of(passage.piece.text, 320), mark)


def figures(visit: Visit, dataset: Dataset, arms: Sequence[Arm], split: Split) -> None:
    """For each arm that was given passages: how many of its answers cite, and whether the numbers exist."""
    reading = [arm for arm in arms if arm.recipe.passages]
    if not reading:
        return
    asked = [each.id for each in answers.examples(visit, dataset, split)]
    known = {}
    for arm in reading:
        own = outputs.current(visit.store, dataset.id, arm, asked).values()
        if told := citations.citing([(g.output, len(g.given.passages)) for g in own]):
            known[arm.name] = told
    if not known:
        return
    blocks.section(
        "Citations",
        "Whether answers name the passages they were given by number. A number that exists can still stand behind a "
        "sentence which its passage does not say: that is for people to read.",
    )
    for name, each in known.items():
        blocks.plain(f"{name}: {each.sentence}")
