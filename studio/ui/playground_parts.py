"""Try an input, on the Compare page: every arm's answer at once, with the rules it broke."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import playground
from studio.evaluate import checks
from studio.records import Arm, Brief, Refusal
from studio.ui import answers, as_seen, blocks, draft_fields, frame
from studio.ui.access import Visit

_FIELD = "playground-input"
_ASKED, _TOLD = "playground-asked", "playground-told"
_A_ROW = 3
_AT_ONCE = 4
"""Arms asked at the same time: the model process answers one after the other, and refuses when too many wait."""


def show(visit: Visit, brief: Brief, known: Sequence[Arm]) -> None:
    """The field, and what each arm said to what was asked last; nothing without an arm."""
    if not known or not visit.may_edit:
        return
    blocks.section("Try an input", "Write what a customer might, and read what each arm says to it. Nothing is stored.")
    text = draft_fields.area(visit, "Input", _FIELD, height=96, placeholder="Where is my order?")
    if not answers.known_to(visit):
        blocks.note(
            "From then on you know how each arm writes: your votes in this project's blind rounds are kept, but no "
            "longer decide anything. If you are to vote, do that first."
        )
    st.button("Ask every arm", key="playground-ask", icon=":material/chat:", disabled=not text.strip(),
              on_click=_ask, args=(visit, known))  # fmt: skip
    asked = st.session_state.get(_ASKED)
    if not asked or asked["project"] != visit.project_id:
        return
    left = [arm for arm in known if arm.id in asked["arms"] and arm.id not in st.session_state[_TOLD]]
    if left:
        _waiting(visit, left, asked["text"])
    _answers(visit, brief, [arm for arm in known if arm.id in asked["arms"]], asked["text"])


def _ask(visit: Visit, known: Sequence[Arm]) -> None:
    text = str(st.session_state[_FIELD]).strip()

    def noted() -> bool:
        playground.ask(visit.store, visit.person.id, visit.project_id, text)
        return True

    if frame.attempt(noted):
        st.session_state[_ASKED] = {"project": visit.project_id, "text": text, "arms": [arm.id for arm in known]}
        st.session_state[_TOLD] = {}


@st.fragment(run_every=1.0)
def _waiting(visit: Visit, left: Sequence[Arm], text: str) -> None:
    """Asks each second for what is missing; the page runs again with each answer."""
    told = st.session_state[_TOLD]
    for arm in [arm for arm in left if arm.id not in told][:_AT_ONCE]:
        try:
            found = playground.answer(visit.store, arm, text)
        except Refusal as refusal:
            told[arm.id] = {"refused": str(refusal)}
            continue
        if found is not None:
            told[arm.id] = {"text": found.text, "seconds": found.seconds}
    waiting = [arm.name for arm in left if arm.id not in told]
    if len(waiting) < len(left):
        st.rerun()
    blocks.item(f"{', '.join(waiting)} to answer", "The model wakes in some seconds; you can read on.", "working")


def _answers(visit: Visit, brief: Brief, shown: Sequence[Arm], text: str) -> None:
    told = st.session_state[_TOLD]
    ready = [arm for arm in shown if arm.id in told]
    if ready:
        blocks.note(f"Asked: {blocks.start_of(text, 200)}")
    for start in range(0, len(ready), _A_ROW):
        row = ready[start : start + _A_ROW]
        for arm, column in zip(row, st.columns(len(row), gap="medium"), strict=True):
            with column:
                _one(brief, arm, text, told[arm.id])


def _one(brief: Brief, arm: Arm, text: str, told: dict[str, object]) -> None:
    if "refused" in told:
        blocks.item(arm.name, str(told["refused"]), "no answer")
        return
    output = str(told["text"])
    as_seen.reading(output, arm.name)
    subject = checks.Subject(text, output)
    kept = {c.name: found for c in brief.criteria if (found := checks.kept(c, subject)) is not None}
    blocks.rules([name for name, held in kept.items() if not held], len(kept))
    blocks.note(f"{told['seconds']:.1f} seconds, written alone.")
