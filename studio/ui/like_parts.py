"""An example like a prompt that must not be learned itself: written beside it, sent to Examples as a draft."""

from __future__ import annotations

import streamlit as st

from studio import candidates
from studio.records import Example, Refusal
from studio.ui import blocks, draft_fields, frame, keys
from studio.ui.access import Visit


def like_it(visit: Visit, name: str, like: Example, ideal: str, source: str = candidates.SOURCE) -> None:
    """A field for the input and one for the ideal output; they keep what was typed. `name`: of this place on the page,
    `ideal`: what the second field begins with, `source`: where the new example says that it comes from."""
    if not visit.may_edit:
        return
    opened = st.expander("Write an example like this one", key=f"{name}-like-{like.id}", on_change="rerun")
    if not opened.open:
        return
    with opened:
        blocks.note(
            "This is a test prompt, so it must not be learned itself: ask something like it, about something else and "
            "in other words. It goes to Examples as a draft of the same slice and kinds."
        )
        asked, wanted = f"{name}-like-input-{like.id}", f"{name}-like-ideal-{like.id}"
        draft_fields.area(visit, "Input", asked, like.input)
        draft_fields.area(visit, "Ideal output", wanted, ideal)
        refused = st.session_state.get(keys.LIKE_REFUSED)
        if refused and refused[0] == asked:
            frame.refused(Refusal(refused[1]))
        st.button("Send to Examples", key=f"{name}-like-send-{like.id}", on_click=_send,
                  args=(visit, like, asked, wanted, ideal, source))  # fmt: skip


def _send(visit: Visit, like: Example, asked: str, wanted: str, ideal: str, source: str) -> None:
    def sent() -> None:
        texts = {"input": st.session_state[asked], "ideal": st.session_state[wanted]}
        try:
            candidates.send(visit.store, visit.person.id, visit.project_id, like, **texts, source=source)
        except Refusal as refusal:
            # Said beside the fields, too: the head of the page is far from here.
            st.session_state[keys.LIKE_REFUSED] = [asked, str(refusal)]
            raise
        st.session_state[keys.LIKE_REFUSED] = None
        draft_fields.forget(visit, asked, like.input)
        draft_fields.forget(visit, wanted, ideal)

    frame.attempt(sent, "Sent to Examples as a draft. Somebody looks at it there before it is learned.")
