"""What a button did, or why it was refused, beside the button: for pages too long to look up to their head."""

from __future__ import annotations

import streamlit as st

from studio.records import Refusal
from studio.ui import blocks, frame, keys


def keep_for(place: str) -> None:
    """In a callback, after `frame.attempt`: what there is to say is said at `place`, not at the head of the page."""
    if found := st.session_state.pop(keys.NOTICE, None):
        st.session_state[f"{keys.NOTICE}-{place}"] = found


def show(place: str) -> None:
    """Says, once, what was kept for `place`."""
    say(st.session_state.pop(f"{keys.NOTICE}-{place}", None))


def show_any() -> None:
    """Says, once, whatever is waiting: within a fragment, which the head of the page does not reach."""
    say(st.session_state.pop(keys.NOTICE, None))


def say(found: list[str] | None) -> None:
    kind, text = found or ("", "")
    if kind == "refused":
        frame.refused(Refusal(text))
    elif kind == "said":
        blocks.note(text)
