"""What can be done with a selection of examples: all of a view or some of it, in one step that can be undone."""

from __future__ import annotations

from typing import Any

import streamlit as st

from studio.examples import acting
from studio.examples.acting import PART, Change, Trash, Wish
from studio.records import HARD_KINDS, Brief, Example, Status
from studio.store import briefs, finding, people
from studio.store import examples as rows
from studio.store.finding import Filter
from studio.ui import blocks, draft_fields, finding_parts, form_fields, frame, keys, long_step
from studio.ui.access import Visit

_ACTIONS = {Status.approved: "Approve", Status.in_review: "Back to review", Status.rejected: "Reject"}
_SAID = {Status.approved: "approved", Status.in_review: "back in review", Status.rejected: "rejected"}


def picked(visit: Visit) -> list[str]:
    """What is selected in this project, in the list and in the trash. A selection stays with its project."""
    project, ids = st.session_state.get(keys.PICKED) or ["", []]
    return list(ids) if project == visit.project_id else []


def picked_listed(visit: Visit) -> list[str]:
    """What is selected and not in the trash."""
    chosen = picked(visit)
    return rows.listed(visit.store, chosen) if chosen else []


def pick(visit: Visit, ids: list[str]) -> None:
    st.session_state[keys.PICKED] = [visit.project_id, ids]


def _unpick(visit: Visit, ids: list[str]) -> None:
    """Takes what was acted on out of the selection."""
    done = set(ids)
    pick(visit, [name for name in picked(visit) if name not in done])


def pick_view(visit: Visit, wanted: Filter) -> None:
    """Selects all that `wanted` finds now, in a callback; what comes in later is not among them."""
    pick(visit, finding.ids(visit.store, visit.project_id, wanted))


def _pick_one(visit: Visit, example: str, key: str) -> None:
    others = [e for e in picked(visit) if e != example]
    pick(visit, [*others, example] if st.session_state[key] else others)


def check_box(visit: Visit, example: Example, prefix: str = keys.PICK) -> None:
    """Whether this one is selected."""
    key = f"{prefix}-{example.id}"
    st.session_state[key] = example.id in picked(visit)
    label = f"Select: {form_fields.plain(example.input[:60])}"
    st.checkbox(
        label, key=key, label_visibility="collapsed", on_change=_pick_one, args=(visit, example.id, key),
        width="content",
    )  # fmt: skip


def bar(visit: Visit, here: list[str], found: int, wanted: Filter) -> None:
    """The bar above the list: select, and what to do with what is selected."""
    chosen = picked_listed(visit)
    with st.container(key="examples-selected", horizontal=True, vertical_alignment="center"):
        if not chosen:
            st.button(f"Select these {len(here)}", key="examples-pick-page", type="tertiary", on_click=pick,
                      args=(visit, here))  # fmt: skip
            if found > len(here):
                st.button(f"Select all {found:,} that match", key="examples-pick-all", type="tertiary",
                          on_click=pick_view, args=(visit, wanted))  # fmt: skip
            return
        st.markdown(f"**{len(chosen):,} selected**", width="content")
        for status, label in _ACTIONS.items():
            st.button(label, key=f"examples-mark-{status.value}", on_click=_mark, args=(visit, status, chosen))
        with st.popover("Change…", key="examples-change"):
            _change_form(visit, chosen)
        st.button("Move to trash", key="examples-to-trash", on_click=_trashed, args=(visit, chosen, True))
        st.button("Select none", key="examples-pick-none", type="tertiary", on_click=pick, args=(visit, []))
    if empty := [e.id for e in rows.without_ideal(visit.store, chosen)]:
        label = f"Leave out the {len(empty):,} without an ideal output, which cannot be approved"
        st.button(label, key="examples-unpick-empty", type="tertiary", on_click=_unpick, args=(visit, empty))


def trash_bar(visit: Visit, here: list[str]) -> None:
    """The bar above the trash: select, and bring back."""
    with st.container(key="examples-selected", horizontal=True, vertical_alignment="center"):
        st.button(
            f"Select these {len(here)}", key="examples-pick-page", type="tertiary", on_click=pick, args=(visit, here)
        )
        shown = set(here)
        chosen = [name for name in picked(visit) if name in shown]
        label = f"Bring {len(chosen)} back" if chosen else "Bring back"
        st.button(label, key="examples-restore", disabled=not chosen, on_click=_trashed, args=(visit, chosen, False))


def do(visit: Visit, ids: list[str], wish: Wish, said: str) -> int | None:
    """In a callback: does it to all of `ids`, many of them on the page that follows; how many wait for a second
    approval, 0 while that is not known. None when it was refused, which the next run says."""

    def begin() -> int:
        if len(ids) <= PART:
            return acting.do(visit.store, visit.person.id, visit.project_id, ids, wish)
        long_step.start(visit, acting.begin(visit.store, visit.person.id, visit.project_id, ids, wish).id, said)
        return 0

    waiting = frame.attempt(begin)
    if waiting is not None and len(ids) <= PART:
        st.session_state[keys.NOTICE] = ["said", said]
    return waiting


def _mark(visit: Visit, status: Status, chosen: list[str]) -> None:
    waiting = do(visit, chosen, status, _marked(len(chosen), status))
    if waiting is not None:
        _unpick(visit, chosen)
    if waiting:
        needs = "needs" if waiting == 1 else "need"
        still = f" {blocks.several(waiting, 'example')} {needs} a second approval first."
        st.session_state[keys.NOTICE] = ["said", _marked(len(chosen) - waiting, status) + still]


def _marked(count: int, status: Status) -> str:
    return f"{blocks.several(count, 'example')} {'is' if count == 1 else 'are'} {_SAID[status]}. Undo takes it back."


# -- one change to all of them ---------------------------------------------------------------------

_WHAT = {
    "add_tags": "Add a tag",
    "remove_tags": "Take a tag off",
    "slice": "Put into a kind of input (slice)",
    "add_kinds": "Mark as hard because",
    "remove_kinds": "No longer hard because",
    "assigned": "Give to a person (assign)",
    "recheck": "Send to be looked at again (re-check)",
    "review_by": "Set the date to review them by",
}


def _change_form(visit: Visit, chosen: list[str]) -> None:
    what = st.selectbox("What to change", list(_WHAT), key="acting-what", format_func=_WHAT.__getitem__) or "add_tags"
    _field(visit, what)
    st.button(
        f"Change {blocks.several(len(chosen), 'example')}", key="acting-do", type="primary", on_click=_changed,
        args=(visit, what, chosen),
    )  # fmt: skip


def _field(visit: Visit, what: str) -> None:
    """The one field that this change asks for; its key is `acting-` and the change."""
    key, offer = f"acting-{what}", finding_parts.offered(visit)
    more: dict[str, Any] = {"accept_new_options": True, "placeholder": "Type a word and press Enter"}
    if what == "slice":
        brief = briefs.latest(visit.store, visit.project_id) or Brief()
        named = list(dict.fromkeys(["", *(s.name for s in brief.slices), *offer.slices]))
        st.selectbox("Kind of input (slice)", named, key=key, format_func=lambda s: s or "None")
    elif what == "assigned":
        names = {"": "Nobody"} | {p.id: p.name for p in people.everyone(visit.store) if p.active}
        st.selectbox("Person", list(names), key=key, format_func=lambda p: names.get(p, "Somebody who left"))
    elif what == "recheck":
        draft_fields.line(visit, "Why, in a few words", key, placeholder="The refund policy changed")
    elif what == "review_by":
        st.date_input("Review by (empty: no date)", None, key=key)
    elif what == "add_tags":
        st.multiselect("Tags", offer.tags, key=key, **more)
    elif what == "remove_tags":
        st.multiselect("Tags", offer.tags, key=key)
    else:
        kinds = list(dict.fromkeys([*HARD_KINDS, *offer.kinds])) if what == "add_kinds" else list(offer.kinds)
        given = more if what == "add_kinds" else {}
        st.multiselect("What is hard about them", kinds, key=key, format_func=lambda k: k.replace("_", " "), **given)


def _changed(visit: Visit, what: str, chosen: list[str]) -> None:
    value = st.session_state.get(f"acting-{what}")
    if what == "review_by":
        value = value.isoformat() if value else ""
    given: Any = tuple(value or ()) if what.endswith(("_tags", "_kinds")) else value or ""
    said = f"{_WHAT[what]}: done for {blocks.several(len(chosen), 'example')}. Undo takes it back."
    if do(visit, chosen, Change(**{what: given}), said) is not None:
        draft_fields.saved_as(visit, f"acting-{what}")
        _unpick(visit, chosen)


def _trashed(visit: Visit, chosen: list[str], into: bool) -> None:
    where = "in the trash; you can bring them back from there" if into else "back in the list"
    if do(visit, chosen, Trash(into), f"{blocks.several(len(chosen), 'example')} now {where}.") is not None:
        _unpick(visit, chosen)
