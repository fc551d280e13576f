"""The fields of one form whose draft is kept on disk at each change (`studio.drafts`).

The draft is what holds: a field shows it, and writes to it before anything else of the run. So nothing that
happens on the way - a refusal, another page, a reload - loses a word, and two tabs show the same.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from studio import drafts
from studio.ui import frame
from studio.ui.access import Visit

Path = tuple[str, ...]
_DAY = re.compile(r"\d{4}-[01]\d-[0-3]\d")
_FIRST_DAY, _LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+\-.!|$~:<>&])")


def plain(text: str) -> str:
    """Somebody's text for a label that Streamlit reads as markdown: it shows as typed, on one line."""
    return _MARKDOWN.sub(r"\\\1", " ".join(text.split()))


@dataclass(frozen=True)
class Draft:
    """A form of plain JSON values under a name. `form` is the draft, or what it would start from."""

    visit: Visit
    name: str
    form: dict[str, Any]
    begun: bool

    def change(self, do: Callable[[dict[str, Any]], object]) -> None:
        """Applies `do` to the draft as it is now and keeps it, in a callback."""
        store, person = self.visit.store, self.visit.person.id
        form = drafts.kept(store, person, self.name) or self.form
        do(form)
        frame.attempt(lambda: drafts.keep(store, person, self.name, form))

    def drop(self) -> None:
        drafts.drop(self.visit.store, self.visit.person.id, self.name)

    def again(self) -> dict[str, Any]:
        """The draft as it is now, in a callback."""
        return drafts.kept(self.visit.store, self.visit.person.id, self.name) or self.form


def draft(visit: Visit, name: str, start: Callable[[], dict[str, Any]]) -> Draft:
    """The draft called `name` of this person in this project; `start` makes the form when there is none."""
    full = f"{visit.project_id}/{name}"
    found = drafts.kept(visit.store, visit.person.id, full)
    return Draft(visit, full, start() if found is None else found, found is not None)


def at(form: Any, path: Path) -> Any:
    """The value at `path`: keys of objects, ids of the items of lists."""
    for part in path:
        form = next(item for item in form if item["id"] == part) if isinstance(form, list) else form.get(part)
    return form


def _put(form: dict[str, Any], path: Path, value: Any) -> None:
    at(form, path[:-1])[path[-1]] = value


def _typed(held: Draft, path: Path, key: str) -> None:
    value = st.session_state[key]
    held.change(lambda form: _put(form, path, value))


def _shown(held: Draft, path: Path, key: str, value: Any) -> dict[str, Any]:
    """What every field passes on. `value` (the draft's) also goes in as the field's default, by the caller: a value
    that is only in the session state is lost on the way to the browser when a click interrupts the run."""
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[key] = value
    return {"key": key, "on_change": _typed, "args": (held, path, key)}


def line(held: Draft, path: Path, label: str, key: str, **more: Any) -> str:
    value = at(held.form, path) or ""
    return st.text_input(label, value, **_shown(held, path, key, value), **more) or ""


def area(held: Draft, path: Path, label: str, key: str, **more: Any) -> str:
    """A text of any length, as high as what is in it."""
    value = at(held.form, path) or ""
    return st.text_area(label, value, height="content", **_shown(held, path, key, value), **more) or ""


def number(held: Draft, path: Path, label: str, key: str, **more: Any) -> Any:
    value = at(held.form, path) or more["min_value"]
    return st.number_input(label, value=value, **_shown(held, path, key, value), **more)


def day(held: Draft, path: Path, label: str, key: str, **more: Any) -> None:
    """A date, or none; in the draft as YYYY-MM-DD. What is no date there shows as none."""
    text = at(held.form, path) or ""
    value = datetime.date.fromisoformat(text) if _DAY.fullmatch(text) else None
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[key] = value
    st.date_input(
        label, value, format="YYYY-MM-DD", min_value=_FIRST_DAY, max_value=_LAST_DAY, key=key, on_change=_dated,
        args=(held, path, key), **more,
    )  # fmt: skip


def _dated(held: Draft, path: Path, key: str) -> None:
    value = st.session_state[key]
    held.change(lambda form: _put(form, path, value.isoformat() if value else ""))


def flag(held: Draft, path: Path, label: str, key: str, **more: Any) -> bool:
    value = bool(at(held.form, path))
    return st.checkbox(label, value, **_shown(held, path, key, value), **more)


def one(held: Draft, path: Path, label: str, key: str, options: Sequence[str], **more: Any) -> str | None:
    """One of `options`; a value that is no longer among them shows as nothing chosen."""
    value = at(held.form, path)
    value = value if value in options else None
    index = None if value is None else list(options).index(value)
    return st.selectbox(label, options, index, **_shown(held, path, key, value), **more)


def choice(held: Draft, path: Path, label: str, key: str, words: dict[str, str]) -> str:
    """One of a few sentences (value -> sentence), all in sight; "" while nothing is chosen."""
    value = at(held.form, path)
    value = value if value in words else None
    index = None if value is None else list(words).index(value)
    shown = _shown(held, path, key, value)
    return st.radio(label, list(words), index, format_func=words.__getitem__, **shown) or ""


def several(held: Draft, path: Path, label: str, key: str, options: Sequence[str], **more: Any) -> list[str]:
    value = [v for v in at(held.form, path) or [] if v in options]
    return st.multiselect(label, options, value, **_shown(held, path, key, value), **more)


def view(key: str, words: dict[str, str], label: str) -> str:
    """Which part of a page is shown (value -> words); in the address too, so that a reload or a link finds it."""
    first = next(iter(words))
    if st.session_state.get(key) not in words:
        asked = st.query_params.get(key, first)
        st.session_state[key] = asked if asked in words else first
    chosen = st.segmented_control(
        label, list(words), format_func=words.__getitem__, key=key, label_visibility="collapsed", required=True
    )
    chosen = chosen or first
    if chosen != first:
        st.query_params[key] = chosen
    elif key in st.query_params:
        del st.query_params[key]
    frame.heard(words[chosen])
    return chosen
