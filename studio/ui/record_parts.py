"""Teamwork on one example, in its editor: who has it open, how its approvals stand, who looks after it, comments."""

from __future__ import annotations

from html import escape

import streamlit as st

from studio import drafts
from studio.examples import approval, step, teamwork
from studio.records import Example
from studio.store import briefs, comments, people
from studio.store.comments import Comment
from studio.ui import blocks, frame
from studio.ui.access import Visit
from studio.wording import all_of


def show(visit: Visit, found: Example) -> None:
    """One row: the person who looks after it and its comments; above it, who else is here."""
    _also_here(visit, found.id)
    names = people.names(visit.store)
    standing = approval.in_words(found, briefs.latest(visit.store, visit.project_id), names)
    if standing:
        blocks.note(standing)
    with st.container(key="record-team", horizontal=True, vertical_alignment="bottom", gap="medium"):
        _assigned(visit, found, names)
        _comments(visit, found, names)


@st.fragment(run_every=10)
def _also_here(visit: Visit, example: str) -> None:
    """Asks again every ten seconds; a page that was closed is forgotten after thirty."""
    names = people.names(visit.store)
    others = teamwork.readers(visit.store).others(example, visit.person.id)
    if others:
        who = all_of([names.get(person, "somebody") for person in others])
        has = "has" if len(others) == 1 else "have"
        frame.warnings(
            [f"{who} {has} this open, too. Whoever saves second sees both versions; nothing is overwritten."]
        )


def _assigned(visit: Visit, found: Example, names: dict[str, str]) -> None:
    if not visit.may_edit:
        if found.assigned:
            blocks.note(f"{names.get(found.assigned, 'Somebody who left')} looks after it.")
        return
    known = {"": "Nobody"} | {p.id: p.name for p in people.everyone(visit.store) if p.active and not p.scripted}
    known |= {found.assigned: known.get(found.assigned, "Somebody who left")}
    key = f"record-assigned-{found.id}-{found.revision}"
    st.selectbox(
        "Who looks after it", list(known), list(known).index(found.assigned), key=key, width=240,
        format_func=known.__getitem__, on_change=_assign, args=(visit, found.id, key),
    )  # fmt: skip


def _assign(visit: Visit, example: str, key: str) -> None:
    person = str(st.session_state[key])
    said = "Saved. Undo takes it back."
    frame.attempt(lambda: step.assign(visit.store, visit.person.id, visit.project_id, [example], person), said)


# -- comments --------------------------------------------------------------------------------------


def _comments(visit: Visit, found: Example, names: dict[str, str]) -> None:
    said = comments.of_example(visit.store, found.id)
    label = blocks.several(len(said), "comment") if said else "Comment"
    with st.popover(label, icon=":material/chat_bubble:", key=f"record-comments-{found.id}"):
        for each in said:
            _one(visit, each, names)
        key = f"record-comment-{found.id}"
        if key not in st.session_state:
            kept = drafts.kept(visit.store, visit.person.id, _draft(found.id))
            st.session_state[key] = kept["text"] if kept else ""
        st.text_area("A comment for the team", key=key, height="content", on_change=_typed, args=(visit, found.id, key))
        st.button("Add the comment", key=f"record-add-{found.id}", on_click=_add, args=(visit, found.id, key))


def _one(visit: Visit, found: Comment, names: dict[str, str]) -> None:
    who = names.get(found.person, "Somebody who left")
    head = f'<p class="ys-act"><b>{escape(who)}</b><span>{blocks.when(found.at)}</span></p>'
    with st.container(key=f"record-said-{found.id}", gap="xsmall"):
        st.html(head)
        blocks.plain(found.body)
        if found.person == visit.person.id:
            st.button("Take away", key=f"record-remove-{found.id}", type="tertiary", on_click=_remove,
                      args=(visit, found))  # fmt: skip


def _draft(example: str) -> str:
    return f"comment/{example}"


def _typed(visit: Visit, example: str, key: str) -> None:
    form = {"text": st.session_state[key]}
    frame.attempt(lambda: drafts.keep(visit.store, visit.person.id, _draft(example), form), seeing=True)


def _add(visit: Visit, example: str, key: str) -> None:
    def add() -> bool:
        body = str(st.session_state.get(key) or "")
        teamwork.comment(visit.store, visit.person.id, visit.project_id, example, body)
        return True

    if frame.attempt(add, "The comment is there for everybody.", seeing=True):
        drafts.drop(visit.store, visit.person.id, _draft(example))
        st.session_state[key] = ""


def _remove(visit: Visit, found: Comment) -> None:
    frame.attempt(
        lambda: teamwork.remove_comment(visit.store, visit.person.id, visit.project_id, found),
        "Your comment is taken away.", seeing=True,
    )  # fmt: skip
