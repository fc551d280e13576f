"""An act in one project changes no example of another, whatever ids it is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from studio import projects
from studio.examples import step, teamwork
from studio.examples.acting import Change, change
from studio.records import Example, Refusal, Status
from studio.store import Store, examples

Deed = Callable[[Store, str, Example], object]


@pytest.mark.parametrize(
    "deed",
    [
        lambda store, project, e: step.mark(store, "ann", project, [e.id], Status.approved),
        lambda store, project, e: step.trash(store, "ann", project, [e.id]),
        lambda store, project, e: change(store, "ann", project, [e.id], Change(add_tags=("x",))),
        lambda store, project, e: step.edit(store, "ann", project, e, ideal="Taken over"),
        lambda store, project, e: teamwork.comment(store, "ann", project, e.id, "Mine now"),
    ],
    ids=["mark", "trash", "change", "edit", "comment"],
)
def test_an_example_of_another_project_is_refused(store: Store, deed: Deed) -> None:
    theirs, mine = (projects.create(store, "ann", name).id for name in ("Theirs", "Mine"))
    example = step.write(store, "ann", theirs, input="Where?", ideal="Here.")
    before, acts = store.rows("SELECT * FROM examples"), store.version
    with pytest.raises(Refusal):
        deed(store, mine, example)
    assert store.version == acts and store.rows("SELECT * FROM examples") == before
    deed(store, theirs, example)
    assert store.version > acts and examples.project_of(store, example.id) == theirs
