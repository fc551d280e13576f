"""What of the examples is shown: the filter, which lives in the page's address, and the saved views."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import fields
from functools import partial
from typing import Any

import streamlit as st

from studio.examples import views
from studio.records import Consent, Split, Status
from studio.store import examples as rows
from studio.store import finding, people
from studio.store import views as view_rows
from studio.store.finding import MOST_GROUPS, NO, NONE, YES, Choices, Filter
from studio.store.views import View
from studio.ui import blocks, draft_fields, form_fields, frame, keys, prose
from studio.ui.access import Visit

_VIEW_NAME = "examples-view-name"
_FIELDS = tuple(f.name for f in fields(Filter) if f.name != "trashed")
_SPLITS = {"train": "Learnt from (train)", "validation": "Watched (validation)", "test": "Held back (test)"}
CONSENT = {"unknown": "Not known", "given": "Given", "not_needed": "Not needed", "withdrawn": "Withdrawn"}
_FLAGS = {
    "recheck": "To look at again (re-check)",
    "due": "Past its review or expiry date",
    "stale": "Approved before the brief changed its meaning",
}
_TITLES = {
    "among": "Only",
    "text": "Says", "status": "Status", "slice": "Kind of input", "kind": "Hard because", "tag": "Tag",
    "split": "Used for (split)", "source": "Where from", "assigned": "For whom", "consent": "Consent",
    "batch": "Import", "licence": "Licence", "group": "Group", "author": "Written by", "system": "System text",
    "worse": "Worse answer", "comments": "Comments", **_FLAGS,
}  # fmt: skip
_HAS = {
    "system": ("A system text", {YES: "Has one", NO: "Has none"}),
    "worse": ("A worse answer beside the ideal one", {YES: "Has one", NO: "Has none"}),
    "comments": ("Comments of the team", {YES: "Has some", NO: "Has none"}),
}


def wanted() -> Filter:
    """The filter in the address; the last one of this project when the address holds none."""
    given = {name: st.query_params[name] for name in _FIELDS if name in st.query_params}
    project, last = st.session_state.get(keys.FOUND) or ["", {}]
    if not given and project == st.query_params.get("project") and last:
        _put(Filter.of(last), page=st.query_params.get(PAGE_NUMBER, ""))
        return Filter.of(last)
    return Filter.of(given)


PAGE_NUMBER = "list-page"


def put(filter: Filter) -> None:
    """Shows what `filter` finds, from its first page, in a callback."""
    _put(filter, page="")


def _put(filter: Filter, page: str) -> None:
    given = filter.given()
    for name in _FIELDS:
        if name in given:
            st.query_params[name] = given[name]
        else:
            st.query_params.pop(name, None)
    if not page:
        st.query_params.pop(PAGE_NUMBER, None)
    st.session_state[keys.FOUND] = [st.query_params.get("project", ""), given]


def show_list(filter: Filter) -> None:
    """The list with what `filter` finds, from another part of the page, in a callback."""
    st.session_state[keys.EXAMPLES_VIEW] = "list"
    put(filter)


def _set(name: str, key: str) -> None:
    changed: dict[str, Any] = {name: st.session_state[key] or ""}
    put(dataclasses.replace(wanted(), **changed))


def _drop(name: str) -> None:
    put(dataclasses.replace(wanted(), **{name: getattr(Filter(), name)}))


# -- the fields ------------------------------------------------------------------------------------


@st.cache_data(max_entries=16, show_spinner=False)
def _choices(_store: object, workspace: str, version: int, project: str) -> Choices:
    return finding.choices(_store, project)  # type: ignore[arg-type]


def offered(visit: Visit) -> Choices:
    """What there is to filter by, read once for each state of the store."""
    return _choices(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id)


def filters(visit: Visit, counts: dict[str, int]) -> Filter:
    """The fields above the list. `counts`: status -> examples."""
    now, offer = wanted(), offered(visit)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _seed("examples-search", now.text)
        st.text_input(
            "Search in inputs, ideal outputs and earlier turns", now.text, key="examples-search", type="search",
            live=True, width=340, on_change=_set, args=("text", "examples-search"),
        )  # fmt: skip
        _one("slice", "Kind of input", now, ["", *offer.slices, NONE], width=200)
        with st.popover("More ways to narrow", key="examples-more", icon=":material/filter_list:"):
            _more(visit, now, offer)
        with st.popover("Views", key="examples-views", icon=":material/bookmark:"):
            _views(visit, now)
    words = {"": f"All {sum(counts.values()):,}"}
    words |= {s.value: f"{prose.STATUS_WORDS[s]} {counts[s.value]:,}" for s in Status}
    status = now.status if now.status in words else ""
    _seed("examples-status", status)
    st.segmented_control(
        "Status", list(words), key="examples-status", format_func=words.__getitem__, default=status, required=True,
        on_change=_set, args=("status", "examples-status"),
    )  # fmt: skip
    _narrowed(visit, now)
    return now


def _seed(key: str, value: object) -> None:
    if key in st.session_state and st.session_state[key] != value:
        st.session_state[key] = value


def _one(name: str, label: str, now: Filter, options: Sequence[str], words: dict[str, str] | None = None,
         **more: Any) -> None:  # fmt: skip
    value, key = getattr(now, name), f"examples-{name}"
    listed = list(dict.fromkeys([*options, value]))
    said = {"": "Any", NONE: "None given"} | (words or {})
    _seed(key, value)
    st.selectbox(
        label, listed, listed.index(value), key=key, format_func=lambda v: said.get(v, v), on_change=_set,
        args=(name, key), **more,
    )  # fmt: skip


def _more(visit: Visit, now: Filter, offer: Choices) -> None:
    names = people.names(visit.store)
    imports = {b.id: f"{b.file}, {blocks.when(b.at)}" for b in rows.batches(visit.store, visit.project_id)}
    _one("kind", "Hard because", now, ["", *offer.kinds], {k: k.replace("_", " ") for k in offer.kinds})
    _one("tag", "Tag", now, ["", *offer.tags])
    _one("assigned", "For whom (assigned)", now, ["", *offer.assigned, NONE], names | {NONE: "Nobody"})
    _one("split", "Used for (split)", now, ["", *(s.value for s in Split), NONE], _SPLITS | {NONE: "Not drawn yet"})
    _one("source", "Where it comes from", now, ["", *offer.sources, NONE])
    _one("batch", "Import", now, ["", *imports], imports)
    _one("consent", "Consent of the person it comes from", now, ["", *(c.value for c in Consent)], CONSENT)
    _one("licence", "Licence", now, ["", *offer.licences, NONE])
    _one("group", "Group (kept together)", now, ["", *offer.groups, NONE], accept_new_options=True,
         help=f"The {MOST_GROUPS} largest are listed; type the name of any other and press Enter")  # fmt: skip
    wrote = {author: names.get(author, "somebody who left") for author in offer.authors}
    _one("author", "Written by", now, ["", *offer.authors], wrote,
         help="Who first wrote it here or imported it, whoever changed it since")  # fmt: skip
    for name, (title, said) in _HAS.items():
        _one(name, title, now, ["", *said], said)
    for name, label in _FLAGS.items():
        key = f"examples-{name}"
        _seed(key, getattr(now, name))
        st.checkbox(label, getattr(now, name), key=key, on_change=_flag, args=(name, key))


def _flag(name: str, key: str) -> None:
    changed: dict[str, Any] = {name: bool(st.session_state[key])}
    put(dataclasses.replace(wanted(), **changed))


def _narrowed(visit: Visit, now: Filter) -> None:
    """Each part of the filter that no field in sight shows, with a way to drop it; and all of them at once."""
    given = now.given()
    hidden = [name for name in given if name not in ("text", "status", "slice", "trashed")]
    if now.status and now.status not in list(Status):
        hidden.append("status")
    if not given:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="examples-narrowed"):
        for name in hidden:
            said = form_fields.plain(_told(visit, name, given[name]))
            st.button(said, key=f"examples-drop-{name}", icon=":material/close:", on_click=_drop, args=(name,),
                      help="Show those without it, too")  # fmt: skip
        st.button("Show all", key="examples-show-all", type="tertiary", on_click=put, args=(Filter(),))


def _told(visit: Visit, name: str, value: str) -> str:
    """One part of a filter in words."""
    if name in _FLAGS:
        return _FLAGS[name]
    if name == "assigned":
        value = "nobody" if value == NONE else people.names(visit.store).get(value, "somebody who left")
    elif name == "among":
        value = "the examples of a finding"
    elif name == "author":
        value = people.names(visit.store).get(value, "somebody who left")
    elif name in _HAS:
        value = _HAS[name][1].get(value, value).lower()
    elif name == "batch":
        value = next((b.file for b in rows.batches(visit.store, visit.project_id) if b.id == value), "one undone")
    elif value == NONE:
        value = "none given"
    words = _SPLITS | CONSENT | {s.value: prose.STATUS_WORDS[s] for s in Status}
    return f"{_TITLES[name]}: {words.get(value, value.replace('_', ' ') if name == 'kind' else value)}"


# -- saved views -----------------------------------------------------------------------------------


def _views(visit: Visit, now: Filter) -> None:
    found = view_rows.every(visit.store, visit.project_id)
    st.caption("A view is a filter under a name, for everybody in this project. The address of this page holds the "
               "filter too: send it to show somebody what you see.")  # fmt: skip
    for view in found:
        _view(visit, view, now)
    if not visit.may_edit:
        return
    current = next((view for view in found if view.wanted == now), None)
    draft_fields.line(visit, "Name", _VIEW_NAME, max_chars=views.LONGEST)
    if current:
        label = f"Rename “{form_fields.plain(current.name)}”"
        st.button(label, key="examples-view-rename", on_click=_renamed, args=(visit, current))
    else:
        st.button("Save what is shown as a view", key="examples-view-save", on_click=_saved, args=(visit, now),
                  disabled=not now.given(), help=None if now.given() else "Narrow the list first")  # fmt: skip


def _view(visit: Visit, view: View, now: Filter) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.button(
            form_fields.plain(view.name) + (" (shown now)" if view.wanted == now else ""), type="tertiary",
            key=f"examples-view-open-{view.id}", on_click=put, args=(view.wanted,),
            help=form_fields.plain("; ".join(_told_of(visit, view.wanted))),
        )  # fmt: skip
        if visit.may_edit:
            st.button(
                "Remove", key=f"examples-view-remove-{view.id}", type="tertiary", on_click=_removed, args=(visit, view)
            )


def _told_of(visit: Visit, wanted: Filter) -> list[str]:
    return [_told(visit, name, value) for name, value in wanted.given().items()]


def _saved(visit: Visit, now: Filter) -> None:
    name = draft_fields.value(visit, _VIEW_NAME)
    do = partial(views.save, visit.store, visit.person.id, visit.project_id, name, now)
    if made := frame.attempt(do):
        st.session_state[keys.NOTICE] = ["said", f"Saved as the view “{made.name}”."]
        draft_fields.forget(visit, _VIEW_NAME)


def _renamed(visit: Visit, view: View) -> None:
    name = draft_fields.value(visit, _VIEW_NAME)
    do = partial(views.rename, visit.store, visit.person.id, visit.project_id, view, name)
    if made := frame.attempt(do):
        st.session_state[keys.NOTICE] = ["said", f"The view is now called “{made.name}”."]
        draft_fields.forget(visit, _VIEW_NAME)


def _removed(visit: Visit, view: View) -> None:
    said = f"The view “{view.name}” is removed; the examples stay. Undo brings it back."
    frame.attempt(partial(views.remove, visit.store, visit.person.id, visit.project_id, view), said)
