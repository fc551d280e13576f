"""What an import stores: every field of every row, in one act that can be undone and replayed to the same rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from studio import brief as brief_step
from studio import projects
from studio.examples import step
from studio.exports import export
from studio.records import Brief, Consent, Example, Slice, Speaker, Split, Status, Turn
from studio.store import Store, imports
from studio.store import examples as rows

WHOLE = Example(
    "", "Where is it?", "On its way.", "delivery", ("vague", "edge_case"), Status.approved, Split.test, "customer 7",
    source="mail of May", earlier=(Turn(Speaker.user, "Hello"), Turn(Speaker.assistant, "Hi")), system="Be kind.",
    tags=("parcel",), worse="No idea.", licence="CC BY 4.0", consent=Consent.given, expires="2027-01-31",
    review_by="2026-12-01", recheck="The policy changed",
)  # fmt: skip
BARE = Example("", "May I return it?", "")


def imported(store: Store, folder: Path, name: str = "Mine") -> tuple[str, str]:
    """(project, batch) of an import of both examples."""
    project = projects.create(store, "ann", name).id
    file = folder / "export.jsonl"
    file.write_bytes(export([WHOLE, BARE], "jsonl").data)
    batch, parsed = step.import_file(store, "ann", project, file, status=Status.approved)
    assert (batch.kept, batch.rows, parsed.refused) == (2, 2, ())
    return project, batch.id


def test_every_field_is_stored(store: Store, tmp_path: Path) -> None:
    project, _ = imported(store, tmp_path)
    whole, bare = rows.every(store, project)
    assert {n: getattr(whole, n) for n in step.WRITTEN} == {n: getattr(WHOLE, n) for n in step.WRITTEN}
    assert whole.recheck == WHOLE.recheck
    assert (whole.status, whole.split, whole.row, whole.revision) == (Status.approved, Split.test, 1, 1)
    assert (bare.status, bare.source, bare.consent, bare.earlier) == (Status.draft, "export.jsonl", Consent.unknown, ())
    edited = step.edit(store, "ann", project, whole, system="Be brief.")
    assert edited.status is Status.in_review
    assert [r.example.system for r in rows.revisions(store, whole.id)] == ["Be brief.", "Be kind."]


def test_an_import_is_undone_as_a_whole_and_replayed_the_same(workspace: Path, tmp_path: Path) -> None:
    store = Store.open(workspace)
    imported(store, tmp_path)
    other, gone = imported(store, tmp_path, "Other")
    step.undo_import(store, "ann", other, gone)
    assert not rows.every(store, other)
    before = store.rows("SELECT * FROM examples ORDER BY id")
    store.close()
    again = Store.rebuilt(workspace)
    assert again.rows("SELECT * FROM examples ORDER BY id") == before and len(before) == 2
    again.close()


@pytest.mark.parametrize(
    "columns",
    [
        {"input": ["a"], "status": ["done"]},
        {"input": [3]},
        {"input": ["a"], "tags": ["x"]},
        {"input": ["a"], "tags": [[1]]},
        {"input": ["a"], "row": ["1"]},
        {"input": ["a"], "consent": [None]},
        {"input": ["a"], "earlier": [[["robot", "hello"]]]},
    ],
)
def test_columns_that_are_no_examples_are_not_stored(store: Store, columns: dict[str, list[object]]) -> None:
    project = projects.create(store, "ann", "Mine").id
    batch = {"id": "b", "file": "f", "format": "csv", "rows": 1, "refused": []}
    blob = store.put_blob(imports.columns_of(columns, 1))
    payload = {"batch": batch, "brief_version": 0, "columns_blob": blob}
    with pytest.raises(ValueError):
        store.act("examples.imported", "ann", payload, project)
    assert not rows.every(store, project)
    with pytest.raises(ValueError):
        imports.columns_of({**columns, "shoe": ["size"]}, 1)


def test_only_an_approval_needs_an_ideal_and_what_it_becomes_is_counted(store: Store, tmp_path: Path) -> None:
    project = projects.create(store, "ann", "Mine").id
    brief = Brief(task="Answer", slices=(Slice("refunds", second_approval=True),))
    brief_step.save(store, "ann", project, brief, note="", changes_meaning=True)
    file = tmp_path / "rows.csv"
    file.write_text(
        "prompt,completion,slice,status\na?,,,rejected\nb?,,,in_review\nc?,,,approved\nd?,Yes.,refunds,approved\n"
        "e?,Yes.,,approved\nf?,,,\n"
    )
    _, parsed = step.import_file(store, "ann", project, file)
    found = [example.status.value for example in rows.every(store, project)]
    assert found == ["rejected", "in_review", "draft", "in_review", "approved", "draft"]
    assert step.lowered(store, project, parsed) == step.Lowered(1, 1)
    assert step.lowered(store, project, parsed, Status.approved) == step.Lowered(2, 1)
