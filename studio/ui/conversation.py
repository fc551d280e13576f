"""A conversation as the two who had it saw it: turn by turn, the last message last. Nothing in it is read as markup."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from studio.records import Prompt, Speaker, Turn
from studio.ui import frame

_SYSTEM, _SHORT = "Told beforehand (system text)", 240
WHO = {Speaker.user: "They wrote", Speaker.assistant: "We answered"}


def shown(prompt: Prompt, label: str) -> None:
    """What was asked: one text under `label`, or the whole conversation when there was more before it."""
    if not prompt.earlier and not prompt.system:
        frame.reading(prompt.input, label)
        return
    with_last = [*prompt.earlier, Turn(Speaker.user, prompt.input)] if prompt.input.strip() else prompt.earlier
    st.html(f'<div class="ys-asked-label">{escape(label)}</div>{turns(with_last, prompt.system)}')


def turns(said: Sequence[Turn], system: str = "") -> str:
    """The turns as HTML, oldest first; a system text stands above them."""
    items = "".join(
        f'<li class="ys-{turn.speaker.value}"><span>{WHO[turn.speaker]}</span><p>{escape(turn.text)}</p></li>'
        for turn in said
    )
    return f'{standing(system)}<ol class="ys-turns">{items}</ol>'


def standing(system: str) -> str:
    """A system text as HTML, "" for none; a long one opens on a click or by the keyboard."""
    if len(system) <= _SHORT:
        return f'<p class="ys-standing"><b>{_SYSTEM}</b>{escape(system)}</p>' if system else ""
    start = escape(system[:_SHORT].rsplit(" ", 1)[0])
    return (
        f'<details class="ys-standing"><summary><b>{_SYSTEM}</b><span>{start} …</span></summary>'
        f"<p>{escape(system)}</p></details>"
    )


def latest(said: Sequence[Turn], label: str) -> None:
    """A conversation of any length in a box of its own, which opens at the last message and scrolls up."""
    st.html(
        f'<div class="ys-asked-label">{escape(label)}</div>'
        f'<div class="ys-latest" role="region" tabindex="0" aria-label="{escape(label)}">{turns(said)}</div>'
    )


def folded(prompt: Prompt) -> str:
    """What was asked in one text with the turns before it, for a list or a comparison of versions."""
    said = [f"{WHO[turn.speaker]}: {turn.text}" for turn in prompt.earlier]
    return "\n\n".join([*said, prompt.input])
