"""Teach it from votes, on the Train page: what people preferred, what is spent by it, what it starts from."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import vote_sets
from studio.baselines import DEFAULT_MODEL
from studio.record_examples import example_of
from studio.records import Dataset, Job, Run, Split
from studio.store import Store, arms, rounds
from studio.store import datasets as dataset_rows
from studio.train import from_votes, preflight
from studio.train.settings import Settings
from studio.ui import blocks, draft_fields, frame, model_parts
from studio.ui.access import Visit
from studio.ui.train_settings import changed, fields_of_votes, in_words, typed

_BASE = ""
_WHY = (
    "Preference tuning (DPO): it learns which of two answers your reviewers preferred. It goes best after a training "
    "on examples, from the tuned model that was voted on."
)


def offered(visit: Visit) -> bool:
    """To those who may train, where a round has closed or votes are frozen."""
    closed = any(each.state == "closed" for each in rounds.every(visit.store, visit.project_id))
    return visit.may_edit and (closed or bool(dataset_rows.of_votes(visit.store, visit.project_id)))


def show(visit: Visit) -> None:
    """What people preferred and what is spent to teach it, then the form."""
    blocks.section("Teach it from votes", _WHY)
    _newest(visit)
    if sets := dataset_rows.of_votes(visit.store, visit.project_id):
        _form(visit, sets)


# -- what people preferred, and to freeze it --------------------------------------------------------


@st.cache_data(max_entries=8, show_spinner="Reading the votes")
def _found(_store: Store, workspace: str, version: int, project: str) -> vote_sets.Found:
    """Of people, whose votes a decision may rest on; where there is none, of practice."""
    made = vote_sets.found(_store, project)
    return made if made.rows else vote_sets.found(_store, project, practice=True)


def _newest(visit: Visit) -> None:
    """The pairs of the closed rounds as they are now, unless they are frozen already."""
    made = _found(visit.store, str(visit.store.workspace), visit.store.version, visit.project_id)
    if vote_sets.current(visit.store, visit.project_id, made) is not None:
        return
    blocks.bullets(vote_sets.in_words(made.facts))
    if len(made.rows) < vote_sets.LEAST:
        blocks.note(
            f"At least {vote_sets.LEAST} decided pairs are needed to teach from, so that some can be kept aside to "
            "measure by. Let people vote in another round; every vote so far stays."
        )
        return
    with st.popover("Freeze these votes…", key="votes-freeze-ask", icon=":material/ac_unit:"):
        blocks.plain(_spends(visit, made))
        blocks.note("It can be undone until a training has learned from them.")
        st.button("Freeze them and spend these prompts", key="votes-freeze", type="primary", on_click=_freeze,
                  args=(visit, made))  # fmt: skip


def _spends(visit: Visit, made: vote_sets.Found) -> str:
    """What nobody can do any more afterwards, and what to do about it."""
    before = dataset_rows.spent(visit.store, visit.project_id)
    prompts = {example_of(row.id) for row in made.rows} - before.keys()
    said = blocks.several(len(prompts), "test prompt")
    return (
        f"This spends {said}: a model that is taught by votes on a prompt cannot be tested on it. No arm can answer "
        "their test set and no round can open on it any more; results so far stay. For the next test, write fresh "
        "examples, mark them for testing and freeze a new set: the spent ones go to training then."
    )


def _freeze(visit: Visit, made: vote_sets.Found) -> None:
    frame.attempt(
        lambda: vote_sets.freeze(
            visit.store, visit.person.id, visit.project_id, practice=made.facts.practice, seen=made
        ),
        "The votes are frozen. Measure a training on them next.",
    )


# -- choose and measure -----------------------------------------------------------------------------


def _form(visit: Visit, sets: Sequence[Dataset]) -> None:
    """Which votes, what it starts as, and the figures on request."""
    names = {each.id: f"{each.name} ({blocks.several(vote_sets.facts(each).pairs, 'pair')})" for each in sets}
    chosen = draft_fields.pick(visit, "Votes", "votes-set", names, width=560)
    dataset = next(each for each in sets if each.id == chosen)
    blocks.bullets(vote_sets.in_words(vote_sets.facts(dataset)))
    start = _start(visit)
    model = DEFAULT_MODEL if start else model_parts.choose(visit)
    figures, base = from_votes.asked(visit.store, dataset, start=start, model=model)
    under = fields_of_votes(dataset.id, start)
    with st.expander("Settings, for experts", key="votes-settings"):
        changes = changed(visit, figures, under)
    blocks.note(in_words(figures, changes, dataset.splits.get(Split.train.value, 0)))
    st.button("Measure first", type="primary", key="votes-measure", icon=":material/speed:", on_click=_measure,
              args=(visit, dataset, start, base, figures, under))  # fmt: skip


def _start(visit: Visit) -> str:
    """The run to go on from: by default the newest that was voted on, else the newest."""
    runs = from_votes.starts(visit.store, visit.project_id)
    titles = {run.id: _title(visit, run) for run in runs} | {_BASE: "A base model as it is"}
    voted = {
        arm["run"] for each in rounds.every(visit.store, visit.project_id) if each.state == "closed"
        for arm in each.registration["arms"].values()
    }  # fmt: skip
    order = sorted(titles, key=lambda name: (name == _BASE, name not in voted))
    return draft_fields.pick(visit, "Starts as", "votes-start", {name: titles[name] for name in order}, width=560)


def _title(visit: Visit, run: Run) -> str:
    arm = arms.get(visit.store, f"tuned-{run.id}")
    return arm.name if arm is not None else f"Run {run.id}"


def _measure(visit: Visit, dataset: Dataset, start: str, model: str, figures: Settings, under: str) -> None:
    def begin() -> Job:
        wanted, base = from_votes.asked(visit.store, dataset, start=start, model=model, changes=typed(figures, under))
        return preflight.begin(visit.store, visit.person.id, dataset, wanted, base)

    frame.attempt(begin)
