"""Voting: one pair at a time, by keyboard alone, without a trace of which arm is which.

The pair runs as a fragment, so that a vote redraws the pair and nothing else. Everything that is sent to the browser
is the same whichever side the candidate is on: keys hold random pair ids, and arms are never in reach of this module.
"""

from __future__ import annotations

from html import escape

import streamlit as st

from studio.records import Brief, Pair, Round, Speaker, Turn
from studio.review import desk, rounds
from studio.store import rounds as round_rows
from studio.ui import blocks, conversation, frame, keys, notices
from studio.ui.access import Visit
from studio.wording import duration

_SIDES = (("left", "Left"), ("right", "Right"))
_VOTES = (
    ("left", "Left is better", "1"), ("right", "Right is better", "2"), ("tie", "About the same", "3"),
    ("both_bad", "Both bad", "4"),
)  # fmt: skip
_SHIP_KEYS = {("left", True): "Q", ("left", False): "W", ("right", True): "O", ("right", False): "P"}
_SURPLUS = (
    "While this pair lay untouched on your screen, somebody else was asked and was first. Your vote is kept, as a "
    "surplus: it stays outside the count."
)
_LOOK_AGAIN_SECONDS = 4
_REASON_KEYS = ("7", "8", "9")


def ballot(visit: Visit, found: Round, brief: Brief | None) -> None:
    """The open round for one voter: what good looks like, then pair after pair."""
    conflict = rounds.conflict(visit.store, found.project, visit.person)
    if found.registration["practice"]:
        frame.warnings(["A practice round: votes give the same figures, and nothing ships on them."])
    elif conflict:
        frame.warnings([f"Your votes here are kept, but they stay outside the count, because you {conflict}."])
    with st.container(horizontal=True, gap="small"):
        _criteria(brief)
        _how()
    _pair(visit, found)


def _criteria(brief: Brief | None) -> None:
    if brief is None:
        return
    with st.popover("What good looks like", key="review-criteria"):
        blocks.plain(brief.task)
        for criterion in brief.criteria:
            blocks.item(criterion.name, criterion.how_to_tell)
            blocks.scale(criterion.scale)
        if brief.must_never:
            blocks.item("It must never", brief.must_never)


def _how() -> None:
    with st.popover("How to vote", key="review-how"):
        blocks.bullets([
            "Read the message, then both answers. Say which one you would rather send.",
            "Which side an answer stands on was drawn by lot. The same message can come up again with another pair.",
            "Keys: 1 left, 2 right, 3 about the same, 4 both bad, S skip, Z take your last vote back.",
            "Whether an answer could be sent as it is: Q or W for the left one, O or P for the right one. You may "
            "leave it open.",
            "Nobody sees a result before the round has closed, which it does by itself.",
        ])  # fmt: skip


@st.fragment
def _pair(visit: Visit, found: Round) -> None:
    now = round_rows.get(visit.store, found.id)
    if now is None or now.state != "open":
        st.rerun()
    place = rounds.turn(visit.store, now, visit.person.id)
    _how_far(place)
    with st.container(key="vote-pair"):
        if place.pair is not None:
            _message(place.pair)
            _answers(visit, now, place.pair)
    with st.container(key="vote-bar"):
        notices.show_any()
        if place.pair is None:
            _nothing_left(visit, now, place)
            with st.container(key="vote-keys", horizontal=True, gap="small"):
                _undo_button(visit, now, place, "none")
        elif st.session_state.get(keys.SKIPPING) == place.pair.id:
            _reasons(visit, now, place.pair)
        else:
            _buttons(visit, now, place, place.pair)


def _how_far(place: rounds.Turn) -> None:
    total = place.mine + place.left
    left = f", about {duration(place.seconds_left)} left at your pace" if place.seconds_left and place.left else ""
    share = 100 * place.mine / total if total else 100.0
    st.html(
        f'<div role="status"><p class="yr-far"><span><b>{place.mine:,} of {total:,}</b> pairs{left}</span>'
        f"<span>The round: {place.done:,} of at most {blocks.several(place.last, 'prompt')} done</span></p>"
        f'<div class="yr-bar" aria-hidden="true"><div style="width:{share:.1f}%"></div></div></div>'
    )


def _message(pair: Pair) -> None:
    with st.container(key="vote-message"):
        if pair.system:
            st.html(conversation.standing(pair.system))
        if pair.earlier:
            said = (*pair.earlier, Turn(Speaker.user, pair.input))
            conversation.latest(said, f"The conversation, {len(said)} messages; the answers reply to the last one")
        else:
            st.html(f'<div class="yr-message"><div class="ys-label">The message</div><p>{escape(pair.input)}</p></div>')


def _answers(visit: Visit, found: Round, pair: Pair) -> None:
    ticked = desk.of(visit.store).ticked(found.id, visit.person.id, pair.id)
    asked = found.registration["floor"] is not None
    for column, (side, label) in zip(st.columns(2, gap="medium"), _SIDES, strict=True):
        with column, st.container(key=f"vote-{side}"):
            frame.reading(pair.left if side == "left" else pair.right, label)
            if asked:
                _ships(visit, found, pair, side, ticked.get(side))


def _ships(visit: Visit, found: Round, pair: Pair, side: str, ticked: bool | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.html('<p class="yr-ask">Could it be sent as it is?</p>', width="content")
        for ships, word in ((True, "Yes"), (False, "No")):
            st.button(
                word, key=f"ship-{side}-{word.lower()}-{pair.id}", shortcut=_SHIP_KEYS[side, ships],
                icon=":material/check:" if ticked is ships else None,
                type="primary" if ticked is ships else "secondary",
                help=f"{side.capitalize()} answer: {word.lower()}", on_click=_tick,
                args=(visit, found, pair.id, side, ships),
            )  # fmt: skip


def _buttons(visit: Visit, found: Round, place: rounds.Turn, pair: Pair) -> None:
    with st.container(key="vote-keys", horizontal=True, gap="small"):
        for side, label, key in _VOTES:
            args = (visit, found, pair.id, side)
            st.button(label, key=f"vote-{side}-{pair.id}", shortcut=key, on_click=_vote, args=args)
        st.button("Skip", key=f"vote-skip-{pair.id}", shortcut="S", on_click=_skip, args=(pair.id,), type="tertiary")
        _undo_button(visit, found, place, pair.id)


def _undo_button(visit: Visit, found: Round, place: rounds.Turn, where: str) -> None:
    st.button(
        "Take back my last vote", key=f"vote-undo-{where}", shortcut="Z", on_click=_undo, args=(visit, found),
        type="tertiary", disabled=place.mine == 0,
    )  # fmt: skip


def _reasons(visit: Visit, found: Round, pair: Pair) -> None:
    st.html('<p class="yr-why">Why skip this one?</p>')
    with st.container(key="vote-keys", horizontal=True, gap="small"):
        for n, (reason, key) in enumerate(zip(rounds.SKIP_REASONS, _REASON_KEYS, strict=True)):
            args = (visit, found, pair.id, "skip", reason)
            st.button(reason, key=f"skip-{n}-{pair.id}", shortcut=key, on_click=_vote, args=args)
        st.button("Back", key=f"skip-back-{pair.id}", shortcut="B", on_click=_skip, args=("",), type="tertiary")


def _nothing_left(visit: Visit, found: Round, place: rounds.Turn) -> None:
    if place.left:
        blocks.lead(f"{blocks.several(place.left, 'pair')} may still come to you.")
        blocks.note(
            "Somebody else is reading what is left now. As soon as one is free it appears here by itself; you may also "
            "come back later."
        )
        _look_again(visit, found)
        return
    blocks.lead("You have judged everything there is for you. Thank you.")
    blocks.note("The round stays open until the others are through; it closes by itself.")


@st.fragment(run_every=_LOOK_AGAIN_SECONDS)
def _look_again(visit: Visit, found: Round) -> None:
    """Asks for a pair now and then while all that is left is on other screens."""
    now = round_rows.get(visit.store, found.id)
    if now is None or now.state != "open" or rounds.turn(visit.store, now, visit.person.id).pair is not None:
        st.rerun()


def _vote(visit: Visit, found: Round, pair: str, side: str, reason: str = "") -> None:
    """Writes the vote before anything is drawn; how long the pair was on screen is known to the server only."""
    place, who = desk.of(visit.store), visit.person.id
    ticked = place.ticked(found.id, who, pair)
    voted = frame.attempt(lambda: rounds.vote(
        visit.store, found, visit.person, pair, side, seconds_on_screen=place.seconds(found.id, who, pair),
        reason=reason, shippable_left=ticked.get("left"), shippable_right=ticked.get("right"),
    ))  # fmt: skip
    if voted is not None and place.was_late(found.id, who, pair) and rounds.is_surplus(visit.store, found, pair, who):
        st.session_state[keys.NOTICE] = ["said", _SURPLUS]
    st.session_state.pop(keys.SKIPPING, None)


def _tick(visit: Visit, found: Round, pair: str, side: str, ships: bool) -> None:
    frame.attempt(lambda: desk.of(visit.store).tick(found.id, visit.person.id, pair, side, ships))


def _skip(pair: str) -> None:
    st.session_state[keys.SKIPPING] = pair


def _undo(visit: Visit, found: Round) -> None:
    frame.attempt(lambda: rounds.undo_last(visit.store, found, visit.person.id))
    st.session_state.pop(keys.SKIPPING, None)
