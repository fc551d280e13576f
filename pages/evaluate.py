"""Compare: did it get better, and what did it break? Its records are the outputs and their scores."""

from studio import loop
from studio.records import Split
from studio.ui import (
    access,
    answers,
    blocks,
    evaluate_parts,
    explore_parts,
    figure_parts,
    frame,
    integrity_parts,
    rubric_parts,
    where_parts,
)

visit = access.open_page("evaluate")
frame.page(visit, "evaluate", "Compare", "Did it get better, by how much, and what did it break?")
blocks.look()
blocks.undo(visit)
brief, dataset = evaluate_parts.records(visit)
if brief is None or dataset is None:
    evaluate_parts.nothing_yet(visit)
else:
    known = evaluate_parts.in_use(visit)
    compared = answers.compared(visit, dataset.id, Split.test)
    shown = evaluate_parts.chosen(compared)
    if shown and answers.held_back(visit):
        answers.come_back_later(visit)
    elif shown:
        evaluate_parts.summary(shown)
        answers.after_tests(visit, [each.arm for each in shown])
        evaluate_parts.counted(shown)
        told = where_parts.show(visit, dataset.id, compared, shown)
        evaluate_parts.rules(shown)
        if told:
            figure_parts.show(visit, told, shown)
            figure_parts.through_conversations(told, shown)
            figure_parts.carries_over(visit, dataset, told, shown)
        integrity_parts.card(visit, dataset, compared)
        if told:
            rubric_parts.show(visit, brief, dataset, told, compared)
        explore_parts.show(visit, brief, dataset, told, shown)
    evaluate_parts.writing(visit, dataset, known, compared)
    evaluate_parts.onwards(visit)
    frame.stale(loop.stale(visit.store, visit.project_id))
