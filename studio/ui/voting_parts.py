"""Voting: one pair at a time, by keyboard alone, without a trace of which arm is which.

The pair runs as a fragment, so that a vote redraws the pair and nothing else. Everything that is sent to the browser
is the same whichever side the candidate is on: keys hold random pair ids, and arms are never in reach of this module.
"""

from __future__ import annotations

import datetime
from html import escape

import streamlit as st

from studio.records import Brief, Pair, Round, Speaker, Turn, Vote
from studio.review import desk, rounds, standing
from studio.store import rounds as round_rows
from studio.ui import as_seen, blocks, conversation, exit_parts, frame, keys, notices, why_parts
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
_STEP = 10
_REASON_KEYS = ("7", "8", "9")


def ballot(visit: Visit, found: Round, brief: Brief | None) -> None:
    """The open round for one voter: what good looks like, then pair after pair."""
    conflict = rounds.conflict(visit.store, found.project, visit.person)
    if found.registration["practice"]:
        frame.warnings(["A practice round: votes give the same figures, and nothing ships on them."])
    elif conflict:
        frame.warnings([f"Your votes here are kept, but they stay outside the count, because you {conflict}."])
    with st.container(horizontal=True, gap="small"):
        _criteria(brief, str(found.registration.get("guidelines") or ""))
        _how()
    if until := standing.last_day(found, datetime.datetime.now(datetime.UTC)):
        blocks.note(until)
    _pair(visit, found, brief)
    _still_here(visit, found.id)


def _criteria(brief: Brief | None, guidelines: str) -> None:
    if brief is None:
        return
    with st.popover("What good looks like", key="review-criteria"):
        if guidelines:
            frame.reading(guidelines, "For this round")
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
            "Keys: 1 left, 2 right, 3 about the same, 4 both bad, S skip, Z take your last vote back, X stop for now.",
            "If you like, say why: E opens it beside the pair, M for the vote you just cast. Tick what decided it, "
            "write a note, or the answer that would have been better. Nobody has to; one key is a whole vote.",
            "Whether an answer could be sent as it is: Q or W for the left one, O or P for the right one. You may "
            "leave it open.",
            "Nobody sees a result before the round has closed, which it does by itself.",
        ])  # fmt: skip


@st.fragment
def _pair(visit: Visit, found: Round, brief: Brief | None) -> None:
    now = round_rows.get(visit.store, found.id)
    if now is None or now.state != "open":
        st.rerun()
    last = rounds.last_vote(visit.store, now, visit.person.id) if st.session_state.get(keys.WHY_LAST) else None
    if last is not None:
        _about_last(visit, now, brief, *last)
        return
    place = rounds.turn(visit.store, now, visit.person.id)
    _how_far(place)
    if st.session_state.get(keys.STOPPED):
        notices.show("exit")
        exit_parts.stopped(visit, now, place)
        return
    with st.container(key="vote-pair"):
        if place.pair is not None:
            _message(place.pair)
            _answers(visit, now, place.pair)
    skipping = place.pair is not None and st.session_state.get(keys.SKIPPING) == place.pair.id
    saying = place.pair is not None and not skipping and why_parts.begun(visit, place.pair)
    if place.pair is not None and saying:
        why_parts.fields(visit, place.pair)
    with st.container(key="vote-bar"):
        notices.show_any()
        if place.pair is None:
            _nothing_left(visit, now, place)
            with st.container(key="vote-keys", horizontal=True, gap="small"):
                _further(visit, now, place, None)
        elif skipping:
            _reasons(visit, now, place.pair)
        else:
            if saying:
                why_parts.criteria(visit, brief, place.pair)
            _buttons(visit, now, place, place.pair)


def _about_last(visit: Visit, found: Round, brief: Brief | None, pair: Pair, vote: Vote) -> None:
    """The pair of the last vote once more, to say why; the pair that waits counts as just come up afterwards."""
    desk.of(visit.store).pressed_too_soon(found.id, visit.person.id)
    with st.container(key="vote-pair"):
        why_parts.told(vote, pair)
        _message(pair)
        _answers(visit, found, pair, asked=False)
    why_parts.last_vote(visit, found, brief, pair, vote)


def _how_far(place: rounds.Turn) -> None:
    total = place.mine + place.left
    left = f", about {duration(place.seconds_left)} left at your pace" if place.seconds_left and place.left else ""
    share = 100 * place.mine / total if total else 100.0
    done = f"{about(place.done, place.last)} of at most {blocks.several(place.last, 'prompt')} done"
    st.html(
        f'<div role="status"><p class="yr-far"><span><b>{place.mine:,} of {total:,}</b> pairs{left}</span>'
        f"<span>The round: {done}</span></p>"
        f'<div class="yr-bar" aria-hidden="true"><div style="width:{share:.1f}%"></div></div></div>'
    )
    if place.rest:
        blocks.note(place.rest)


def about(done: int, last: int) -> str:
    """In steps: the exact number would stand still after a pair that is no evidence, and so tell which those are."""
    return f"at least {done // _STEP * _STEP:,}" if done >= _STEP else f"fewer than {min(_STEP, last)}"


def _message(pair: Pair) -> None:
    standing = conversation.standing(pair.system) if pair.system else ""
    if not pair.earlier:
        message = f'<div class="yr-message"><div class="ys-label">The message</div><p>{escape(pair.input)}</p></div>'
        st.html(f'<div class="yr-said">{standing}{message}</div>')
        return
    with st.container(key="vote-message"):
        if standing:
            st.html(standing)
        said = (*pair.earlier, Turn(Speaker.user, pair.input))
        conversation.latest(said, f"The conversation, {len(said)} messages; the answers reply to the last one")


def _answers(visit: Visit, found: Round, pair: Pair, *, asked: bool = True) -> None:
    ticked = desk.of(visit.store).ticked(found.id, visit.person.id, pair.id)
    form = as_seen.common_form((pair.left, pair.right))
    for column, (side, label) in zip(st.columns(2, gap="medium"), _SIDES, strict=True):
        with column, st.container(key=f"vote-{side}"):
            as_seen.reading(pair.left if side == "left" else pair.right, label, form)
            if asked and found.registration["floor"] is not None:
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
            args = (visit, found, pair, side)
            st.button(label, key=f"vote-{side}-{pair.id}", shortcut=key, on_click=_vote, args=args)
    with st.container(key="vote-more", horizontal=True, gap="small"):
        st.button("Skip", key=f"vote-skip-{pair.id}", shortcut="S", on_click=_skip, args=(pair.id,), type="tertiary")
        _further(visit, found, place, pair)


def _further(visit: Visit, found: Round, place: rounds.Turn, pair: Pair | None) -> None:
    """The keys that do not vote."""
    why_parts.way(last=place.mine > 0)
    st.button(
        "Take back my last vote", key=f"vote-undo-{pair.id if pair else 'none'}", shortcut="Z", on_click=_undo,
        args=(visit, found), type="tertiary", disabled=place.mine == 0,
    )  # fmt: skip
    if place.mine:
        st.button("Stop for now", key="vote-stop", shortcut="X", on_click=exit_parts.stop, type="tertiary")
    if pair is not None and as_seen.common_form((pair.left, pair.right)) != "text":
        as_seen.switch("vote-raw")


def _reasons(visit: Visit, found: Round, pair: Pair) -> None:
    st.html('<p class="yr-why">Why skip this one?</p>')
    with st.container(key="vote-keys", horizontal=True, gap="small"):
        for n, (reason, key) in enumerate(zip(rounds.SKIP_REASONS, _REASON_KEYS, strict=True)):
            args = (visit, found, pair, "skip", reason)
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
    notices.show("exit")
    exit_parts.ask(visit, found)


@st.fragment(run_every=desk.BEAT_SECONDS)
def _still_here(visit: Visit, found: str) -> None:
    """Keeps the seat of a pair that somebody reads for long. Beside the pair's fragment, not drawn again with it."""
    desk.of(visit.store).beat(found, visit.person.id)


@st.fragment(run_every=_LOOK_AGAIN_SECONDS)
def _look_again(visit: Visit, found: Round) -> None:
    """Asks for a pair now and then while all that is left is on other screens."""
    now = round_rows.get(visit.store, found.id)
    if now is None or now.state != "open" or rounds.turn(visit.store, now, visit.person.id).pair is not None:
        st.rerun()


def _vote(visit: Visit, found: Round, pair: Pair, side: str, reason: str = "") -> None:
    """Writes the vote before anything is drawn; how long the pair was on screen is known to the server only."""
    place, who, why = desk.of(visit.store), visit.person.id, why_parts.said(visit, pair)
    ticked, late = place.ticked(found.id, who, pair.id), place.was_late(found.id, who, pair.id)
    after = frame.attempt(lambda: rounds.vote(
        visit.store, found, visit.person, pair.id, side, seconds_on_screen=place.seconds(found.id, who, pair.id),
        reason=reason, shippable_left=ticked.get("left"), shippable_right=ticked.get("right"), why=why,
    ))  # fmt: skip
    st.session_state.pop(keys.SKIPPING, None)
    if after is not None:
        why_parts.forget(visit, pair.id)
        if late and rounds.is_surplus(visit.store, found, pair.id, who):
            st.session_state[keys.NOTICE] = ["said", _SURPLUS]
        return
    now = round_rows.get(visit.store, found.id)
    if now is None or now.state != "open":
        why_parts.keep_unsent(visit, found, pair.id, why)


def _tick(visit: Visit, found: Round, pair: str, side: str, ships: bool) -> None:
    frame.attempt(lambda: desk.of(visit.store).tick(found.id, visit.person.id, pair, side, ships))


def _skip(pair: str) -> None:
    st.session_state[keys.SKIPPING] = pair


def _undo(visit: Visit, found: Round) -> None:
    """A key that is held down takes one vote back, not all of them."""
    place, who = desk.of(visit.store), visit.person.id
    if place.seconds_back(found.id, who) < rounds.MIN_SECONDS_ON_SCREEN:
        place.pressed_too_soon(found.id, who)
        return
    last = rounds.last_vote(visit.store, found, visit.person.id)
    if frame.attempt(lambda: _taken_back(visit, found)) and last is not None:
        why_parts.put_back(visit, *last)
    st.session_state.pop(keys.SKIPPING, None)


def _taken_back(visit: Visit, found: Round) -> bool:
    rounds.undo_last(visit.store, found, visit.person.id)
    return True
