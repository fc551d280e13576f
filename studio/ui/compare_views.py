"""The parts of Compare behind one switch: the test prompts, what lies beside the task, an input to try."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from studio import outputs
from studio.records import Arm, Brief, Dataset, Split
from studio.ui import (
    answers,
    changed_parts,
    conversations_parts,
    evaluate_parts,
    explore_parts,
    figure_parts,
    form_fields,
    integrity_parts,
    judge_parts,
    keys,
    passages_parts,
    playground_parts,
    rubric_parts,
    side_effects_parts,
    where_parts,
)
from studio.ui.access import Visit

_VIEWS = {"test": "On the test prompts", "beside": "Beside the task"}
_TRY = {"try": "Try an input"}


def show(visit: Visit, brief: Brief, dataset: Dataset) -> None:
    """The part that was chosen."""
    known = evaluate_parts.in_use(visit)
    views = {**_VIEWS, **_TRY} if visit.may_edit else _VIEWS
    chosen = form_fields.view(keys.COMPARE_VIEW, views, "Which part of Compare") if known else "test"
    if known:
        st.space("small")  # apart from the sentence below
    if chosen == "beside":
        _beside(visit, dataset, known)
    elif chosen == "try":
        playground_parts.show(visit, brief, known)
    else:
        _test(visit, brief, dataset, known)


def _test(visit: Visit, brief: Brief, dataset: Dataset, known: Sequence[Arm]) -> None:
    compared = answers.compared(visit, dataset.id, Split.test)
    shown = evaluate_parts.chosen(compared)
    if shown and answers.held_back(visit):
        answers.come_back_later(visit)
    elif shown:
        _figures(visit, brief, dataset, known, compared, shown)
    evaluate_parts.writing(visit, dataset, known, compared)
    evaluate_parts.onwards(visit)


def _figures(
    visit: Visit, brief: Brief, dataset: Dataset, known: Sequence[Arm], compared: Sequence[outputs.Compared],
    shown: Sequence[outputs.Compared],
) -> None:  # fmt: skip
    evaluate_parts.summary(shown)
    answers.after_tests(visit, [each.arm for each in shown])
    evaluate_parts.counted(shown)
    told = where_parts.show(visit, dataset.id, compared, shown)
    evaluate_parts.rules(shown)
    if told:
        figure_parts.show(visit, told, shown)
        figure_parts.through_conversations(told, shown)
        figure_parts.carries_over(visit, dataset, told, shown)
    passages_parts.figures(visit, dataset, [each.arm for each in shown], Split.test)
    conversations_parts.show(visit, brief, dataset, known)
    integrity_parts.card(visit, dataset, compared)
    if told:
        rubric_parts.show(visit, brief, dataset, told, compared)
    explore_parts.show(visit, brief, dataset, told, shown)


def _beside(visit: Visit, dataset: Dataset, known: Sequence[Arm]) -> None:
    if answers.held_back(visit):
        answers.come_back_later(visit)
        return
    side_effects_parts.show(visit)
    changed_parts.show(visit, dataset, known)
    judge_parts.show(visit, dataset, known)
