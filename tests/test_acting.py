"""One change to many examples: what it does, what it refuses, that undo and rebuild are exact, also in bulk."""

from __future__ import annotations

import pytest

from studio import projects
from studio.examples import step
from studio.examples.acting import Change, change
from studio.examples.batch import ParsedBatch, ParsedRow
from studio.records import Refusal, Status
from studio.store import Store, examples, finding
from studio.store.finding import Filter
from studio.store.writes import Row

MANY = 60


@pytest.fixture
def project(store: Store) -> str:
    return projects.create(store, "ann", "Mine").id


@pytest.fixture
def ids(store: Store, project: str) -> list[str]:
    """The ids of `MANY` imported examples, one in ten of which was edited since."""
    rows = tuple(
        ParsedRow(n, f"Question {n}", f"Answer {n}", "refunds" if n % 2 else "delivery") for n in range(1, MANY + 1)
    )
    batch = ParsedBatch("csv", "prompt/completion", (), {}, rows, (), MANY)
    step.store_batch(store, "ann", project, batch, "many.csv")
    for found in examples.every(store, project)[::10]:
        step.edit(store, "bob", project, found, ideal=f"{found.ideal}, edited")
    return finding.ids(store, project, Filter())


def state(store: Store) -> dict[str, list[Row]]:
    """Every row that these acts touch."""
    return {
        "examples": store.rows("SELECT * FROM examples ORDER BY id"),
        "revisions": store.rows("SELECT * FROM revisions ORDER BY example, revision"),
    }


@pytest.mark.parametrize(
    ("wanted", "then"),
    [
        (Change(slice="press"), Filter(slice="press")),
        (Change(add_tags=("shop", "shop")), Filter(tag="shop")),
        (Change(add_kinds=("vague",)), Filter(kind="vague")),
        (Change(recheck="The refund policy changed"), Filter(recheck=True)),
        (Change(review_by="2001-01-01"), Filter(due=True)),
    ],
    ids=str,
)
@pytest.mark.parametrize("count", [3, MANY])
def test_a_change_holds_for_all_and_is_undone_exactly(
    store: Store, project: str, ids: list[str], wanted: Change, then: Filter, count: int
) -> None:
    before = state(store)
    assert change(store, "ann", project, ids[:count], wanted) == count
    assert finding.ids(store, project, then) == ids[:count]
    assert [r.example.revision for r in examples.revisions(store, ids[0])] == [3, 2, 1]
    assert [r.example.revision for r in examples.revisions(store, ids[1])] == [2, 1]
    store.undo(store.version, "ann")
    assert state(store) == before


def test_what_is_so_already_gets_no_revision(store: Store, project: str, ids: list[str]) -> None:
    change(store, "ann", project, ids[:3], Change(add_tags=("shop",)))
    change(store, "ann", project, ids[:5], Change(add_tags=("shop",)))
    assert [len(examples.revisions(store, name)) for name in ids[1:5]] == [2, 2, 2, 2]
    with pytest.raises(Refusal, match="so already"):
        change(store, "ann", project, ids[:5], Change(add_tags=("shop",)))
    change(store, "ann", project, ids, Change(remove_tags=("shop",)))
    assert finding.choices(store, project).tags == ()


def test_a_rebuild_gives_the_same_rows(store: Store, project: str, ids: list[str]) -> None:
    change(store, "ann", project, ids, Change(slice="press", add_tags=("a",), review_by="2030-01-01"))
    step.mark(store, "ann", project, ids[: MANY // 2], Status.approved)
    step.trash(store, "ann", project, ids[::2])
    store.undo(store.version, "ann")
    change(store, "ann", project, ids[20:], Change(recheck="Look"))
    kept, log = state(store), store.rows("SELECT * FROM changes ORDER BY seq, n")
    workspace = store.workspace
    store.close()
    again = Store.rebuilt(workspace)
    assert state(again) == kept and again.audit() == []
    assert again.rows("SELECT * FROM changes ORDER BY seq, n") == log
    again.close()


def test_undo_in_bulk_refuses_when_one_was_changed_later(store: Store, project: str, ids: list[str]) -> None:
    change(store, "ann", project, ids, Change(slice="press"))
    done = store.version
    found = examples.get(store, ids[47])
    assert found is not None
    step.edit(store, "bob", project, found, ideal="Other")
    before = state(store)
    with pytest.raises(Refusal, match="changed again later"):
        store.undo(done, "ann")
    assert state(store) == before


def test_approving_again_settles_a_recheck(store: Store, project: str, ids: list[str]) -> None:
    change(store, "ann", project, ids, Change(recheck="The policy changed"))
    step.mark(store, "ann", project, ids[:40], Status.approved)
    found = examples.get(store, ids[40])
    assert found is not None
    step.edit(store, "ann", project, found, status=Status.approved)
    assert finding.ids(store, project, Filter(recheck=True)) == ids[41:]
    store.undo(store.version - 1, "ann")
    assert finding.count(store, project, Filter(recheck=True)) == MANY - 1


@pytest.mark.parametrize(
    ("wanted", "why"),
    [
        (Change(), "Nothing is chosen"),
        (Change(recheck="  "), "Say why"),
        (Change(review_by="soon"), "not a date"),
        (Change(assigned="nobody-here"), "no such person"),
        (Change(add_tags=(" ",)), "empty"),
    ],
    ids=str,
)
def test_what_cannot_be_is_refused(store: Store, project: str, ids: list[str], wanted: Change, why: str) -> None:
    version = store.version
    with pytest.raises(Refusal, match=why):
        change(store, "ann", project, ids, wanted)
    with pytest.raises(Refusal, match="No example is selected"):
        change(store, "ann", project, [], Change(slice="x"))
    with pytest.raises(Refusal, match="1 of the 61 examples are not here"):
        change(store, "ann", project, [*ids, "gone"], Change(slice="x"))
    with pytest.raises(Refusal, match="another project"):
        change(store, "ann", projects.create(store, "ann", "Other").id, ids, Change(slice="x"))
    assert store.version == version + 1
