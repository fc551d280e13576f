"""Fields whose content outlives a page change, a reload and a restart until it is saved (see `studio.drafts`).

A choice is kept like a text. What a kept choice names and is not offered any more, such as an arm that was retired,
is left out of it. Where nobody chose yet, the field follows what is offered first, and a number what is saved. A draft
that holds something of another kind counts as none.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from studio import drafts
from studio.ui import frame
from studio.ui.access import Visit


def value(visit: Visit, key: str, saved: str = "") -> str:
    """What the field `key` holds now: its draft, or else what is saved."""
    _begin(visit, key, saved)
    if not isinstance(st.session_state[key], str):
        st.session_state[key] = saved
    return str(st.session_state[key])


def forget(visit: Visit, key: str, saved: str | float | list[str] | None = "") -> None:
    """The field shows what is saved; for the callback that saved the draft or threw it away."""
    drafts.drop(visit.store, visit.person.id, _name(visit, key))
    st.session_state[key] = saved


def follow(visit: Visit, key: str, saved: str | float | None) -> None:
    """Before the field is drawn: it shows what is saved now, by whomever, unless a draft of it is kept."""
    if key in st.session_state and drafts.kept(visit.store, visit.person.id, _name(visit, key)) is None:
        st.session_state[key] = saved


def saved_as(visit: Visit, key: str) -> None:
    """What stands in the field was saved elsewhere, so no draft of it is left; on screen it stays as it is."""
    drafts.drop(visit.store, visit.person.id, _name(visit, key))


def put(visit: Visit, key: str, text: str | float | list[str]) -> None:
    """Puts a text, a number or a list of names into the field and its draft; for a callback."""
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
    _choice(visit, key, saved, lambda held: _within(held, saved, more.get("min_value"), more.get("max_value")))
    return st.number_input(label, value=None, key=key, on_change=_keep, args=(visit, key, saved),
                           persist_state="session", **more)  # fmt: skip


def whole(visit: Visit, label: str, key: str, saved: int, bounds: tuple[int, int], **more: Any) -> int:
    """A field of one whole number from the lower to the upper of `bounds`, which may have moved since it was typed.

    Once it is emptied, it shows again what is saved."""
    low, high = bounds

    def still(held: Any) -> int:
        return int(_within(saved if held is None else held, saved, low, high) or 0)

    _choice(visit, key, saved, still)
    return int(st.number_input(label, low, high, still(saved), key=key, on_change=_keep, args=(visit, key, saved),
                               persist_state="session", **more))  # fmt: skip


def _within(held: Any, saved: float | None, low: float | None, high: float | None) -> float | None:
    """What is held, as near as the bounds allow; what is saved in place of what is no number."""
    if held is not None and (isinstance(held, bool) or not isinstance(held, (int, float))):
        held = saved
    if held is None:
        return None
    held = held if low is None else max(held, low)
    return held if high is None else min(held, high)


# -- choices: the values are names, and `words` has for each that is offered what it is called on screen -------------


def which(visit: Visit, key: str, words: Mapping[str, str] | Sequence[str], saved: str | None = None) -> str | None:
    """What is chosen now of what is offered, drawn or not: at first `saved`, or else the first, or else None."""
    first = _first(words, saved)
    return _choice(visit, key, first, lambda held: held if isinstance(held, str) and held in words else first)


def _first(words: Mapping[str, str] | Sequence[str], saved: str | None) -> str | None:
    return saved if saved in words else next(iter(words), None)


def several(visit: Visit, key: str, words: Mapping[str, str] | Sequence[str], saved: Sequence[str] = (),
            most: int | None = None) -> list[str]:  # fmt: skip
    """Which are chosen now, drawn or not; at most so many. Without any that is still offered, the field starts anew."""

    def still(held: Any) -> list[str]:
        offered = [name for name in held if isinstance(name, str) and name in words] if isinstance(held, list) else []
        return (offered if offered or held == [] else [name for name in saved if name in words])[:most]

    return _choice(visit, key, list(saved), still, most)


def pick(visit: Visit, label: str, key: str, words: Mapping[str, str], saved: str | None = None, **more: Any) -> str:
    """One of what is offered, from a list that opens. There must be something to choose from."""
    which(visit, key, words, saved)
    return str(st.selectbox(label, list(words), format_func=words.__getitem__, key=key, on_change=_keep,
                            args=(visit, key, _first(words, saved)), persist_state="session", **more))  # fmt: skip


def radio(visit: Visit, label: str, key: str, words: Mapping[str, str], saved: str | None = None, **more: Any) -> str:
    """One of a few, all in sight. There must be something to choose from."""
    which(visit, key, words, saved)
    return str(st.radio(label, list(words), format_func=words.__getitem__, key=key, on_change=_keep,
                        args=(visit, key, _first(words, saved)), persist_state="session", **more))  # fmt: skip


def segments(visit: Visit, label: str, key: str, words: Mapping[str, str], saved: str | None = None,
             **more: Any) -> str | None:  # fmt: skip
    """One of a few, beside each other; without one that is `saved` also none."""
    _choice(visit, key, saved, lambda held: held if isinstance(held, str) and held in words else saved)
    found = st.segmented_control(label, list(words), format_func=words.__getitem__, key=key, on_change=_keep,
                                 args=(visit, key, saved), persist_state="session", **more)  # fmt: skip
    return saved if found is None else str(found)


def many(visit: Visit, label: str, key: str, words: Mapping[str, str], saved: Sequence[str] = (),
         most: int | None = None, **more: Any) -> list[str]:  # fmt: skip
    """Some of what is offered, in the order in which they were chosen."""
    several(visit, key, words, saved, most)
    return list(st.multiselect(label, list(words), format_func=words.__getitem__, key=key, on_change=_keep,
                               args=(visit, key, list(saved)), max_selections=most, persist_state="session",
                               **more))  # fmt: skip


def flag(visit: Visit, label: str, key: str, saved: bool = False, **more: Any) -> bool:
    """A check box."""
    _choice(visit, key, saved, lambda held: held if isinstance(held, bool) else saved)
    return st.checkbox(label, key=key, on_change=_keep, args=(visit, key, saved), persist_state="session", **more)


def day(visit: Visit, label: str, key: str, saved: str = "", first: datetime.date | None = None, **more: Any) -> str:
    """A date as YYYY-MM-DD, or "". One before the `first` that may be chosen, which moves on, is left out."""

    def still(held: Any) -> datetime.date | None:
        found = _date(held)
        return found if found is None or first is None or found >= first else None

    _choice(visit, key, saved, still)
    found = st.date_input(label, value=None, min_value=first, key=key, on_change=_keep, args=(visit, key, saved),
                          persist_state="session", **more)  # fmt: skip
    return found.isoformat() if isinstance(found, datetime.date) else ""


def _date(held: Any) -> datetime.date | None:
    try:
        return held if isinstance(held, datetime.date) else datetime.date.fromisoformat(held)
    except (TypeError, ValueError):
        return None


def _choice(visit: Visit, key: str, saved: Any, still: Callable[[Any], Any], most: int | None = None) -> Any:
    """Where what is `saved` has changed and no draft is kept, the field goes along; `still` leaves out what is gone."""
    before, now = f"{key}-from", [saved, most]
    was = st.session_state.get(before, now)
    if key in st.session_state and was[0] != saved:
        follow(visit, key, saved)
    st.session_state[before] = now
    _begin(visit, key, saved)
    held = still(st.session_state[key])
    # With another limit it is another field to Streamlit, which would begin empty.
    if held != st.session_state[key] or was[1] != most:
        st.session_state[key] = held
    return held


# -- what is kept ------------------------------------------------------------------------------------


def _begin(visit: Visit, key: str, saved: Any) -> None:
    """A browser's session goes through several projects: what was typed in another one is none of this one."""
    name, of = _name(visit, key), f"{key}-of"
    if key not in st.session_state or st.session_state.get(of, name) != name:
        kept = drafts.kept(visit.store, visit.person.id, name)
        st.session_state[key] = kept.get("text", saved) if kept else saved
    st.session_state[of] = name


def _name(visit: Visit, key: str) -> str:
    return f"{visit.project or ''}/{key}"


def _keep(visit: Visit, key: str, saved: Any) -> None:
    """Keeps what stands in the field; once that is what was `saved` no draft is left, so that the field follows it."""
    text, name = st.session_state[key], _name(visit, key)
    if isinstance(text, datetime.date):
        text = text.isoformat()
    if text == saved:
        drafts.drop(visit.store, visit.person.id, name)
    else:
        frame.attempt(lambda: drafts.keep(visit.store, visit.person.id, name, {"text": text}), seeing=True)
