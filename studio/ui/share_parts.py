"""Read-only links to a decision, on the Decision page: made for somebody without an account, counted, withdrawn."""

from __future__ import annotations

import streamlit as st

from studio import sharing
from studio.records import Round
from studio.review import numbered
from studio.store import people, shares
from studio.store.shares import Share
from studio.ui import access, blocks, draft_fields, frame, keys, notices, share_route
from studio.ui.access import Visit
from studio.wording import day

TITLE = "Show it to somebody outside"
_PLACE = "share"
_LATEST, _THIS = "The project's latest decision", "The decision on this round only"


def links(visit: Visit, found: Round) -> None:
    """The links of the project and, for a PM or an admin, the form for another one."""
    made = shares.of(visit.store, visit.project_id)
    may = visit.person.role in sharing.MAY_SHARE
    if not made and not may:
        return
    blocks.section(
        TITLE,
        "A link for somebody without an account, such as a member of the steering committee: they read the decision on "
        "two printable pages and can do nothing else. It tells nothing of an open round but that votes are coming in.",
    )
    if may:
        _form(visit, found)
        notices.show(_PLACE)
        _fresh()
    else:
        blocks.note("A PM or an admin makes and withdraws links.")
    rounds = {each.round.id: each.name for each in numbered.every(visit.store, visit.project_id)}
    names = people.names(visit.store) | rounds
    stopped = [(each, sharing.state(visit.store, each)) for each in made]
    for each, why in stopped:
        if not why:
            _link(visit, each, names, may)
    if gone := [(each, why) for each, why in stopped if why]:
        said = blocks.several(len(gone), "link opens nothing any more", "links open nothing any more")
        with st.expander(said, key="share-gone"):
            for each, why in gone:
                blocks.item(each.name, _told(each, names), why)


def _form(visit: Visit, found: Round) -> None:
    with st.container(key="share-new"):
        with st.container(horizontal=True, vertical_alignment="bottom"):
            draft_fields.line(visit, "For whom", "share-name", max_chars=80, width=260,
                              placeholder="Such as: steering committee")  # fmt: skip
            draft_fields.whole(visit, "Days that it works", "share-days", sharing.DAYS, (1, sharing.MOST_DAYS),
                               width=160)  # fmt: skip
            what = [_LATEST, _THIS] if found.state == "closed" else [_LATEST]
            draft_fields.pick(visit, "What it shows", _key("what", found), {each: each for each in what}, width=300)
        draft_fields.flag(
            visit, "Show a few answers, too", _key("answers", found),
            help="Some prompts with both answers and what reviewers chose, not who; none while a round is open. "
            "Prompts may hold personal data of your customers: tick this only if whoever gets the link may read them. "
            "You then count as having read which arm wrote what: your later votes here stay outside the count.",
        )  # fmt: skip
        st.button("Make a link", key="share-make", on_click=_make, args=(visit, found))


def _key(field: str, found: Round) -> str:
    """What may be shown of one round says nothing of what may be shown of the next."""
    return f"share-{field}-{found.id}"


def _make(visit: Visit, found: Round) -> None:
    typed = st.session_state
    name = str(typed.get("share-name") or "")
    if not name.strip() and f"{keys.NOTICE}-{_PLACE}" in typed:
        return  # the second click of a double click: the first one has made it
    only = found.id if typed.get(_key("what", found)) == _THIS else ""
    token = frame.attempt(
        lambda: sharing.make(visit.store, visit.person, visit.project_id, name, round_id=only,
                             days=int(typed["share-days"]), answers=bool(typed.get(_key("answers", found)))),
        "The link is made.",
    )  # fmt: skip
    if token is not None:
        typed[keys.SHARE] = [name.strip(), f"{access.origin(visit)}{share_route.PATH}{token}"]
        draft_fields.forget(visit, "share-name")
        draft_fields.forget(visit, "share-days", int(typed["share-days"]))
        draft_fields.saved_as(visit, _key("what", found))
        draft_fields.forget(visit, _key("answers", found), False)
    notices.keep_for(_PLACE)


def _fresh() -> None:
    name, link = st.session_state.get(keys.SHARE) or ("", "")
    if link:
        with st.container(border=True, key="share-fresh"):
            blocks.item(
                f"The link for {name}",
                "Shown this once; only its fingerprint is kept. If it is lost, make another and withdraw this one. "
                "Whoever has it can read the decision.",
            )
            st.code(link, language=None, wrap_lines=True)
            st.button("I have copied it", key="share-copied", on_click=_forget)


def _forget() -> None:
    st.session_state.pop(keys.SHARE, None)


def _link(visit: Visit, each: Share, names: dict[str, str], may: bool) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"share-{each.id}"
    ):
        with st.container(width="stretch"):
            blocks.item(each.name, _told(each, names))
        if may:
            st.button("Withdraw", key=f"share-withdraw-{each.id}", on_click=_withdraw, args=(visit, each),
                      help=f"The link for {each.name} opens nothing from now on.")  # fmt: skip


def _told(each: Share, names: dict[str, str]) -> str:
    """`names`: what people and rounds are called, by id."""
    shows = f"The decision on {names.get(each.round, 'one round')}" if each.round else "The latest decision"
    answers = ", with a few answers" if each.answers else ""
    times = "once" if each.opened == 1 else blocks.several(each.opened, "time")
    opened = f"opened {times}, last on {blocks.when(each.last_opened)}" if each.opened else "not opened yet"
    maker = names.get(each.made_by, "somebody")
    return f"{shows}{answers}; {opened}. Made by {maker} on {day(each.at)}, to work until {day(each.expires)}."


def _withdraw(visit: Visit, each: Share) -> None:
    if (st.session_state.get(keys.SHARE) or [""])[0] == each.name:
        _forget()
    said = f"Withdrawn: the link for {each.name} opens nothing any more."
    frame.attempt(lambda: sharing.withdraw(visit.store, visit.person, each), said)
    notices.keep_for(_PLACE)
