"""Frozen datasets: how two differ, who holds a record, and how spent a test set is."""

from __future__ import annotations

from round_seed import ready

from studio import dataset_history, datasets, projects
from studio.examples import step
from studio.records import Split, Status
from studio.review import rounds
from studio.store import Store, examples
from studio.store import datasets as dataset_rows


def test_two_sets_differ_in_what_was_added_taken_out_and_rewritten(store: Store) -> None:
    project = projects.from_demo(store, "ann", "ticket-triage").id
    before = datasets.freeze(store, "ann", project)
    learned = [e for e in dataset_rows.rows_of(store, before) if e.split is Split.train]
    gone, rewritten = learned[0], learned[1]
    step.mark(store, "ann", project, [gone.id], Status.rejected)
    current = examples.get(store, rewritten.id)
    assert current is not None
    changed = (
        rewritten.ideal.replace("false", "true")
        if "false" in rewritten.ideal
        else rewritten.ideal.replace("true", "false")
    )
    step.edit(store, "ann", project, current, ideal=changed, status=Status.approved)
    made = step.write(
        store, "ann", project, input="The export to CSV loses my umlauts since Tuesday", ideal=rewritten.ideal,
        slice=rewritten.slice, status=Status.approved,
    )  # fmt: skip
    after = datasets.freeze(store, "ann", project)
    found = dataset_history.difference(store, before, after)
    assert [e.id for e in found.added] == [made.id] and [e.id for e in found.removed] == [gone.id]
    assert [(m.after.id, m.rewritten) for m in found.moved] == [(rewritten.id, True)]
    assert found.same == len(dataset_rows.rows_of(store, before)) - 2
    assert found.sentence == f"1 added, 1 taken out, 1 rewritten; {found.same:,} the same."


def test_a_record_is_traced_to_the_sets_and_runs_that_hold_it(store: Store) -> None:
    seeded = ready(store, tests=6)
    (dataset,) = dataset_rows.every(store, seeded.project)
    by_split = {e.split: e.id for e in dataset_rows.rows_of(store, dataset)}
    learned = dataset_history.holding(store, seeded.project, by_split[Split.train])
    assert [d.id for d in learned.datasets] == [dataset.id] and len(learned.runs) == 1
    assert learned.sentence.endswith(f"hold this example: “{dataset.name}”; 1 training run learned from it.")
    tested = dataset_history.holding(store, seeded.project, by_split[Split.test])
    assert [d.id for d in tested.datasets] == [dataset.id] and tested.runs == ()
    assert dataset_history.holding(store, seeded.project, "unknown").datasets == ()


def test_every_use_of_a_test_set_is_counted(store: Store) -> None:
    project = projects.from_demo(store, "ann", "ticket-triage").id
    untouched = datasets.freeze(store, "ann", project)
    assert "are untouched" in dataset_history.spent(store, untouched).sentence
    seeded = ready(store, tests=6)
    (dataset,) = dataset_rows.every(store, seeded.project)
    rounds.open_round(store, "maker", seeded.project, seeded.plan)
    found = dataset_history.spent(store, dataset)
    assert (found.arms, found.rounds, found.prompts) == (3, 1, 6)
    assert "3 arms answered 6 of the" in found.sentence and "1 blind round used them" in found.sentence
