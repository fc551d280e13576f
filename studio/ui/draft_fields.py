"""Fields whose content outlives a page change, a reload and a restart until it is saved (see `studio.drafts`)."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio import drafts
from studio.ui import frame
from studio.ui.access import Visit


def value(visit: Visit, key: str, saved: str = "") -> str:
    """What the field `key` holds now: its draft, or else what is saved."""
    _begin(visit, key, saved)
    return str(st.session_state[key])


def forget(visit: Visit, key: str, saved: str | float | None = "") -> None:
    """The field shows what is saved; for the callback that saved the draft or threw it away."""
    drafts.drop(visit.store, visit.person.id, _name(visit, key))
    st.session_state[key] = saved


def follow(visit: Visit, key: str, saved: str | float | None) -> None:
    """Before the field is drawn: it shows what is saved now, by whomever, unless a draft of it is kept."""
    if key in st.session_state and drafts.kept(visit.store, visit.person.id, _name(visit, key)) is None:
        st.session_state[key] = saved


def put(visit: Visit, key: str, text: str) -> None:
    """Puts a text into the field and its draft; for a callback."""
    st.session_state[key] = text
    _keep(visit, key, None)


def line(visit: Visit, label: str, key: str, saved: str = "", **more: Any) -> str:
    """A field of one line."""
    value(visit, key, saved)
    return st.text_input(label, key=key, on_change=_keep, args=(visit, key, saved), persist_state="session", **more)


def area(visit: Visit, label: str, key: str, saved: str = "", **more: Any) -> str:
    """A field of several lines."""
    value(visit, key, saved)
    return st.text_area(label, key=key, on_change=_keep, args=(visit, key, saved), persist_state="session", **more)


def number(visit: Visit, label: str, key: str, saved: float | None, **more: Any) -> float | None:
    """A field of one number, which may be left empty."""
    _begin(visit, key, saved)
    return st.number_input(label, value=None, key=key, on_change=_keep, args=(visit, key, saved),
                           persist_state="session", **more)  # fmt: skip


def whole(visit: Visit, label: str, key: str, saved: int, bounds: tuple[int, int], **more: Any) -> int:
    """A field of one whole number from the lower to the upper of `bounds`, which may have moved since it was typed."""
    _begin(visit, key, saved)
    low, high = bounds
    within = min(max(int(st.session_state[key]), low), high)
    if within != st.session_state[key]:
        st.session_state[key] = within
    return int(st.number_input(label, low, high, key=key, on_change=_keep, args=(visit, key, saved),
                               persist_state="session", **more))  # fmt: skip


def _begin(visit: Visit, key: str, saved: str | float | None) -> None:
    """A browser's session goes through several projects: what was typed in another one is none of this one."""
    name, of = _name(visit, key), f"{key}-of"
    if key not in st.session_state or st.session_state.get(of, name) != name:
        kept = drafts.kept(visit.store, visit.person.id, name)
        st.session_state[key] = kept["text"] if kept else saved
    st.session_state[of] = name


def _name(visit: Visit, key: str) -> str:
    return f"{visit.project or ''}/{key}"


def _keep(visit: Visit, key: str, saved: str | float | None) -> None:
    """Keeps what stands in the field; once that is what was `saved` no draft is left, so that the field follows it."""
    text, name = st.session_state[key], _name(visit, key)
    if text == saved:
        drafts.drop(visit.store, visit.person.id, name)
    else:
        frame.attempt(lambda: drafts.keep(visit.store, visit.person.id, name, {"text": text}))
