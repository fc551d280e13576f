"""The fields of one form whose draft is kept on disk at each change (`studio.drafts`).

The draft is what holds: a field shows it, and writes to it before anything else of the run. So nothing that
happens on the way - a refusal, another page, a reload - loses a word, and two tabs show the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from studio import drafts
from studio.ui import frame
from studio.ui.access import Visit

Path = tuple[str, ...]
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


def _shown(held: Draft, path: Path, key: str, empty: Any) -> dict[str, Any]:
    """What every field passes on: its key, and the draft's value in it unless it is there already."""
    value = at(held.form, path)
    value = empty if value is None else value
    if key not in st.session_state or st.session_state[key] != value:
        st.session_state[key] = value
    return {"key": key, "on_change": _typed, "args": (held, path, key)}


def line(held: Draft, path: Path, label: str, key: str, **more: Any) -> str:
    return st.text_input(label, **_shown(held, path, key, ""), **more) or ""


def area(held: Draft, path: Path, label: str, key: str, **more: Any) -> str:
    """A text of any length, as high as what is in it."""
    return st.text_area(label, height="content", **_shown(held, path, key, ""), **more) or ""


def number(held: Draft, path: Path, label: str, key: str, **more: Any) -> Any:
    return st.number_input(label, **_shown(held, path, key, more.get("min_value", 0)), **more)


def flag(held: Draft, path: Path, label: str, key: str, **more: Any) -> bool:
    return st.checkbox(label, **_shown(held, path, key, False), **more)


def one(held: Draft, path: Path, label: str, key: str, options: Sequence[str], **more: Any) -> str | None:
    """One of `options`; a value that is no longer among them shows as nothing chosen."""
    if at(held.form, path) not in options:
        st.session_state[key] = None
        return st.selectbox(label, options, key=key, on_change=_typed, args=(held, path, key), **more)
    return st.selectbox(label, options, **_shown(held, path, key, None), **more)


def several(held: Draft, path: Path, label: str, key: str, options: Sequence[str], **more: Any) -> list[str]:
    return st.multiselect(label, options, **_shown(held, path, key, []), **more)
