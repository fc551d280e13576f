"""Second approvals: the rule, and every way by which an example can come to be approved."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from studio import brief as brief_step
from studio import projects
from studio.examples import approval, step
from studio.records import Brief, Example, Refusal, Slice, Status
from studio.store import Store, examples

ASKED = Slice("refunds", second_approval=True)
EXPERT = Slice("legal", second_approval=True, experts=("eve", "max"))
BRIEF = Brief(task="Answer", slices=(Slice("delivery"), ASKED, EXPERT), version=3)


@pytest.fixture
def project(store: Store) -> str:
    made = projects.create(store, "ann", "Mine").id
    brief_step.save(store, "ann", made, dataclasses.replace(BRIEF, version=0), note="", changes_meaning=True)
    return made


@pytest.mark.parametrize(
    ("slice", "people", "status"),
    [
        ("delivery", ["ann"], Status.approved),
        ("", ["ann"], Status.approved),
        ("refunds", ["ann"], Status.in_review),
        ("refunds", ["ann", "ann"], Status.in_review),
        ("refunds", ["ann", "bob"], Status.approved),
        ("legal", ["ann", "bob"], Status.in_review),
        ("legal", ["ann", "bob", "eve"], Status.approved),
        ("legal", ["eve"], Status.in_review),
        ("legal", ["eve", "max"], Status.approved),
    ],
)
def test_who_is_enough(slice: str, people: list[str], status: Status) -> None:
    example = Example("1", "Where?", "Here.", slice)
    for person in people:
        example = approval.approved(example, (person,), BRIEF)
    assert example.status is status and example.brief_version == 3


def test_it_says_how_far_it_is() -> None:
    names = {"ann": "Ann", "eve": "Eve", "max": "Max"}
    example = approval.approved(Example("1", "Where?", "Here.", "legal"), ("ann",), BRIEF)
    assert approval.in_words(example, BRIEF, names) == "1 of 2 approvals (Ann). One must be by Eve or Max."
    both = approval.approved(example, ("eve",), BRIEF)
    assert approval.in_words(both, BRIEF, names) == "2 of 2 approvals (Ann, Eve)."
    assert approval.in_words(Example("2", "a", "b", "delivery"), BRIEF, names) == ""


def test_two_people_approve_in_the_editor_and_an_edit_starts_again(store: Store, project: str) -> None:
    made = step.write(store, "ann", project, input="Where?", ideal="Here.", slice="refunds", status=Status.approved)
    assert (made.status, made.approvals) == (Status.in_review, ("ann",))
    again = step.edit(store, "ann", project, made, status=Status.approved)
    assert again.status is Status.in_review
    done = step.edit(store, "bob", project, again, status=Status.approved)
    assert (done.status, done.approvals) == (Status.approved, ("ann", "bob"))
    tagged = step.edit(store, "bob", project, done, kinds=("vague",))
    assert (tagged.status, tagged.approvals) == (Status.approved, ("ann", "bob"))
    changed = step.edit(store, "bob", project, tagged, ideal="There.")
    assert (changed.status, changed.approvals) == (Status.in_review, ())
    rejected = step.edit(store, "bob", project, changed, status=Status.rejected)
    assert rejected.approvals == ()


def test_the_one_who_edits_and_approves_is_the_first_of_two(store: Store, project: str) -> None:
    made = step.write(store, "ann", project, input="Where?", ideal="Here.", slice="refunds", status=Status.approved)
    mine = step.edit(store, "bob", project, made, ideal="There.", status=Status.approved)
    assert (mine.status, mine.approvals) == (Status.in_review, ("bob",))


def test_moving_an_approved_example_into_a_slice_of_two_sends_it_back(store: Store, project: str) -> None:
    made = step.write(store, "ann", project, input="Where?", ideal="Here.", slice="delivery", status=Status.approved)
    assert made.status is Status.approved
    assert step.edit(store, "ann", project, made, slice="refunds").status is Status.in_review


def test_bulk_approval_obeys_it_and_is_undone_as_one(store: Store, project: str) -> None:
    ids = [
        step.write(store, "ann", project, input=f"Where is {slice}?", ideal="Here.", slice=slice).id
        for slice in ("delivery", "refunds", "legal")
    ]
    assert step.mark(store, "ann", project, ids, Status.approved) == 1
    assert step.mark(store, "bob", project, ids, Status.approved) == 2
    found = [examples.get(store, i) for i in ids]
    assert [e.status for e in found if e] == [Status.approved, Status.approved, Status.in_review]
    assert step.mark(store, "eve", project, ids, Status.approved) == 3
    store.undo(store.version, "eve")
    assert examples.get(store, ids[2]) == found[2]
    step.mark(store, "ann", project, ids, Status.in_review)
    assert all(e.approvals == () for i in ids if (e := examples.get(store, i)))


def test_an_approval_of_an_older_revision_is_refused(store: Store, project: str) -> None:
    made = step.write(store, "ann", project, input="Where?", ideal="Here.", slice="refunds")
    payload = {"ids": [made.id], "status": "approved", "approver": "ann", "waiting": [made.id], "stood": {made.id: 1}}
    step.mark(store, "bob", project, [made.id], Status.approved)
    with pytest.raises(Refusal, match="decided on one of these meanwhile"):
        store.act("examples.marked", "ann", payload, project)


def test_an_import_that_says_approved_is_one_approval(store: Store, project: str, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    file.write_text("prompt,completion,slice\nWhere?,Here.,refunds\nWhen?,Soon.,delivery\n")
    step.import_file(store, "ann", project, file, status=Status.approved)
    assert [(e.status.value, e.approvals) for e in examples.every(store, project)] == [
        ("in_review", ("ann",)), ("approved", ()),
    ]  # fmt: skip


def test_a_change_of_slice_stands_on_what_was_read(store: Store, project: str) -> None:
    ids = [step.write(store, "ann", project, input=f"{n}?", ideal="Here.", slice="delivery").id for n in range(3)]
    step.mark(store, "ann", project, ids, Status.approved)
    step.change(store, "ann", project, ids[:1], step.Change(slice="refunds"))
    sent = store.payload(store.history(project, ["examples.changed"])[0])
    assert sent["waiting"] == ids[:1] and sent["stood"] == {ids[0]: 2}
    late = {"ids": ids[1:], "slice": "refunds", "waiting": [], "stood": dict.fromkeys(ids[1:], 1)}
    acts = store.version
    with pytest.raises(Refusal, match="decided on one of these meanwhile"):
        store.act("examples.changed", "ann", late, project)
    assert store.version == acts


def test_an_approval_stands_on_what_was_read_in_every_slice(store: Store, project: str) -> None:
    """One that moves into a slice with second approval in the same moment is not approved by one person."""
    ids = [step.write(store, "ann", project, input=f"{n}?", ideal="Here.", slice=s).id
           for n, s in enumerate(("delivery", "refunds"))]  # fmt: skip
    step.mark(store, "ann", project, ids, Status.approved)
    assert store.payload(store.history(project, ["examples.marked"])[0])["stood"] == dict.fromkeys(ids, 1)
