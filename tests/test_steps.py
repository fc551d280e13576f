"""The steps before a model is needed: brief, examples, datasets, prompts, projects, and the loop they stand in."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from studio import baselines, brief, datasets, loop, projects
from studio.examples import step as example_step
from studio.records import Brief, Criterion, Refusal, Slice, Status
from studio.store import Store, arms, briefs, examples
from studio.store import datasets as dataset_rows


@pytest.fixture
def demo(store: Store) -> str:
    return projects.from_demo(store, "ann", "support-replies").id


def state(store: Store, project: str) -> dict[str, str]:
    return {step.name: step.state for step in loop.stand(store, project)}


def test_an_empty_project_starts_with_its_brief_and_moves_on(store: Store) -> None:
    project = projects.create(store, "ann", "Mine").id
    assert state(store, project)["brief"] == "current"
    brief.save(store, "ann", project, Brief(task="Answer"), note="", changes_meaning=True)
    assert state(store, project)["examples"] == "current"
    with pytest.raises(Refusal, match="already"):
        projects.create(store, "ann", "Mine")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"task": " "}, "task"),
        ({"criteria": (Criterion("a"), Criterion("a"))}, "Two criteria"),
        ({"criteria": (Criterion(" "),)}, "no name"),
        ({"criteria": (Criterion("a", slices=("nowhere",)),)}, "nowhere"),
        ({"slices": (Slice("s"), Slice("s"))}, "Two slices"),
    ],
)
def test_an_unfit_brief_is_refused(store: Store, change: dict[str, object], why: str) -> None:
    project = projects.create(store, "ann", "Mine").id
    with pytest.raises(Refusal, match=why):
        brief.save(store, "ann", project, dataclasses.replace(Brief(task="t"), **change), note="", changes_meaning=True)  # type: ignore[arg-type]
    assert briefs.latest(store, project) is None


def test_brief_versions_differ_in_words_and_restore(store: Store, demo: str) -> None:
    first = briefs.latest(store, demo)
    assert first is not None
    changed = dataclasses.replace(first, task="Answer kindly", criteria=first.criteria[1:])
    brief.save(store, "ann", demo, changed, note="kinder", changes_meaning=False)
    changes = {change.what for change in brief.diff(first, changed)}
    assert changes == {"The task", "Criterion “Repeats the order number”"}
    back = brief.restore(store, "ann", demo, 1)
    assert back.version == 3 and back.criteria == first.criteria
    assert [v.brief.version for v in briefs.versions(store, demo)] == [3, 2, 1]


def test_a_change_of_meaning_says_what_predates_it(store: Store, demo: str) -> None:
    datasets.freeze(store, "ann", demo)
    assert loop.stale(store, demo) == []
    latest = briefs.latest(store, demo)
    assert latest is not None
    brief.save(store, "ann", demo, dataclasses.replace(latest, task="x"), note="", changes_meaning=True)
    stale = loop.stale(store, demo)
    assert stale[0].startswith("636 approved examples predate version 2")
    assert "frozen under version 1" in stale[1]


def test_an_example_is_written_edited_and_approved(store: Store) -> None:
    project = projects.create(store, "ann", "Mine").id
    made = example_step.write(store, "ann", project, input="hi", ideal="")
    with pytest.raises(Refusal, match="no ideal output"):
        example_step.mark(store, "ann", project, [made.id], Status.approved)
    edited = example_step.edit(store, "ann", project, made, ideal="hello")
    example_step.mark(store, "ann", project, [made.id], Status.approved)
    approved = examples.get(store, made.id)
    assert approved is not None and approved.status is Status.approved
    with pytest.raises(Refusal, match="Somebody saved revision 3"):
        example_step.edit(store, "ann", project, edited, ideal="late")
    again = example_step.edit(store, "ann", project, approved, ideal="hello you")
    assert again.status is Status.in_review, "an approved text that changed needs another look"
    assert [r.example.revision for r in examples.revisions(store, made.id)] == [4, 3, 2, 1]


def test_a_newcomers_csv_comes_in_with_every_bad_row_named(store: Store, tmp_path: Path) -> None:
    project = projects.create(store, "ann", "Mine").id
    file = tmp_path / "mine.csv"
    rows = "".join(f"question {i} about thing {i * 7},answer {i}\n" for i in range(30))
    file.write_text("input,ideal\n" + rows + ",an answer without a question\n")
    batch, _ = example_step.import_file(store, "ann", project, file, status=Status.approved)
    assert (batch.rows, batch.kept) == (31, 30) and batch.refused[0][0] == 32
    store.undo(store.version, "ann")
    assert examples.count(store, project) == 0


def test_freezing_is_deterministic_stable_and_refused_when_unfit(store: Store, demo: str) -> None:
    first = datasets.freeze(store, "ann", demo)
    assert first.splits == {"train": 504, "validation": 66, "test": 66}
    with pytest.raises(Refusal, match="frozen already"):
        datasets.freeze(store, "ann", demo)
    made = example_step.write(
        store, "ann", demo, input="A new question about order LF-10001, late again", slice="delivery", ideal="wrong",
        status=Status.approved,
    )  # fmt: skip
    with pytest.raises(Refusal, match="Nothing was frozen"):
        datasets.freeze(store, "ann", demo)
    gates = datasets.candidate(store, demo).report.gates
    reasons = {gate.key: "known, to be rewritten" for gate in gates if not gate.passed}
    second = datasets.freeze(store, "ann", demo, waivers=reasons)
    assert second.sha256 != first.sha256 and second.health["waivers"] == reasons
    before = {e.id: e.split for e in dataset_rows.rows_of(store, first)}
    after = {e.id: e.split for e in dataset_rows.rows_of(store, second)}
    assert all(after[name] is split for name, split in before.items()) and made.id in after


def test_two_stores_freeze_the_demo_alike(tmp_path: Path) -> None:
    found = []
    for name in ("one", "two"):
        store = Store.open(tmp_path / name)
        project = projects.from_demo(store, "ann", "ticket-triage").id
        rows = dataset_rows.rows_of(store, datasets.freeze(store, "ann", project))
        found.append(sorted((e.input, e.split) for e in rows))
        store.close()
    assert found[0] == found[1]


def test_too_little_cannot_be_frozen(store: Store) -> None:
    project = projects.create(store, "ann", "Mine").id
    with pytest.raises(Refusal, match="brief"):
        datasets.freeze(store, "ann", project)
    brief.save(store, "ann", project, Brief(task="t"), note="", changes_meaning=True)
    example_step.write(store, "ann", project, input="hi", ideal="ho", status=Status.approved)
    with pytest.raises(Refusal):
        datasets.freeze(store, "ann", project)


def test_prompts_start_from_the_brief_and_keep_their_versions(store: Store, demo: str) -> None:
    assert baselines.base(store, "ann", demo) == baselines.base(store, "bob", demo)
    arm = baselines.add_prompt(store, "ann", demo, name="House rules")
    assert "Next step: we trace the parcel" in arm.system_prompt
    with pytest.raises(Refusal, match="taken"):
        baselines.add_prompt(store, "ann", demo, name="House rules")
    after = baselines.change_prompt(store, "ann", arm, text="Be brief.")
    with pytest.raises(Refusal, match="while you were editing"):
        baselines.change_prompt(store, "bob", arm, text="Be long.")
    assert [each.number for each in arms.prompt_history(store, arm.id)] == [2, 1]
    store.undo(store.version, "ann")
    found = arms.get(store, arm.id)
    assert found is not None and found.version == 1 and after.version == 2


def test_a_slice_made_stricter_later_keeps_single_approvals_out_of_a_dataset(store: Store, demo: str) -> None:
    latest = briefs.latest(store, demo)
    assert latest is not None
    before = datasets.candidate(store, demo)
    one = next(e for e in before.examples if e.slice == "delivery")
    strict = tuple(dataclasses.replace(s, second_approval=s.name == "delivery") for s in latest.slices)
    brief.save(store, "ann", demo, dataclasses.replace(latest, slices=strict), note="", changes_meaning=False)
    after = datasets.candidate(store, demo)
    assert {e.slice for e in before.examples} - {e.slice for e in after.examples} == {"delivery"}
    for who in ("ann", "ben"):
        current = examples.get(store, one.id)
        assert current is not None
        example_step.edit(store, who, demo, current, status=Status.approved)
    assert [e.id for e in datasets.candidate(store, demo).examples if e.slice == "delivery"] == [one.id]
