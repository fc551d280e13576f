"""Comments on the verdict, on the Decision page: threads that name people, are answered, and settled."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

import streamlit as st

from studio import discussion
from studio.discussion import Read, Thread
from studio.records import Refusal, Round
from studio.store import comments, decisions, now, people
from studio.store.comments import Remark
from studio.ui import answers, blocks, draft_fields, earlier_parts, frame, keys, notices
from studio.ui.access import Visit, spoken
from studio.wording import all_of

TITLE = "Comments"
_PLACE = "comments"


def show(visit: Visit, found: Round) -> None:
    """The open threads among the signatures in the order of time, the settled ones, and the field for a new one."""
    blocks.section(
        TITLE,
        f"Between {spoken(discussion.MAY_COMMENT)}, before and after it is signed. Whoever is named with an @ finds it "
        "on their first page until they answer or it is settled. Reviewers do not read this, so that their votes stay "
        "their own.",
    )
    notices.show(_PLACE)
    told = discussion.threads(visit.store, found)
    names = _names(visit)
    lines: list[tuple[str, Thread | str]] = [(each.first.at, each) for each in told if not each.settled]
    signed: list[tuple[str, Thread | str]] = [
        (d.at, _signature(d, names)) for d in decisions.every(visit.store, found.project) if d.round == found.id
    ]
    for _, each in sorted([*lines, *signed], key=lambda line: line[0]) if lines else []:
        if isinstance(each, Thread):
            _thread(visit, each, names)
        else:
            st.html(f'<p class="yr-signature">{escape(each)}</p>')
    if settled := [each for each in told if each.settled]:
        with (
            st.container(key="comments-over"),
            st.expander(blocks.several(len(settled), "settled thread"), key="comments-settled"),
        ):
            for each in settled:
                _thread(visit, each, names)
    if visit.person.role in discussion.MAY_COMMENT:
        with st.container(key="comments-new"):
            _field(visit, f"comment-{found.id}", "A comment on the verdict", "Add the comment", _adding(visit, found))


def earlier(visit: Visit, found: Round) -> None:
    """What was said of the project's other rounds, which this page does not show any more: to read and to answer. Not
    for who votes in an open one: it is about what each arm did."""
    told = discussion.earlier(visit.store, found)
    if not told:
        return
    if answers.held_back(visit):
        blocks.note(
            f"{blocks.several(len(told), 'thread')} of comments on earlier rounds: shown to you again when the open "
            "round, in which your votes count, has closed."
        )
        return
    if found.state != "closed":
        notices.show(_PLACE)
    left = sum(not each.settled for each in told)
    state = f"{left:,} not settled" if left else "all settled"
    names = _names(visit)
    with (
        st.container(key="comments-earlier"),
        st.expander(
            f"Comments on earlier rounds: {blocks.several(len(told), 'thread')}, {state}", key="comments-before"
        ),
    ):
        links, of = earlier_parts.links(visit), ""
        for each in told:
            if each.first.round != of and (of := each.first.round) in links:
                st.html(f'<p class="ys-note">On {links[of].html}</p>')
            _thread(visit, each, names)


def _names(visit: Visit) -> dict[str, str]:
    here = {each.id for each in people.everyone(visit.store) if each.active}
    return {
        person: name if person in here else f"{name} (no longer here)"
        for person, name in people.names(visit.store).items()
    }


def _signature(each: decisions.Decision, names: dict[str, str]) -> str:
    taken = "; withdrawn since" if each.withdrawn else ""
    return f"{names.get(each.signed_by, 'Somebody')} signed: {each.in_words}, {blocks.when(each.at)}{taken}"


# -- one thread ------------------------------------------------------------------------------------


def _thread(visit: Visit, thread: Thread, names: dict[str, str]) -> None:
    name = thread.first.id[:12]
    with st.container(key=f"comments-thread-{name}", gap="small"):
        _remark(thread.first, names)
        if thread.answers:
            with st.container(key=f"comments-answers-{name}", gap="small"):
                for each in thread.answers:
                    _remark(each, names)
                    with st.container(horizontal=True, key=f"comments-own-{each.id[:12]}", gap="medium"):
                        _own(visit, each)
        if thread.settled:
            blocks.note(f"Settled by {names.get(thread.first.settled_by, 'somebody')}.")
        with st.container(horizontal=True, key=f"comments-do-{name}", gap="medium", vertical_alignment="center"):
            if not thread.settled:
                with st.popover("Answer", icon=":material/reply:", type="tertiary", key=f"comments-answer-{name}"):
                    key = f"comment-to-{thread.first.id}"
                    _field(visit, key, "Your answer", "Answer", _answering(visit, thread))
            word = "Open it again" if thread.settled else "Settle"
            st.button(word, key=f"comments-settle-{name}", type="tertiary", on_click=_settle, args=(visit, thread),
                      help="Nothing is left to answer: it waits for nobody any more." if not thread.settled else None,
                      icon=None if thread.settled else ":material/check:")  # fmt: skip
            _own(visit, thread.first)


def _remark(remark: Remark, names: dict[str, str]) -> None:
    who = names.get(remark.person, "Somebody")
    if remark.removed:
        taken = f"{who} took back what stood here ({blocks.when(remark.at)})."
        st.html(f'<p class="yr-taken">{escape(taken)}</p>')
        return
    edited = ", reworded since" if remark.edited else ""
    words = "".join(
        f"<b>@{escape(names.get(person, 'somebody'))}</b>" if person else escape(text)
        for text, person in discussion.pieces(remark)
    )
    st.html(
        f'<article class="yr-remark"><p class="yr-who"><b>{escape(who)}</b> '
        f"<span>{blocks.when(remark.at)}{edited}</span></p><p>{words}</p></article>"
    )


def _own(visit: Visit, remark: Remark) -> None:
    """What its author may still do with a comment."""
    name = remark.id[:12]
    if remark.removed or remark.person != visit.person.id:
        return
    if now() <= comments.editable_until(remark.at):
        with st.popover("Reword", type="tertiary", key=f"comments-reword-{name}"):
            labels = discussion.mentionable(visit.store)
            saved = discussion.said(remark, {**people.names(visit.store), **labels})
            _field(visit, f"comment-edit-{remark.id}", "Your comment", "Save", _rewording(visit, remark), saved)
            blocks.note(f"Possible for {comments.EDIT_MINUTES} minutes; the record keeps what it said before.")
    st.button("Take back", key=f"comments-back-{name}", type="tertiary", on_click=_take_back, args=(visit, remark),
              help="Its words go from the page; that there was a comment stays.")  # fmt: skip


# -- a field ---------------------------------------------------------------------------------------


def _field(visit: Visit, key: str, label: str, action: str, do: Callable[[str], Read], saved: str = "") -> None:
    """A text that survives a reload, people to pick for it, and whom it will tell. `saved`: a comment that is reworded,
    which the field shows again once that is done."""
    typed = draft_fields.area(visit, label, key, saved, max_chars=discussion.LONGEST, height=100)
    named = {p: each for p, each in discussion.mentionable(visit.store).items() if p != visit.person.id}
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(action, key=f"{key}-do", on_click=_send, args=(visit, key, do, bool(saved)))
        if named:
            st.selectbox(
                "Name somebody", sorted(named.values(), key=str.casefold), None, key=f"{key}-pick", width=240,
                placeholder="@ Name somebody", label_visibility="collapsed", on_change=_pick, args=(visit, key),
            )  # fmt: skip
    _whom(visit, typed)


def _whom(visit: Visit, typed: str) -> None:
    try:
        told = discussion.read(typed, discussion.mentionable(visit.store))
    except Refusal as refusal:
        blocks.note(str(refusal))
        return
    if "@" in typed and (said := _told(visit, told)):
        blocks.note(said)


def _told(visit: Visit, read: Read) -> str:
    """Whom a text tells, and which of its @ are nobody."""
    names = people.names(visit.store)
    others = [names[person] for person in read.mentions if person != visit.person.id]
    tells = f"It waits for {all_of(others)} on their first page." if others else ""
    nobody = f"Nobody who reads this is called {all_of(list(read.unknown))}." if read.unknown else ""
    return f"{tells} {nobody}".strip()


def _pick(visit: Visit, key: str) -> None:
    if picked := st.session_state.get(f"{key}-pick"):
        before = str(st.session_state.get(key) or "")
        gap = "" if not before or before[-1].isspace() else " "
        draft_fields.put(visit, key, f"{before}{gap}@{picked} "[: discussion.LONGEST])
    st.session_state[f"{key}-pick"] = None


def _send(visit: Visit, key: str, do: Callable[[str], Read], rewords: bool) -> None:
    text = str(st.session_state.get(key) or "")
    if not text.strip() and f"{keys.NOTICE}-{_PLACE}" in st.session_state:
        return  # the second click of a double click: the first one has sent it
    read = frame.attempt(lambda: do(text), "Saved.")
    if read is not None:
        draft_fields.forget(visit, key, text.strip() if rewords else "")
        st.session_state[keys.NOTICE] = ["said", f"Saved. {_told(visit, read)}".strip()]
    notices.keep_for(_PLACE)


def _adding(visit: Visit, found: Round) -> Callable[[str], Read]:
    return lambda text: discussion.add(visit.store, visit.person, found, text)


def _answering(visit: Visit, thread: Thread) -> Callable[[str], Read]:
    return lambda text: discussion.answer(visit.store, visit.person, thread, text)


def _rewording(visit: Visit, remark: Remark) -> Callable[[str], Read]:
    return lambda text: discussion.edit(visit.store, visit.person, remark, text)


def _take_back(visit: Visit, remark: Remark) -> None:
    frame.attempt(lambda: discussion.take_back(visit.store, visit.person, remark), "Taken back; Undo brings it again.")
    notices.keep_for(_PLACE)


def _settle(visit: Visit, thread: Thread) -> None:
    said = "The thread is open again." if thread.settled else "Settled; it stays under the settled threads."
    frame.attempt(lambda: discussion.settle(visit.store, visit.person, thread, not thread.settled), said)
    notices.keep_for(_PLACE)
