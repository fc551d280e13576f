"""When a reviewer stops or is through: thanks, and the question which answers they take to be the tuned model's."""

from __future__ import annotations

import streamlit as st

from studio.records import Pair, Round
from studio.review import desk, guesses, rounds
from studio.ui import blocks, draft_fields, frame, keys, notices
from studio.ui.access import Visit

_SIDES = {"left": "Left", "right": "Right", "none": "No idea"}
_START = 260  # characters of each answer


def stop() -> None:
    """For a callback: this reviewer stops for now."""
    st.session_state[keys.STOPPED] = True


def _go_on() -> None:
    st.session_state.pop(keys.STOPPED, None)


def stopped(visit: Visit, found: Round, place: rounds.Turn) -> None:
    """In place of the next pair, until they go on; the pair is free for others meanwhile."""
    desk.of(visit.store).leave(found.id, visit.person.id)
    blocks.lead(f"Thank you. {blocks.several(place.mine, 'vote')} of yours {'is' if place.mine == 1 else 'are'} in.")
    blocks.note("Come back whenever you like: the round goes on where you left it.")
    st.button("Go on voting", key="exit-go-on", shortcut="B", on_click=_go_on)
    ask(visit, found)


def ask(visit: Visit, found: Round) -> None:
    """The question, once; nothing for who answered it or has not voted."""
    if not guesses.is_asked(visit.store, found, visit.person.id):
        return
    pairs = guesses.to_ask(visit.store, found, visit.person.id)
    if not pairs:
        return
    blocks.section(
        "One last question: which answer came from the tuned model?",
        "A guess about the last pairs that you judged. It changes none of your votes; it tells whether people could "
        "see whose answer is whose. Not every pair need have one.",
    )
    with st.container(key="exit-pairs"):
        for pair in pairs:
            _one(visit, pair)
    st.button("Send my guesses", key="exit-send", type="primary", on_click=_send, args=(visit, found, pairs))


def _one(visit: Visit, pair: Pair) -> None:
    with st.container(border=True, key=f"exit-{pair.id}"):
        blocks.note(blocks.start_of(pair.input, _START))
        shown = (("left", pair.left), ("right", pair.right))
        for column, (side, text) in zip(st.columns(2, gap="medium"), shown, strict=True):
            with column:
                frame.reading(blocks.start_of(text, _START), _SIDES[side])
        draft_fields.segments(visit, "From the tuned model", _key(pair), _SIDES)


def _key(pair: Pair) -> str:
    return f"exit-guess-{pair.id}"


def _send(visit: Visit, found: Round, pairs: list[Pair]) -> None:
    chosen = {pair.id: str(side) for pair in pairs if (side := st.session_state.get(_key(pair)))}
    said = "Thank you, your guesses are kept. The team reads them with the result."

    def answer() -> None:
        guesses.answer(visit.store, found, visit.person, chosen)
        for pair in pairs:
            draft_fields.saved_as(visit, _key(pair))

    frame.attempt(answer, said)
    notices.keep_for("exit")
