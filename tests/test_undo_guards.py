"""An example that people worked on does not vanish under their work when its import or its writing is undone."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import pytest

from studio import people, projects
from studio.examples import labelling, outcome, step, teamwork
from studio.records import Act, Refusal, Role, canonical
from studio.store import Store, comments, examples, labels
from studio.store.journal import Blobs, Journal, link


@pytest.fixture
def rita(store: Store) -> str:
    return people.join(store, people.make_invitation(store, "studio", "Rita", Role.reviewer), "").person.id


@pytest.fixture
def project(store: Store) -> str:
    return projects.create(store, "ann", "Mine").id


def _imported(store: Store, project: str, folder: Path) -> tuple[int, str]:
    """The number of the act and one example of it."""
    file = folder / "rows.csv"
    file.write_text("prompt,completion\nWhere?,Here.\nWhen?,Soon.\n")
    step.import_file(store, "ann", project, file)
    return store.version, examples.every(store, project)[0].id


def _written(store: Store, project: str, folder: Path) -> tuple[int, str]:
    made = step.write(store, "ann", project, input="Where?", ideal="Here.")
    return store.version, made.id


MADE = pytest.mark.parametrize("make", [_imported, _written])
Make = Callable[[Store, str, Path], tuple[int, str]]


@MADE
def test_a_comment_keeps_its_example(store: Store, project: str, tmp_path: Path, make: Make) -> None:
    act, example = make(store, project, tmp_path)
    teamwork.comment(store, "bob", project, example, "Is that so?")
    with pytest.raises(Refusal, match="1 of these examples was commented on since"):
        store.undo(act, "ann")
    assert examples.get(store, example)
    teamwork.remove_comment(store, "bob", project, comments.of_example(store, example)[0])
    taken_away = store.version
    with pytest.raises(Refusal, match="1 of these examples was commented on since"):
        store.undo(act, "ann")
    store.undo(taken_away, "bob")
    assert [c.body for c in comments.of_example(store, example)] == ["Is that so?"] and examples.get(store, example)


@MADE
def test_a_queue_keeps_its_examples(store: Store, project: str, rita: str, tmp_path: Path, make: Make) -> None:
    act, example = make(store, project, tmp_path)
    queue = labelling.open_queue(store, "ann", project, "First", [example], [rita], seed="s")
    opening = store.version
    with pytest.raises(Refusal, match="given to people to label since"):
        store.undo(act, "ann")
    found = examples.get(store, example)
    assert found
    shown = outcome.fingerprint(found)
    labelling.give(store, queue, rita, example, labels.Answer.skip, shown=shown, seconds=5.0)
    with pytest.raises(Refusal, match="labelled since"):
        store.undo(act, "ann")
    store.undo(store.version, rita)
    store.undo(opening, "ann")
    store.undo(act, "ann")
    assert examples.get(store, example) is None


def test_an_edit_of_a_commented_example_can_be_taken_back(store: Store, project: str) -> None:
    made = step.write(store, "ann", project, input="Where?", ideal="Here.")
    step.edit(store, "ann", project, made, ideal="There.")
    edit = store.version
    teamwork.comment(store, "bob", project, made.id, "Better")
    store.undo(edit, "ann")
    assert examples.get(store, made.id) == made


def test_an_older_journal_replays_and_its_queue_passes_over_what_is_gone(
    store: Store, project: str, rita: str, tmp_path: Path
) -> None:
    """Written when such an undo was possible."""
    act, first = _written(store, project, tmp_path)
    _, second = _written(store, project, tmp_path)
    queue = labelling.open_queue(store, "ann", project, "First", [first, second], [rita], seed="s")
    workspace = store.workspace
    store.close()
    journal = Journal(workspace / "journal.jsonl")
    payload = Blobs(workspace / "blobs").put(canonical({"seq": act}))
    undo = Act(journal.seq + 1, journal.head, "f" * 32, "2026-01-01T00:00:00.000+00:00", "ann", "undone", project,
               payload, "")  # fmt: skip
    journal.append(dataclasses.replace(undo, hash=link(undo)))
    journal.close()
    again = Store.open(workspace)
    try:
        assert again.audit() == [] and examples.get(again, first) is None
        waiting = labels.upcoming(again, queue.id, rita)
        assert waiting is not None and waiting[0] == second
    finally:
        again.close()
