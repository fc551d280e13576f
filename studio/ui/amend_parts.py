"""Amendments on the pages: the ledger for everybody, and the form for those who may sign one."""

from __future__ import annotations

import datetime

import streamlit as st

from studio.records import Round
from studio.review import amending, ledger
from studio.review.amending import Amendable
from studio.review.opening import MOST_VOTES, MOST_WORDS
from studio.review.scoring import Guardrail
from studio.store import people
from studio.store import rounds as round_rows
from studio.ui import blocks, draft_fields, frame, notices
from studio.ui.access import Visit


def shown(visit: Visit, found: Round) -> None:
    """What was changed after the opening, by whom, when and why; nothing where nothing was."""
    told = ledger.entries(found.registration)
    if not told:
        return
    names = people.names(visit.store)
    cast = [datetime.datetime.fromisoformat(vote.at) for vote in round_rows.votes(visit.store, found.id)]
    blocks.section("Changed after the opening", "Each change is signed, has a reason and gives the round a new hash.")
    for each in told:
        what = "; ".join(each.changes)
        before = sum(at < datetime.datetime.fromisoformat(each.at) for at in cast)
        blocks.item(
            f"{what[0].upper()}{what[1:]}.", f"{each.reason.rstrip('.')}. Signed by {names.get(each.by, each.by)}, "
            f"{blocks.when(each.at)}, after {blocks.several(before, 'vote')}. The hash before: {each.previous}",
        )  # fmt: skip


def form(visit: Visit, found: Round) -> None:
    """The way to change what may be changed; only for those who may sign."""
    notices.show("amend")
    if visit.person.role not in amending.MAY_AMEND:
        return
    with st.expander("Amend the round", key="review-amend"):
        blocks.note(
            "Votes already cast stay. Another cap switches the test at the cap off for good, so that only the evidence "
            "itself can decide. The arms, the margin, the floor and the gold cannot be changed: that takes a new round."
        )
        _fields(visit, found, amending.current(found))
        draft_fields.line(
            visit, "Why is it changed? (signed with your name, shown with the result)", _key(found, "why"),
            max_chars=500,
        )  # fmt: skip
        st.button("Sign the amendment", key="review-amend-do", on_click=_amend, args=(visit, found))


def _key(found: Round, field: str) -> str:
    """Each state of the registration has fields of its own, so that they start at what it says."""
    return f"amend-{field}-{found.id}-{found.sha256[:8]}"


def _fields(visit: Visit, found: Round, now: Amendable) -> None:
    one, two, three = st.columns(3, gap="medium")
    with one:
        draft_fields.whole(
            visit, "Prompts, at most (cap)", _key(found, "cap"), now.cap, (1, amending.most_prompts(found))
        )
    with two:
        draft_fields.whole(
            visit, "Votes on each prompt", _key(found, "votes"), now.votes, (1, MOST_VOTES),
            help="For the prompts that nobody has voted on yet.",
        )  # fmt: skip
    with three:
        draft_fields.day(visit, "Deadline", _key(found, "deadline"), now.deadline)
    for each in now.guardrails:
        left, right = st.columns([2, 1], gap="medium", vertical_alignment="bottom")
        with left:
            draft_fields.flag(
                visit, f"{each.name.replace('_', ' ')}: critical, must be cleared",
                _key(found, f"critical-{each.name}"), each.critical,
            )  # fmt: skip
        with right:
            draft_fields.whole(
                visit, "May lose, of 100 (delta)", _key(found, f"delta-{each.name}"), round(100 * each.delta), (1, 40)
            )
    draft_fields.area(
        visit, "Guidelines for the reviewers", _key(found, "guidelines"), now.guidelines, max_chars=MOST_WORDS,
        height=110,
    )  # fmt: skip


def _amend(visit: Visit, found: Round) -> None:
    typed, now = st.session_state, amending.current(found)
    day = typed[_key(found, "deadline")]
    wanted = Amendable(
        cap=int(typed[_key(found, "cap")]),
        votes=int(typed[_key(found, "votes")]),
        guardrails=tuple(
            Guardrail(
                g.name, int(typed[_key(found, f"delta-{g.name}")]) / 100, bool(typed[_key(found, f"critical-{g.name}")])
            )
            for g in now.guardrails
        ),
        guidelines=str(typed.get(_key(found, "guidelines")) or ""),
        deadline=day.isoformat() if day else "",
    )
    why = str(typed.get(_key(found, "why")) or "")
    done = frame.attempt(
        lambda: amending.amend(visit.store, visit.person, found, wanted, why),
        "Signed. The round goes on under its new registration.",
    )
    if done is None:
        notices.keep_for("amend")
    else:
        for field in ("why", "guidelines"):
            draft_fields.forget(visit, _key(found, field))
        of_slices = (f"{field}-{each.name}" for field in ("critical", "delta") for each in now.guardrails)
        for field in ("cap", "votes", "deadline", *of_slices):
            draft_fields.saved_as(visit, _key(found, field))
