"""The label view of the examples' page: which queue, opening one, and the way to labelling and to what came of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import streamlit as st

from studio.examples import labelling
from studio.records import Role, Status
from studio.store import examples as rows
from studio.store import finding, labels, people
from studio.store.finding import Filter
from studio.store.labels import Queue
from studio.ui import blocks, form_fields, frame, keys, labelling_desk, labelling_report, prose
from studio.ui.access import Visit

_LOOK = Path(__file__).parent / "assets" / "labelling.css"
_SIDES = {"work": "Label", "said": "What people said", "open": "Open a queue"}


def show(visit: Visit) -> None:
    """What this person may do here: label, and for the team also open queues and read what came of them."""
    st.html(_LOOK)
    every = labels.queues(visit.store, visit.project_id)
    queues = [q for q in every if not q.closed and (_of_team(visit) or visit.person.id in q.people)]
    side = _side(visit, bool(queues), bool(every))
    if side == "open":
        _opening(visit)
    elif side == "said":
        labelling_report.show(visit, _chosen(visit, sorted(every, key=lambda q: q.closed)))
    elif not queues:
        _nothing(visit)
    else:
        _work(visit, _chosen(visit, queues))


def _of_team(visit: Visit) -> bool:
    """A reviewer sees the queues they are asked in, and of those only their own part."""
    return visit.person.role is not Role.reviewer


def _side(visit: Visit, any_open: bool, any_ever: bool) -> str:
    """Which part is shown. What people said can be read, and settled, also when all queues are closed."""
    if not _of_team(visit):
        return "work"
    if not any_ever:
        return "open" if visit.may_edit else "work"
    words = {side: said for side, said in _SIDES.items() if side != "open" or visit.may_edit}
    if not any_open:
        del words["work"]
    return form_fields.view(keys.LABEL_SIDE, words, "Which part of labelling")


def _nothing(visit: Visit) -> None:
    frame.empty(
        "Nothing waits for your label",
        "When a designer asks you about examples, they come up here one at a time: you read, and press a key.",
    )


def _chosen(visit: Visit, queues: list[Queue]) -> Queue:
    """The queue in the address, or else the newest one in which something waits for this person."""
    by_id = {q.id: q for q in queues}
    asked = str(st.query_params.get("queue", ""))
    mine = (q for q, _ in labelling.waiting_for(visit.store, visit.project_id, visit.person.id))
    first = by_id.get(asked) or next(mine, queues[0])
    if len(queues) == 1:
        return first
    chosen = st.selectbox(
        "Queue", list(by_id), list(by_id).index(first.id), key="label-queue", on_change=_pick, width=340,
        format_func=lambda q: f"{by_id[q].name} ({by_id[q].items:,}{', closed' if by_id[q].closed else ''})",
    )  # fmt: skip
    return by_id.get(chosen, first)


def _pick() -> None:
    st.query_params["queue"] = st.session_state["label-queue"]


def _work(visit: Visit, found: Queue) -> None:
    if visit.person.id in found.people:
        labelling_desk.show(visit, found)
        return
    names = people.names(visit.store)
    blocks.note("You are not asked in this queue.")
    said = [f"{names.get(p, 'somebody who left')}: {labels.done(visit.store, found.id, p):,} of "
            f"{labels.total(visit.store, found.id, p):,}" for p in found.people]  # fmt: skip
    blocks.bullets(said)


# -- opening a queue -------------------------------------------------------------------------------


def _form() -> dict[str, Any]:
    return {"name": "", "which": Status.in_review.value, "slice": "", "people": [], "overlap": 2, "percent": 20}


def _opening(visit: Visit) -> None:
    held = form_fields.draft(visit, "label/open", _form)
    blocks.section(
        "Ask people to label",
        "They read one example at a time and decide by a key. A part of them goes to several people, so that you see "
        "whether the rules of the brief are read the same way.",
    )
    tally = rows.tally(visit.store, visit.project_id)
    counts = rows.counts(visit.store, visit.project_id)
    slices = sorted({name for name, _ in tally if name})
    known = {p.id: p.name for p in people.everyone(visit.store) if p.active and not p.scripted}
    with st.container(key="label-open-form"):
        words = {s.value: f"{prose.STATUS_WORDS[s]} ({counts[s.value]:,})" for s in (Status.in_review, Status.draft)}
        which = form_fields.choice(held, ("which",), "Which examples", "label-which", words)
        slice = form_fields.one(
            held, ("slice",), "Of which kind of input (slice)", "label-slice", ["", *slices],
            format_func=lambda s: s or "All kinds",
        )  # fmt: skip
        form_fields.several(
            held, ("people",), "Who labels", "label-people", list(known), format_func=lambda p: known[p],
            placeholder="Choose one or more people",
        )  # fmt: skip
        left, right = st.columns(2)
        with left:
            form_fields.number(held, ("percent",), "Shared by several people, in percent", "label-percent",
                               min_value=0, max_value=100, step=5)  # fmt: skip
        with right:
            form_fields.number(held, ("overlap",), "People for each of those", "label-overlap", min_value=2,
                               max_value=9)  # fmt: skip
        form_fields.line(held, ("name",), "Name (optional)", "label-name", max_chars=80)
        count = finding.count(visit.store, visit.project_id, Filter(status=which, slice=slice or "")) if which else 0
        _consequences(held.form, count)
        _without_ideal(visit, held.form)
        st.button("Open the queue", key="label-open", type="primary", on_click=_open, args=(visit, held))
    _running(visit)


def _consequences(form: dict[str, Any], count: int) -> None:
    """What opening it asks of whom, before it is pressed."""
    team = len(form["people"])
    shared = round(count * form["percent"] / 100) if team > 1 else 0
    each = (count + shared * (min(form["overlap"], max(team, 1)) - 1)) / max(team, 1)
    said = f"{blocks.several(count, 'example')}; " + (
        f"about {each:,.0f} for each of {team} people." if team > 1 else "choose who labels." if not team else
        "all for one person, so nothing will be known about agreement."
    )  # fmt: skip
    blocks.note(said)
    blocks.note("Whoever labels sees the ideal outputs, so their votes in a blind round of this project do not count.")


def _without_ideal(visit: Visit, form: dict[str, Any]) -> None:
    """How many of them nobody can approve as they are."""
    if not form["which"]:
        return
    ids = finding.ids(visit.store, visit.project_id, Filter(status=form["which"], slice=form["slice"] or ""))
    empty = len(rows.without_ideal(visit.store, ids))
    if empty:
        has, them = ("has", "it") if empty == 1 else ("have", "them")
        blocks.note(
            f"{empty:,} of them {has} no ideal output yet and cannot be approved with A: whoever labels {them} "
            "writes one with E, rejects, or cannot tell."
        )


def _open(visit: Visit, held: form_fields.Draft) -> None:
    form = held.again()
    team = len(form["people"])
    overlap = min(form["overlap"], team) if team > 1 and form["percent"] else 1

    def go() -> Queue:
        ids = finding.ids(visit.store, visit.project_id, Filter(status=form["which"], slice=form["slice"] or ""))
        name = form["name"] or form["slice"] or f"{len(ids):,} {prose.STATUS_WORDS[Status(form['which'])].lower()}"
        return labelling.open_queue(
            visit.store, visit.person.id, visit.project_id, name, ids, form["people"], overlap=overlap,
            share=form["percent"] / 100 if overlap > 1 else 0.0,
        )  # fmt: skip

    made = frame.attempt(go, "The queue is open. People find it here and on their first page. Undo takes it back.")
    if made is not None:
        held.drop()
        st.query_params["queue"] = made.id
        st.session_state[keys.LABEL_SIDE] = "work" if visit.person.id in made.people else "said"


def _running(visit: Visit) -> None:
    queues = [q for q in labels.queues(visit.store, visit.project_id) if not q.closed]
    if not queues:
        return
    blocks.section("Open now")
    for found in queues:
        done = sum(labels.done(visit.store, found.id, person) for person in found.people)
        with st.container(key=f"label-running-{found.id}", horizontal=True, vertical_alignment="center"):
            asked = sum(labels.total(visit.store, found.id, person) for person in found.people)
            blocks.item(found.name, f"{done:,} of {asked:,} labels; {blocks.several(len(found.people), 'labeller')}.")
            st.button("Close", key=f"label-close-{found.id}", on_click=_close, args=(visit, found), type="tertiary")


def _close(visit: Visit, found: Queue) -> None:
    said = "The queue is closed; what was labelled stays. Undo opens it again."
    frame.attempt(lambda: labelling.close_queue(visit.store, visit.person.id, found), said)
