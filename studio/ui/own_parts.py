"""A reviewer's own page: what waits for them, and how consistent they were in rounds that are over."""

from __future__ import annotations

import datetime

import streamlit as st

from studio import paths
from studio.examples import labelling
from studio.records import Round
from studio.review import guesses, numbered, rounds, standing
from studio.review.own import Own, own
from studio.store import projects as project_rows
from studio.store import rounds as round_rows
from studio.store.labels import Queue
from studio.store.projects import Project
from studio.ui import blocks, frame, keys
from studio.ui.access import Visit
from studio.wording import duration

_ARROW = {"icon": ":material/arrow_forward:", "icon_position": "right"}


def waiting(visit: Visit) -> None:
    """The open rounds and queues with how much is left for this person, then their closed rounds; nothing about what
    is compared."""
    projects = project_rows.every(visit.store)
    found = [(project, each) for project in projects for each in round_rows.every(visit.store, project.id)]
    going = [(project, each) for project, each in found if each.state == "open"]
    asked = [(project, queue, left) for project in projects
             for queue, left in labelling.waiting_for(visit.store, project.id, visit.person.id)]  # fmt: skip
    if going or asked:
        frame.heard("What waits for you")
    for project, each in going:
        _round(visit, project, each)
    for project, queue, left in asked:
        _queue(visit, project, queue, left)
    if not going and not asked:
        frame.empty(
            "Nothing waits for you",
            "When a team opens a blind round, it appears here: you read two answers at a time and say which is better. "
            "So do examples that a designer asks you to label.",
        )
    _over(visit, [(project, each) for project, each in found if each.state != "open"])


def _round(visit: Visit, project: Project, found: Round) -> None:
    left = rounds.left_for(visit.store, found, visit.person.id)
    with st.container(key=f"home-round-{found.id}", horizontal=True, vertical_alignment="center"):
        blocks.item(project.name, _left(found, _own(visit, found), left) if left else "You are done here.")
        target = paths.pages_dir() / "review.py"
        if left and target.is_file():
            st.page_link(target, label="Start judging", query_params={"project": project.id}, **_ARROW)  # type: ignore[arg-type]


def _left(found: Round, mine: Own, left: int) -> str:
    pace = f", about {duration(mine.seconds * left)} at your pace" if mine.seconds else ""
    until = standing.last_day(found, datetime.datetime.now(datetime.UTC))
    return f"{blocks.several(left, 'pair')} left for you{pace}; you have judged {mine.votes:,}. {until}".rstrip()


def _own(visit: Visit, found: Round) -> Own:
    pairs, cast = round_rows.pairs(visit.store, found.id), round_rows.votes(visit.store, found.id)
    return own(pairs, cast, visit.person.id)


def _queue(visit: Visit, project: Project, found: Queue, left: int) -> None:
    with st.container(key=f"home-queue-{found.id}", horizontal=True, vertical_alignment="center"):
        blocks.item(project.name, f"{blocks.several(left, 'example')} to label in “{found.name}”.")
        query = {"project": project.id, keys.EXAMPLES_VIEW: "label", "queue": found.id}
        st.page_link(paths.pages_dir() / "examples.py", label="Start labelling", query_params=query, **_ARROW)  # type: ignore[arg-type]


def _over(visit: Visit, found: list[tuple[Project, Round]]) -> None:
    told = [(project, each, mine) for project, each in found if (mine := _own(visit, each)).votes]
    if not told:
        return
    blocks.section(
        "Your closed rounds",
        "How consistent you were, for yourself. Whom people preferred is for the team to tell you.",
    )
    for project, each, mine in told:
        with st.container(key=f"own-{each.id}"):
            state = "cancelled" if each.state == "cancelled" else ""
            blocks.item(project.name, f"Opened {blocks.when(each.at)}. {in_short(mine)}", state)
            if mine.sentences:
                blocks.bullets(mine.sentences)
            if _has_a_question(visit, each):
                query = {"project": project.id}
                st.page_link(paths.pages_dir() / "review.py", label="One last question", query_params=query, **_ARROW)  # type: ignore[arg-type]


def _has_a_question(visit: Visit, found: Round) -> bool:
    """Whether the page of this round, the latest of its project, asks which answers were the tuned model's."""
    newest = numbered.newest(visit.store, found.project)
    return newest == found and guesses.is_asked(visit.store, found, visit.person.id)


def in_short(mine: Own) -> str:
    """How many pairs, and how fast."""
    each = f", about {duration(mine.seconds)} each" if mine.seconds else ""
    return f"You judged {blocks.several(mine.votes, 'pair')}{each}."


def last(visit: Visit, found: Round) -> None:
    """The same, under the page of the round that has just closed; nothing for who did not vote."""
    mine = _own(visit, found)
    if mine.votes:
        blocks.section("Your part in it", in_short(mine))
        blocks.bullets(mine.sentences)
