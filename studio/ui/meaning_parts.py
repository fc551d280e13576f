"""Find by meaning, on the examples' page: a question in one's own words, and the inputs that say about the same.

The model wakes and reads in a process of its own; the page says so meanwhile and never waits for it.
"""

from __future__ import annotations

from itertools import groupby

import streamlit as st

from studio.examples import meaning
from studio.jobs import resident
from studio.jobs.resident import State
from studio.records import Refusal
from studio.store import examples as rows
from studio.ui import acting_parts, blocks, example_parts, frame, keys, model_parts, prose
from studio.ui.access import Visit
from studio.wording import duration

_STEP = 20
_READ_AT_ONCE = 1_000
"""So many examples are read without asking: half a minute."""

_WAKING = "Waking the model"
_PICK = "meaning-pick"


def show(visit: Visit) -> None:
    """The view "Find by meaning", whole: the question, what can be searched, and what was found."""
    blocks.section(
        "Find by meaning",
        "Say in your own words what somebody asked. Inputs that mean about the same are found even when no word is the "
        "same (embeddings). Ideal outputs are not searched.",
    )
    if not model_parts.models_here(visit):
        return
    query = st.text_input(
        "What is it about?", key="meaning-query", type="search", persist_state="session", width=520,
        placeholder="somebody wants their money back",
    )  # fmt: skip
    try:
        _reading(visit)
        if query.strip():
            _results(visit, query.strip())
    except Refusal as refusal:
        frame.refused(refusal)
        st.button("Try again", key="meaning-again")


# -- what can be searched --------------------------------------------------------------------------


def _reading(visit: Visit) -> None:
    """How much of the project can be found, and the reading of the rest: at once when it is little."""
    covered = meaning.coverage(visit.store, visit.project_id)
    if not covered.missing:
        blocks.note(f"All {blocks.several(covered.ready, 'example')} can be found.")
        return
    if not _reads(visit, st.session_state.get(keys.MEANING_READ, covered.missing <= _READ_AT_ONCE)):
        blocks.note(f"{covered.ready:,} of {blocks.several(covered.ready + covered.missing, 'example')} can be found "
                    f"so far. The other {covered.missing:,} must be read by the model first, once.")  # fmt: skip
        _offer(covered.missing)


def reading(visit: Visit) -> None:
    """The reading of what was not read yet, elsewhere than on the page of examples: when somebody asks for it."""
    if not model_parts.models_here(visit):
        return
    try:
        missing = meaning.coverage(visit.store, visit.project_id).missing
        if missing and not _reads(visit, bool(st.session_state.get(keys.MEANING_READ))):
            _offer(missing)
    except Refusal as refusal:
        frame.refused(refusal)


def _reads(visit: Visit, wanted: bool) -> bool:
    """Whether the model reads, which is then followed here; why the last reading ended early, if it did."""
    state = resident.of(visit.store.workspace).state()
    if wanted or state.reading.running:
        _follow(visit)
        return True
    if state.reading.reason:
        frame.warnings([state.reading.reason])
    return False


def _offer(missing: int) -> None:
    about = duration(missing / meaning.TEXTS_A_SECOND)
    label = f"Read {'it' if missing == 1 else 'them'} now, about {about} once the model is awake"
    st.button(label, key="meaning-read-now", on_click=_want, args=(True,))


def _want(wanted: bool) -> None:
    st.session_state[keys.MEANING_READ] = wanted


@st.fragment(run_every=1.0)
def _follow(visit: Visit) -> None:
    """The reading, followed each second; it begins here when it has not yet. The page runs again when it ends."""
    state = resident.of(visit.store.workspace).state()
    try:
        covered = meaning.coverage(visit.store, visit.project_id)
        if covered.missing and not state.reading.running:
            if state.reading.reason:
                raise Refusal(state.reading.reason)
            meaning.read_missing(visit.store, visit.project_id)
    except Refusal as refusal:
        # It goes on only when somebody asks for it again.
        _want(False)
        frame.refused(refusal)
        return
    if not covered.missing:
        st.rerun()
    _progress(visit, state, covered)


def _progress(visit: Visit, state: State, covered: meaning.Coverage) -> None:
    reading = state.reading
    if not reading.total:
        blocks.item(_WAKING, "It then reads the examples once. You can search what is read already, or go on "
                    "elsewhere.", "a few seconds")  # fmt: skip
        return
    left = f"about {duration(reading.seconds_left)} left" if reading.seconds_left else "estimating the time left"
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        blocks.item("Reading the examples", f"{reading.done:,} of {reading.total:,} texts, {left}. "
                    f"{covered.ready:,} examples can be found so far.")  # fmt: skip
        st.button("Stop", key="meaning-stop", icon=":material/stop:", on_click=_stop, args=(visit,))
    st.progress(min(1.0, reading.done / reading.total))


def _stop(visit: Visit) -> None:
    _want(False)
    said = "Stopping. What was read can be found."
    frame.attempt(lambda: resident.of(visit.store.workspace).stop_reading(), said, seeing=True)


# -- what was found --------------------------------------------------------------------------------


def _results(visit: Visit, query: str) -> None:
    count = _shown(query)
    found = meaning.find(visit.store, visit.project_id, query, count + 1)
    if found is None:
        _waiting(visit, query)
        return
    if not found.near:
        searched = blocks.several(found.coverage.ready, "example")
        blocks.note(f"Nothing of the {searched} that can be found is related. Try to say it as a customer would.")
        return
    _selected(visit)
    near = found.near[:count]
    for words, group in groupby(near, key=lambda each: meaning.in_words(each.cosine)):
        members = list(group)
        blocks.section(words.capitalize(), _measured(members))
        for each in members:
            _row(visit, each)
    if len(found.near) > count:
        st.button(f"Show {_STEP} more", key="meaning-more", on_click=_more, args=(query, count))


def _measured(near: list[meaning.Near]) -> str:
    first, last = f"{near[0].cosine:.2f}", f"{near[-1].cosine:.2f}"
    figures = first if first == last else f"{first} to {last}"
    return f"{figures}, where 1 is the same meaning (cosine)"


def _shown(query: str) -> int:
    kept = st.session_state.get(keys.MEANING_SHOWN) or ["", 0]
    return int(kept[1]) if kept[0] == query else _STEP


def _more(query: str, count: int) -> None:
    st.session_state[keys.MEANING_SHOWN] = [query, count + _STEP]


@st.fragment(run_every=1.0)
def _waiting(visit: Visit, query: str) -> None:
    """Asks again each second until the model is awake; then the page runs again with what it found."""
    try:
        if meaning.find(visit.store, visit.project_id, query, 1) is not None:
            st.rerun()
    except Refusal as refusal:
        frame.refused(refusal)
        return
    with st.container(key="meaning-waking"):
        said = "It takes a moment after a pause. What you asked is kept; you can go on elsewhere meanwhile."
        blocks.item(_WAKING, said, "a few seconds")


def _row(visit: Visit, near: meaning.Near) -> None:
    example = rows.get(visit.store, near.example)
    if example is None:
        return
    closeness = f"{meaning.in_words(near.cosine).capitalize()} ({near.cosine:.2f})"
    with st.container(key=f"meaning-row-{example.id}", horizontal=True, gap="small", wrap=False):
        if visit.may_edit:
            acting_parts.check_box(visit, example, _PICK)
        with st.container(width="stretch"):
            prose.entry(example)
            blocks.note(closeness)
        st.button(
            "Open", key=f"meaning-open-{example.id}", type="tertiary", on_click=example_parts.open_one,
            args=(example.id,),
        )  # fmt: skip


def _selected(visit: Visit) -> None:
    """What is selected here is selected in the list, too: there it can be approved, tagged, sent back."""
    picked = acting_parts.picked_listed(visit)
    if visit.may_edit and picked:
        with st.container(key="meaning-selected", horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{len(picked):,} selected**", width="content")
            st.button("Decide on them in the list", key="meaning-to-list", on_click=_to_list)
            st.button("Select none", key="meaning-pick-none", type="tertiary", on_click=acting_parts.pick,
                      args=(visit, []))  # fmt: skip


def _to_list() -> None:
    st.session_state[keys.EXAMPLES_VIEW] = "list"
