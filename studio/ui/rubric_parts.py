"""Rate answers by the brief's criteria, on the Compare page: one at a time, not told whose it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from studio import rubric
from studio.evaluate.rubric import FEWEST, Rubric
from studio.evaluation import Report
from studio.outputs import Compared
from studio.records import SCALE_LEVELS, Brief, Criterion, Dataset, Example, Split, canonical, sha256, to_json
from studio.store import Store, arms
from studio.ui import answers, blocks, conversation, draft_fields, frame
from studio.ui.access import Visit

_YES_NO = {"1": "Yes", "0": "No"}


def show(visit: Visit, brief: Brief, dataset: Dataset, told: Report, shown: Sequence[Compared]) -> None:
    """What people say so far, and the next answer to rate for who has chosen to read answers."""
    blocks.section(
        "What people say of single answers",
        "Somebody reads one answer, not told whose it is, and says of each criterion whether it is kept: of those that "
        "only people can tell, where the brief has any. It shows which automatic score people agree with (a rubric); "
        "which arm they prefer, the blind round tells.",
    )
    workspace, version = str(visit.store.workspace), visit.store.version
    _results(_report(visit.store, brief, shown, told, workspace, version, dataset.id), shown)
    if visit.person.id not in arms.saw_tests(visit.store, visit.project_id):
        blocks.note(
            "To rate, choose to read the test answers, below: your votes in blind rounds then stay outside the count, "
            "and what you change of a prompt afterwards is counted."
        )
        return
    if visit.may_edit and rubric.criteria(brief):
        _rate(visit, brief, dataset, shown, {e.id: e for e in answers.examples(visit, dataset, Split.test)})


@st.cache_data(max_entries=16, show_spinner=False)
def _report(
    _store: Store, _brief: Brief, _shown: Sequence[Compared], _told: Report, workspace: str, version: int, dataset: str
) -> Rubric:  # fmt: skip
    return rubric.report(_store, _brief, dataset, _shown, _told.figures)


def _results(found: Rubric, shown: Sequence[Compared]) -> None:
    if not found.said:
        blocks.note("Nobody has rated an answer yet.")
        return
    names = {each.arm.id: each.arm.name for each in shown}
    criteria = list(dict.fromkeys(said.criterion for said in found.said))
    cells = {(s.criterion, s.arm): f"{blocks.percent(s.value)} ({blocks.between((s.low, s.high))}), n = {s.n:,}"
             for s in found.said}  # fmt: skip
    rows = [[criterion, *(cells.get((criterion, arm), "–") for arm in names)] for criterion in criteria]
    caption = f"Mean rating, 0 % to 100 %, with 95 % intervals over prompts; {blocks.several(found.people, 'rater')}"
    blocks.table(["Criterion", *names.values()], rows, caption)
    with st.expander("Do people agree, and which score predicts them?", key="evaluate-ratings"):
        blocks.bullets([f"{criterion}: {agreed.sentence}" for criterion, agreed in found.agreement.items()])
        if found.predicts:
            blocks.bullets([each.sentence for each in sorted(found.predicts, key=lambda each: -each.rho)])
        else:
            blocks.note(f"How well a score predicts people shows from {FEWEST} rated prompts on, if ratings differ.")


def _rate(
    visit: Visit, brief: Brief, dataset: Dataset, shown: Sequence[Compared], examples: Mapping[str, Example]
) -> None:  # fmt: skip
    waiting = rubric.next_for(visit.store, visit.person.id, dataset.id, shown, list(examples))
    if waiting is None:
        blocks.note("You have rated every answer.")
        return
    example = examples[waiting.example]
    # A name of its own for each answer, that says nothing of whose it is; a draft under it is of no other answer.
    key = f"evaluate-rate-{example.id}-{waiting.left}-{sha256(waiting.output)[:8]}"
    with st.container(border=True, key="evaluate-rate"):
        conversation.shown(example.prompt, "Asked")
        frame.reading(waiting.output, "An answer")
        for criterion in rubric.criteria(brief):
            _ask(visit, criterion, _key(key, criterion))
        st.button("Save and go on", key=f"{key}-save", type="primary", on_click=_save,
                  args=(visit, brief, dataset.id, waiting, key))  # fmt: skip
        blocks.note(f"{blocks.several(waiting.left, 'answer')} after this one. Stop whenever you like.")


def _ask(visit: Visit, criterion: Criterion, key: str) -> None:
    if criterion.scale:
        levels = {str(level): str(level) for level in range(1, SCALE_LEVELS + 1)}
        draft_fields.segments(visit, criterion.name, key, levels, help=criterion.how_to_tell or None)
        blocks.scale(criterion.scale)
    else:
        draft_fields.segments(visit, criterion.name, key, _YES_NO, help=criterion.how_to_tell or None)


def _key(answer: str, criterion: Criterion) -> str:
    """By what is asked, not by its place: with another brief another criterion may stand there."""
    return f"{answer}-{sha256(canonical([criterion.name, to_json(criterion.scale)]))[:8]}"


def _save(visit: Visit, brief: Brief, dataset: str, waiting: rubric.Waiting, key: str) -> None:
    asked = rubric.criteria(brief)
    chosen = {each.name: st.session_state.get(_key(key, each)) for each in asked}
    values = {name: int(value) for name, value in chosen.items() if value is not None}

    def rate() -> None:
        rubric.rate(visit.store, visit.person.id, visit.project_id, brief, dataset, waiting, values)
        for each in asked:
            draft_fields.saved_as(visit, _key(key, each))

    frame.attempt(rate)
