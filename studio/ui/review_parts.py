"""The blind round's page round the voting: set one up, what is registered, how it ended."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import streamlit as st

from studio.records import Role, Round
from studio.review import gold, numbered, rounds, sentinels
from studio.review.gates import join_words
from studio.store import briefs
from studio.store import projects as project_rows
from studio.store import rounds as round_rows
from studio.ui import (
    access,
    amend_parts,
    blocks,
    draft_fields,
    exit_parts,
    expert_parts,
    frame,
    notices,
    own_parts,
    setup_parts,
    standing_parts,
    voting_parts,
    why_parts,
)
from studio.ui.access import Visit

_LOOK = Path(__file__).parent / "assets" / "rounds.css"
_TEAM = (Role.designer, Role.pm, Role.admin)


def look() -> None:
    """The style of these pieces and of the blocks; sent once a page."""
    blocks.look()
    st.html(_LOOK)


def visit() -> Visit:
    """The visit; a reviewer who came without a project gets the one whose round is open, if there is just one."""
    found = access.open_page("review", needs_project=False)
    if found.project is None:
        waiting = [
            p for p in project_rows.every(found.store)
            if any(r.state == "open" for r in round_rows.every(found.store, p.id))
        ]  # fmt: skip
        if len(waiting) == 1:
            access.choose(waiting[0].id)
            return access.open_page("review")
        if found.person.role is Role.reviewer and not waiting:
            look()
            nothing_waits()
            st.stop()
        if waiting:
            st.title("Which round?")
            for project in waiting:
                st.button(project.name, key=f"review-pick-{project.id}", on_click=access.choose, args=(project.id,))
            st.stop()
        return access.open_page("review")
    return found


def show(visit: Visit) -> None:
    """What there is to do: vote, set a round up, or read how the last one ended."""
    found = numbered.newest(visit.store, visit.project_id)
    team = visit.person.role in _TEAM
    if found is not None and found.state == "open":
        voting_parts.ballot(
            visit, found, briefs.version(visit.store, found.project, found.registration["brief_version"])
        )
        registered(visit, found)
    elif not team:
        thanks(visit, found) if found is not None else nothing_waits()
    elif found is not None:
        ended(visit, found)
        with st.expander("Set up another round", key="review-another"):
            setup_parts.set_up(visit)
    else:
        cancelled(visit)
        setup_parts.set_up(visit)


def nothing_waits() -> None:
    frame.empty(
        "Nothing waits for you",
        "When a blind round opens, it appears here: you read two answers at a time and say which one you would "
        "rather send.",
    )


def thanks(visit: Visit, found: Round) -> None:
    frame.empty("Thank you", "This round is closed, and your votes are in it. You will be asked when there is another.")
    why_parts.unsent(visit, found)
    notices.show("exit")
    exit_parts.ask(visit, found)
    own_parts.last(visit, found)


def ended(visit: Visit, found: Round) -> None:
    blocks.lead("The round is closed. The verdict is on the Decision page.")
    blocks.plain(found.closed_because)
    why_parts.unsent(visit, found)
    blocks.way(visit, "decision", "Open Decision", "review-decision")
    own_parts.last(visit, found)


def cancelled(visit: Visit) -> None:
    """That the last round was cancelled, and why: nobody should look for it."""
    last = next(iter(round_rows.every(visit.store, visit.project_id)), None)
    if last is not None:
        frame.warnings([f"The last round was cancelled: {last.closed_because}"])


# -- what is registered ----------------------------------------------------------------------------


def registered(visit: Visit, found: Round) -> None:
    """What was fixed before the first vote, without a word about which arm is which; and the way to end it."""
    frozen = found.registration
    floor = "not asked" if frozen["floor"] is None else f"{100 * frozen['floor']:.0f} of 100 answers fit to send"
    title = "What was fixed before the first vote" + (", as amended since" if frozen.get("amendments") else "")
    with st.expander(title, key="review-registered"):
        blocks.facts({
            "Opened": blocks.when(found.at),
            "Registration": found.sha256,
            "Sides, sealed": found.commitment,
            "At most": _prompts(frozen),
            "A win that matters": f"{100 * frozen['theta_min']:.0f} of 100 prompts",
            "Shippable floor": floor,
            "Gold": gold.rule_of(frozen).sentence,
            "Repeats": f"{blocks.several(frozen.get('repeats', 0), 'pair')} twice for the same reviewer, sides swapped",
            "Sentinels": f"{blocks.several(len(sentinels.told(frozen)[1]), 'pair')} of one arm beside itself",
            "Shown": "without Markdown marks" if frozen.get("shown_plain") else "as written",
            **expert_parts.registered(visit, frozen.get("experts", {})),
        })  # fmt: skip
        blocks.note(
            "The registration is a fingerprint (SHA-256) of the systems, their outputs, the prompts in their order and "
            "the rules. The seal is one of the sides; what it hides is published when the round closes, so anybody can "
            "check. Until then no page, export or message tells a tally or whose answer is whose. Whoever can read the "
            "disk of this machine can still look: the seal shows that nothing was changed, not that nobody looked."
        )
    amend_parts.shown(visit, found)
    amend_parts.form(visit, found)
    if visit.person.role in _TEAM:
        standing_parts.show(visit, found)
        _end_it(visit, found)


def _prompts(frozen: dict[str, Any]) -> str:
    """The cap, with how many votes its prompts get."""
    votes = Counter(p["votes"] for p in frozen["prompts"][: frozen["cap"]])
    told = [f"{n} with {blocks.several(each, 'vote')}" for each, n in sorted(votes.items())]
    return f"{blocks.several(frozen['cap'], 'prompt')}: {join_words(told)}"


def _end_it(visit: Visit, found: Round) -> None:
    notices.show("cancel")
    with st.popover("Cancel the round", type="tertiary", key="review-cancel"):
        blocks.plain(
            "The votes stay in the record, and nothing is decided. While nobody has voted, undo the opening instead."
        )
        draft_fields.line(visit, "Why is it cancelled?", _why(found), max_chars=300)
        st.button("Cancel it for everybody", key="review-cancel-do", on_click=_cancel, args=(visit, found))


def _cancel(visit: Visit, found: Round) -> None:
    why = draft_fields.value(visit, _why(found))
    if frame.attempt(lambda: _cancelled(visit, found, why), "The round is cancelled; its votes are kept."):
        draft_fields.forget(visit, _why(found))
    else:
        notices.keep_for("cancel")


def _why(found: Round) -> str:
    """A reason that was written for one round is none for the next."""
    return f"review-cancel-why-{found.id}"


def _cancelled(visit: Visit, found: Round, why: str) -> bool:
    rounds.cancel(visit.store, visit.person.id, found, why)
    return True
