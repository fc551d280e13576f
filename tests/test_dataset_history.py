"""Frozen datasets: how two differ, who holds a record, and how spent a test set is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from round_seed import ready

from studio import baselines, commands, dataset_history, datasets, looks, projects
from studio.examples import step
from studio.records import Refusal, Split, Status, canonical, to_json
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
    assert [m.after.id for m in found.rewritten] == [rewritten.id] and not found.resplit and not found.refiled
    assert found.same == len(dataset_rows.rows_of(store, before)) - 2
    assert found.sentence == f"1 added, 1 taken out, 1 rewritten; {found.same:,} the same."
    back = dataset_history.difference(store, after, before)
    assert [e.id for e in back.added] == [gone.id] and [e.id for e in back.removed] == [made.id]
    nothing = dataset_history.difference(store, after, after)
    assert nothing.sentence == f"No example differs; {sum(after.splits.values()):,} the same." and not nothing.around


def test_two_sets_differ_in_split_slice_brief_findings_and_waivers(store: Store) -> None:
    project = projects.from_demo(store, "ann", "ticket-triage").id
    frozen = datasets.freeze(store, "ann", project)
    rows = dataset_rows.rows_of(store, frozen)
    rows[0] = replace(rows[0], split=Split.test if rows[0].split is Split.train else Split.train, slice="elsewhere")
    rows[1] = replace(rows[1], licence="CC0-1.0", approvals=("somebody",))
    rows[2] = replace(rows[2], revision=9)
    finding = {"check": "near_leakage", "subject": "", "severity": "must_fix", "sentence": "Two stand on both sides."}
    other = replace(
        frozen, rows_blob=store.put_blob(canonical(to_json(rows))), brief_version=frozen.brief_version + 1,
        health={"report": {"findings": [finding]}, "waivers": {"near_leakage": "On purpose."}},
    )  # fmt: skip
    found = dataset_history.difference(store, frozen, other)
    assert [m.after.id for m in found.resplit] == [rows[0].id] and not found.rewritten
    assert [m.after.id for m in found.refiled] == [rows[0].id, rows[1].id] and found.same == len(rows) - 2
    assert "1 in another split, 2 with another slice, tag or right" in found.sentence
    said = " ".join(found.around)
    assert f"under version {other.brief_version} of the brief" in said
    assert "Newly found, near leakage: Two stand on both sides." in said
    assert "Newly accepted, near leakage: On purpose." in said and "No longer found" in said


def test_a_record_is_traced_to_the_sets_and_runs_that_hold_it(store: Store) -> None:
    seeded = ready(store, tests=6)
    (dataset,) = dataset_rows.every(store, seeded.project)
    by_split = {e.split: e.id for e in dataset_rows.rows_of(store, dataset)}
    learned = dataset_history.holding(store, seeded.project, [by_split[Split.train]])
    assert [d.id for d in learned.datasets] == [dataset.id] and len(learned.runs) == 1
    assert learned.sentence.endswith(f"hold this example: “{dataset.name}”; 1 training run learned from it.")
    assert len(learned.todo) == 4 and "Train again" in learned.todo[1] and "freeze a set without it" in learned.todo[0]
    traced = commands.trace(store, {"project": seeded.project, "example": by_split[Split.train]})
    assert traced["datasets"] == [
        {"id": dataset.id, "name": dataset.name, "sha256": dataset.sha256, "split": "train", "discarded": False}
    ]
    assert [r["id"] for r in traced["runs"]] == [r.id for r in learned.runs] and traced["todo"] == learned.todo
    with pytest.raises(Refusal, match="no such example"):
        commands.trace(store, {"project": seeded.project, "example": "unknown"})
    tested = dataset_history.holding(store, seeded.project, [by_split[Split.test]])
    assert [d.id for d in tested.datasets] == [dataset.id] and tested.runs == ()
    assert dataset_history.holding(store, seeded.project, ["unknown"]).datasets == ()
    store.act("run.discarded", "maker", {"id": learned.runs[0].id}, seeded.project)
    still = dataset_history.holding(store, seeded.project, [by_split[Split.train]])
    assert still.runs[0].discarded, "a discarded run still holds what it learned"
    both = dataset_history.holding(store, seeded.project, list(by_split.values()))
    assert set(both.splits[dataset.id]) == set(by_split) and "one of these examples or more" in both.sentence


def test_every_use_of_a_test_set_is_counted(store: Store) -> None:
    project = projects.from_demo(store, "ann", "ticket-triage").id
    untouched = datasets.freeze(store, "ann", project)
    assert "are untouched" in looks.spent(store, untouched).sentence
    seeded = ready(store, tests=6)
    (dataset,) = dataset_rows.every(store, seeded.project)
    rounds.open_round(store, "maker", seeded.project, seeded.plan)
    found = looks.spent(store, dataset)
    assert (found.arms, found.rounds, found.prompts, found.comparisons, found.looks) == (3, 1, 6, 1, 2)
    assert "used 2 times: 1 comparison (3 arms answered 6 of the 6 test examples); 1 blind round" in found.sentence
    assert "After 8 more, write fresh test examples" in found.sentence


def compared(store: Store, project: str, dataset: str, arm: str, name: str) -> None:
    """A finished job in which `arm` answered the test examples."""
    detail = {"dataset": dataset, "split": "test", "arms": [arm]}
    store.act("job.started", "ann", {"id": name, "kind": "generate", "folder": name, "detail": detail}, project)
    store.act("job.finished", "ann", {"id": name, "state": "done", "result": {}}, project)


def test_choices_after_the_first_scores_count_and_go_over_to_the_next_set(store: Store) -> None:
    seeded = ready(store, tests=6)
    (dataset,) = dataset_rows.every(store, seeded.project)
    before = looks.spent(store, dataset)
    for number in range(4):
        compared(store, seeded.project, dataset.id, seeded.base, f"j{number}")
        baselines.add_prompt(store, "ann", seeded.project, name=f"Try {number}", text=f"Be kind {number}.")
    found = looks.spent(store, dataset)
    assert (found.comparisons, found.choices) == (before.comparisons + 4, 4)
    assert found.looks == 9 and "After 1 more" in found.advice
    compared(store, seeded.project, dataset.id, seeded.base, "j9")
    assert looks.spent(store, dataset).advice.startswith("That is enough: write fresh test examples")
    # The next set has the same test examples, and so the same looks at them.
    learned = next(e for e in dataset_rows.rows_of(store, dataset) if e.split is Split.train)
    step.mark(store, "ann", seeded.project, [learned.id], Status.rejected)
    report = datasets.candidate(store, seeded.project).report
    following = datasets.freeze(
        store, "ann", seeded.project, waivers={g.key: "Seeded" for g in report.gates if not g.passed}
    )
    assert looks.spent(store, following).looks == 10


def test_the_best_of_many_is_flattered_as_drawing_them_shows() -> None:
    draw = np.random.default_rng(3)
    for arms, of in ((3, 66), (10, 100)):
        best = (draw.binomial(of, 0.5, size=(4000, arms)) / of).max(axis=1).mean()
        said = looks.Spent(1, arms, arms, 0, 0, of, of)
        assert abs(said.flatters - 100 * (best - 0.5)) < 0.4
    assert looks.Spent(1, 1, 1, 0, 0, 9, 9).flatters == 0
