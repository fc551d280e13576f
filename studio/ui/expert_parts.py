"""Setting up a round: kinds of input that only people who know the field are asked about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st

from studio.review import rounds
from studio.review.gates import join_words
from studio.store import people
from studio.ui import blocks, draft_fields
from studio.ui.access import Visit

Key = Callable[[str], str]


def choose(visit: Visit, slices: Sequence[str], key: Key) -> None:
    """For each slice, who alone is asked about it, of those whose votes count; nothing where there is no choice."""
    names = {person.id: person.name for person in rounds.independent_people(visit.store, visit.project_id)}
    if not slices or len(names) < 2:
        return
    picked = {name: draft_fields.several(visit, key(f"experts-{name}"), names) for name in slices}
    kept = [name.replace("_", " ") for name, people in picked.items() if people]
    told = f"only experts for: {', '.join(kept)}" if kept else "everybody about everything"
    with st.expander(f"Who is asked about what ({told})", key="review-experts"):
        blocks.note(
            "Where only somebody who knows the field can tell a right answer from a wrong one, name them: pairs of "
            "that kind then come to nobody else, and the round waits for them."
        )
        for name in slices:
            draft_fields.many(
                visit, f"Only these judge {name.replace('_', ' ')}", key(f"experts-{name}"), names,
                placeholder="Everybody",
            )  # fmt: skip


def chosen(slices: Sequence[str], key: Key) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Slice -> who alone is asked, as the form says it now; slices that are for everybody are left out."""
    found = [(name, tuple(st.session_state.get(key(f"experts-{name}")) or ())) for name in slices]
    return tuple((name, people) for name, people in found if people)


def registered(visit: Visit, experts: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What a round fixed about it, as a fact with its name; none where everybody is asked about everything."""
    names = people.names(visit.store)
    told = [
        f"{name.replace('_', ' ')}: {join_words([names.get(who, 'somebody who left') for who in only])}"
        for name, only in experts.items()
    ]
    return {"Asked of these alone": "; ".join(told)} if told else {}
