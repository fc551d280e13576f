"""A long step in parts: stopped, killed, gone on with, taken back as one; nobody's work is lost or overruled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from studio import projects
from studio.examples import acting, series, step
from studio.examples.acting import Change, Trash, change
from studio.examples.batch import ParsedBatch, ParsedRow, RefusedRow
from studio.records import Refusal, Status
from studio.store import Store, examples, finding
from studio.store import series as rows
from studio.store.finding import Filter
from studio.store.writes import Row

MANY = 2 * acting.PART + 50
TAG = Change(add_tags=("shop",))


def parsed(count: int) -> ParsedBatch:
    kept = tuple(ParsedRow(n, f"Question {n}", f"Answer {n}") for n in range(1, count + 1))
    return ParsedBatch("csv", "", (), {}, kept, (RefusedRow(count + 1, "It is empty"),), count + 1)


def state(store: Store) -> dict[str, list[Row]]:
    tables = ("examples", "revisions", "batches", "series_parts")
    return {table: store.rows(f"SELECT * FROM {table} ORDER BY ALL") for table in tables}


class Stopped(Exception):
    """Somebody pressed Stop."""


def stop_at(share: float) -> series.Told:
    def told(done: float) -> None:
        if done >= share:
            raise Stopped

    return told


@pytest.fixture
def project(store: Store) -> str:
    return projects.create(store, "ann", "Mine").id


@pytest.fixture
def ids(store: Store, project: str) -> list[str]:
    step.store_batch(store, "ann", project, parsed(MANY), "many.csv")
    return finding.ids(store, project, Filter())


@pytest.mark.parametrize(
    ("wish", "then"),
    [
        (TAG, Filter(tag="shop")), (Status.approved, Filter(status="approved")), (Trash(), Filter(trashed=True)),
    ],
    ids=("change", "approve", "trash"),
)  # fmt: skip
def test_it_is_done_in_parts_and_taken_back_as_one(
    store: Store, project: str, ids: list[str], wish: acting.Wish, then: Filter
) -> None:
    before, version = state(store), store.version
    told: list[float] = []
    acting.do(store, "ann", project, ids, wish, told.append)
    assert finding.count(store, project, then) == MANY and store.version == version + 4
    assert told == [0, 1 / 3, 2 / 3]
    (act, *_) = store.recent(project, "ann")
    whole = rows.of_act(store, act.seq)
    assert whole is not None and (whole.parts, whole.standing, whole.done) == (3, 3, MANY)
    assert [a.seq for a in store.recent(project, "ann", 2)] == [version + 4, version]
    series.take_back(store, "ann", whole.id)
    assert state(store) == before and rows.unfinished(store, project, "ann") == []


def test_what_was_stopped_is_gone_on_with_or_taken_back(store: Store, project: str, ids: list[str]) -> None:
    before = state(store)
    begun = acting.begin(store, "ann", project, ids, TAG)
    assert rows.unfinished(store, project, "ann") == []
    with pytest.raises(Stopped):
        series.go_on(store, begun.id, stop_at(0.5))
    (found,) = rows.unfinished(store, project, "ann")
    assert (found.id, found.standing, found.done) == (begun.id, 2, 2 * acting.PART)
    assert rows.unfinished(store, project, "bob") == []
    with pytest.raises(Stopped):
        series.take_back(store, "ann", begun.id, stop_at(0.6))
    assert finding.ids(store, project, Filter(tag="shop")) == ids[: acting.PART]
    series.go_on(store, begun.id)
    assert finding.count(store, project, Filter(tag="shop")) == MANY
    series.take_back(store, "ann", begun.id)
    assert state(store) == before


def test_what_stays_unfinished_asks_nobody_again(store: Store, project: str, ids: list[str]) -> None:
    begun = acting.begin(store, "ann", project, ids, TAG)
    with pytest.raises(Stopped):
        series.go_on(store, begun.id, stop_at(0.3))
    series.keep(store, "ann", begun.id)
    assert rows.unfinished(store, project, "ann") == []
    assert finding.count(store, project, Filter(tag="shop")) == acting.PART
    series.take_back(store, "ann", begun.id)
    assert finding.count(store, project, Filter(tag="shop")) == 0


def test_two_who_go_on_do_nothing_twice(store: Store, project: str, ids: list[str]) -> None:
    begun = acting.begin(store, "ann", project, ids, TAG)

    def meanwhile(share: float) -> None:
        if 0.3 < share < 0.5:
            series.go_on(store, begun.id)

    with pytest.raises(Refusal, match="goes on elsewhere"):
        series.go_on(store, begun.id, meanwhile)
    assert finding.count(store, project, Filter(tag="shop")) == MANY
    assert {e.revision for e in examples.every(store, project)} == {2}


def test_nothing_is_taken_back_once_an_example_was_changed_since(store: Store, project: str, ids: list[str]) -> None:
    change(store, "ann", project, ids, TAG)
    (last, *_) = store.recent(project, "ann")
    whole = rows.of_act(store, last.seq)
    assert whole is not None
    step.trash(store, "bob", project, ids[5:6])
    before = state(store)
    with pytest.raises(Refusal, match="1 example was changed since"):
        series.take_back(store, "ann", whole.id)
    with pytest.raises(Refusal, match="middle of a longer step"):
        store.undo(last.seq - 1, "ann")
    assert state(store) == before
    store.undo(store.version, "bob")
    series.take_back(store, "ann", whole.id)
    assert finding.count(store, project, Filter(tag="shop")) == 0


def test_examples_that_left_meanwhile_are_passed_over_and_edits_are_kept(
    store: Store, project: str, ids: list[str]
) -> None:
    step.store_batch(store, "bob", project, parsed(10), "few.csv")
    other = store.recent(project, "bob")[0]
    every = finding.ids(store, project, Filter())
    begun = acting.begin(store, "ann", project, every, TAG)

    def meanwhile(share: float) -> None:
        if share == 0:
            store.undo(other.seq, "bob")
            found = examples.get(store, ids[-1])
            assert found is not None
            step.edit(store, "bob", project, found, ideal="Bob's")

    series.go_on(store, begun.id, meanwhile)
    assert finding.ids(store, project, Filter(tag="shop")) == ids
    edited = examples.get(store, ids[-1])
    assert edited is not None and (edited.ideal, edited.revision) == ("Bob's", 3)


def test_an_import_in_parts_is_one_batch(store: Store, project: str, tmp_path: Path) -> None:
    count = 2 * step.PART + 5
    before = state(store)
    batch = step.store_batch(store, "ann", project, parsed(count), "big.csv")
    assert (batch.kept, batch.rows, batch.refused) == (count, count + 1, ((count + 1, "It is empty"),))
    assert [e.row for e in examples.every(store, project)] == list(range(1, count + 1))
    (one,) = finding.page(store, project, Filter(), limit=1, offset=step.PART).examples
    step.edit(store, "ann", project, one, ideal="Edited")
    with pytest.raises(Refusal, match="1 example was changed since"):
        step.undo_import(store, "ann", project, batch.id)
    assert finding.count(store, project, Filter()) == count
    after = state(store)
    workspace = store.workspace
    store.close()
    again = Store.rebuilt(workspace)
    assert state(again) == after and again.audit() == []
    again.undo(again.version, "ann")
    step.undo_import(again, "ann", project, batch.id)
    assert state(again) == before
    again.close()


_KILLED = """
import os, signal, sys
from pathlib import Path
from studio.examples import acting, series
from studio.store import Store, finding
from studio.store.finding import Filter

store = Store.open(Path(sys.argv[1]))
begun = acting.begin(store, "ann", sys.argv[2], finding.ids(store, sys.argv[2], Filter()), acting.Change(slice="x"))
series.go_on(store, begun.id, lambda share: os.kill(os.getpid(), signal.SIGKILL) if share > 0.5 else None)
"""


def test_an_import_that_never_came_to_its_first_part_is_not_lost(store: Store, project: str) -> None:
    before = state(store)
    begun = step.begin_batch(store, "ann", project, parsed(30), "few.csv")
    assert [found.id for found in rows.unfinished(store, project, "ann")] == [begun]
    series.go_on(store, begun)
    assert len(finding.ids(store, project, Filter())) == 30 and rows.unfinished(store, project, "ann") == []
    series.take_back(store, "ann", begun)
    assert state(store) == before and rows.unfinished(store, project, "ann") == []


def test_a_kill_in_the_middle_says_how_far_it_came(workspace: Path) -> None:
    store = Store.open(workspace)
    project = projects.create(store, "ann", "Mine").id
    step.store_batch(store, "ann", project, parsed(MANY), "many.csv")
    before = state(store)
    store.close()
    killed = subprocess.run([sys.executable, "-c", _KILLED, str(workspace), project], check=False, env=os.environ)
    assert killed.returncode == -signal.SIGKILL
    again = Store.open(workspace)
    (found,) = rows.unfinished(again, project, "ann")
    assert found.standing == 2 and finding.count(again, project, Filter(slice="x")) == 2 * acting.PART
    series.go_on(again, found.id)
    assert finding.count(again, project, Filter(slice="x")) == MANY and again.audit() == []
    series.take_back(again, "ann", found.id)
    assert state(again) == before
    again.close()
