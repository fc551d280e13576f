"""Beside a vote, for those who like to: which criteria decided it, a note, and the answer that would be better.

It never stands between a key and the next pair. What is typed is a draft of its pair until the vote takes it along; for
the last vote it can be said afterwards. Both sides get the same: nothing here knows which arm wrote what.
"""

from __future__ import annotations

import streamlit as st

from studio.records import Brief, Choice, Criterion, Pair, Round, Vote
from studio.review import rounds
from studio.store import rounds as round_rows
from studio.ui import blocks, draft_fields, form_fields, frame, keys, notices
from studio.ui.access import Visit

_CHIP_KEYS = "ADFGHJKL"
_FIELDS = ("reasons", "note", "better")
_HEIGHT = 104  # pixels


def _field(name: str, pair: str) -> str:
    return f"why-{name}-{pair}"


def _unsent(found: Round) -> str:
    return f"why-unsent-{found.id}"


def toggle() -> None:
    """For a callback: whether the fields stand beside each pair."""
    st.session_state[keys.WHY_OPEN] = not st.session_state.get(keys.WHY_OPEN)


def begun(visit: Visit, pair: Pair) -> bool:
    """Whether something is said about this pair already, or this voter likes to say why each time."""
    return bool(st.session_state.get(keys.WHY_OPEN)) or any(
        draft_fields.value(visit, _field(name, pair.id)) for name in _FIELDS
    )


def fields(visit: Visit, pair: Pair, vote: Vote | None = None, chosen: str = "") -> None:
    """The note and the better answer, under the pair. `vote`: one that was cast, with what it says so far, and
    `chosen` the answer that it was for: the better one starts from it."""
    saved = vote or Vote(pair.id, visit.person.id, Choice.skip)
    start = chosen if vote and len(chosen) <= round_rows.MOST_BETTER else ""
    with st.container(key="vote-why"):
        one, two = st.columns(2, gap="medium")
        with one:
            draft_fields.area(
                visit, "A note, in your own words", _field("note", pair.id), saved.note, height=_HEIGHT,
                max_chars=round_rows.MOST_NOTE, placeholder="Anything else that you noticed.",
            )  # fmt: skip
        with two:
            _better(visit, pair, saved.better or start)


def _better(visit: Visit, pair: Pair, saved: str) -> None:
    name = _field("better", pair.id)
    text = draft_fields.area(
        visit, "The better answer would be", name, saved, height=_HEIGHT, max_chars=round_rows.MOST_BETTER,
        placeholder="Write it, or start from one of the two.",
    )  # fmt: skip
    if text.strip():
        return
    with st.container(horizontal=True, gap="small", key="why-starts"):
        for side, shown in (("left", pair.left), ("right", pair.right)):
            st.button(f"Start from the {side} one", key=f"why-from-{side}-{pair.id}", type="tertiary",
                      on_click=draft_fields.put, args=(visit, name, shown))  # fmt: skip


def criteria(visit: Visit, brief: Brief | None, pair: Pair, vote: Vote | None = None) -> None:
    """The brief's criteria to tick, in the bar that stays on screen."""
    saved = "\n".join(vote.reasons) if vote else ""
    offered = _criteria(brief, pair)
    if not offered:
        return
    ticked = draft_fields.value(visit, _field("reasons", pair.id), saved).split("\n")
    with st.container(horizontal=True, gap="small", key="why-chips", vertical_alignment="center"):
        st.html('<p class="yr-ask">What decided it?</p>', width="content")
        for n, criterion in enumerate(offered):
            on = criterion.name in ticked
            st.button(
                form_fields.plain(criterion.name), key=f"why-chip-{n}-{pair.id}", type="primary" if on else "secondary",
                shortcut=_CHIP_KEYS[n] if n < len(_CHIP_KEYS) else None, icon=":material/check:" if on else None,
                help=form_fields.plain(criterion.how_to_tell) or None, on_click=_tick,
                args=(visit, pair.id, criterion.name, saved),
            )  # fmt: skip


def _criteria(brief: Brief | None, pair: Pair) -> list[Criterion]:
    return [c for c in brief.criteria if not c.slices or pair.slice in c.slices] if brief else []


def _tick(visit: Visit, pair: str, name: str, saved: str) -> None:
    key = _field("reasons", pair)
    ticked = [each for each in draft_fields.value(visit, key, saved).split("\n") if each]
    after = [each for each in ticked if each != name] if name in ticked else [*ticked, name]
    draft_fields.put(visit, key, "\n".join(after))


def said(visit: Visit, pair: Pair, saved: Vote | None = None) -> rounds.Why:
    """What is said about the pair now. One of the two answers as it stands is no better answer."""
    before = saved or Vote(pair.id, visit.person.id, Choice.skip)
    start = ("\n".join(before.reasons), before.note, before.better)
    reasons, note, better = (
        draft_fields.value(visit, _field(name, pair.id), kept) for name, kept in zip(_FIELDS, start, strict=True)
    )
    same = better.strip() in (pair.left.strip(), pair.right.strip())
    return rounds.Why(tuple(each for each in reasons.split("\n") if each), note, "" if same else better)


def forget(visit: Visit, pair: str) -> None:
    """For a callback: what was said is saved, or given up."""
    for name in _FIELDS:
        key = _field(name, pair)
        draft_fields.forget(visit, key)
        st.session_state.pop(key, None)


def put_back(visit: Visit, pair: Pair, vote: Vote) -> None:
    """For a callback: the vote was taken back, and what was said beside it stands in the fields again."""
    for name, text in zip(_FIELDS, ("\n".join(vote.reasons), vote.note, vote.better), strict=True):
        if text:
            draft_fields.put(visit, _field(name, pair.id), text)


def keep_unsent(visit: Visit, found: Round, pair: str, why: rounds.Why) -> None:
    """For a callback: the round closed first. What was written stays with its author, who finds it on the page."""
    text = "\n\n".join(part for part in (*why.reasons, why.note.strip(), why.better.strip()) if part)
    if text:
        draft_fields.put(visit, _unsent(found), text)
    forget(visit, pair)


def unsent(visit: Visit, found: Round) -> None:
    """What this voter had written when the round closed, to be copied."""
    text = draft_fields.value(visit, _unsent(found))
    if text:
        frame.reading(text, "You had written this when the round closed; it was not added")
        st.button("I have it", key="why-unsent-done", type="tertiary", on_click=draft_fields.forget,
                  args=(visit, _unsent(found)))  # fmt: skip


def last_vote(visit: Visit, found: Round, brief: Brief | None, pair: Pair, vote: Vote) -> None:
    """The fields for the vote that was just cast."""
    side = rounds.side_of(vote, pair)
    fields(visit, pair, vote, {"left": pair.left, "right": pair.right}.get(side, ""))
    with st.container(key="vote-bar"):
        notices.show_any()
        criteria(visit, brief, pair, vote)
        _keep_or_leave(visit, found, pair, vote)


def _keep_or_leave(visit: Visit, found: Round, pair: Pair, vote: Vote) -> None:
    with st.container(horizontal=True, gap="small", key="vote-keys"):
        st.button("Keep it with my vote", key=f"why-keep-{pair.id}", type="primary", shortcut="Ctrl+Enter",
                  on_click=_explain, args=(visit, found, pair, vote))  # fmt: skip
        st.button("Back to voting", key=f"why-back-{pair.id}", type="tertiary", shortcut="B", on_click=leave)


def leave() -> None:
    """For a callback: back to the pair that waits. The draft stays."""
    st.session_state.pop(keys.WHY_LAST, None)


def _explain(visit: Visit, found: Round, pair: Pair, vote: Vote) -> None:
    why, who = said(visit, pair, vote), visit.person.id
    kept = frame.attempt(lambda: _kept(visit, found, pair, why), "Kept with your vote.")
    now = round_rows.get(visit.store, found.id)
    if kept:
        forget(visit, pair.id)
        leave()
    elif now is None or now.state != "open":
        keep_unsent(visit, found, pair.id, why)
        leave()
    elif not round_rows.has_voted(visit.store, found.id, pair.id, who):
        leave()


def _kept(visit: Visit, found: Round, pair: Pair, why: rounds.Why) -> bool:
    rounds.explain(visit.store, found, visit.person.id, pair.id, why)
    return True


def way(last: bool) -> None:
    """The two keys that open this, for the row of keys under a pair."""
    open_now = bool(st.session_state.get(keys.WHY_OPEN))
    label = "Close “why”" if open_now else "Say why"
    st.button(label, key="why-open", shortcut="E", type="tertiary", on_click=toggle)
    st.button("More on my last vote", key="why-last", shortcut="M", type="tertiary", on_click=_open_last,
              disabled=not last)  # fmt: skip


def _open_last() -> None:
    st.session_state[keys.WHY_LAST] = True


def told(vote: Vote, pair: Pair) -> None:
    """Above the pair of the last vote: what was chosen."""
    words = {"left": "the left one is better", "right": "the right one is better", "tie": "about the same",
             "both_bad": "both bad", "skip": "skipped"}  # fmt: skip
    blocks.note(f"Your last vote: {words[rounds.side_of(vote, pair)]}.")
