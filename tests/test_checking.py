"""A look over a project: made where it is asked for while small, by the resident process when large."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from studio import brief as brief_step
from studio import checking, datasets, projects
from studio.checkup import checkup
from studio.examples import step
from studio.jobs import resident
from studio.records import Brief, Consent, Example, Refusal, Slice, Status, canonical, to_json
from studio.store import Store, examples


def filled(store: Store, count: int) -> str:
    """A project with so many approved examples, each input its own."""
    project = projects.create(store, "maker", f"Of {count}").id
    brief = Brief(task="Answer", slices=(Slice("all", target_share=1.0),))
    brief_step.save(store, "maker", project, brief, note="", changes_meaning=True)
    rows = [
        Example(f"r{i:04}", f"case {i * 7919} of {i * 104729 % 9973}", f"answer {i * 31} to {i}", "all",
                status=Status.approved, batch="b1", row=i + 1)
        for i in range(count)
    ]  # fmt: skip
    about = {"id": "b1", "file": "rows.jsonl", "format": "jsonl", "rows": count, "refused": []}
    blob = store.put_blob(canonical(to_json(rows)))
    store.act("examples.imported", "maker", {"batch": about, "rows_blob": blob}, project)
    return project


@pytest.fixture
def large(store: Store) -> Iterator[str]:
    """A project just too large to be checked in place."""
    yield filled(store, checking.AT_ONCE + 1)
    resident.of(store.workspace).make_room()


def until(reached: Callable[[], bool], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def test_a_small_one_is_looked_over_at_once_and_kept_until_something_changes(store: Store) -> None:
    project = filled(store, 30)
    first = checking.look(store, project)
    assert first.fresh and first.made is not None and first.made.checkup.report.ready
    assert checking.look(store, project).made is first.made
    read = examples.get(store, "r0003")
    assert read is not None
    step.edit(store, "maker", project, read, consent=Consent.withdrawn)
    again = checking.look(store, project).made
    assert again is not None and again is not first.made and not again.checkup.report.ready


def test_what_cannot_be_divided_is_reported_with_the_reason(store: Store) -> None:
    made = checking.now(store, filled(store, 5)).checkup
    assert made.splits == {} and "at least 20" in made.hindrance and made.report.examined == 5


def test_a_large_one_is_looked_over_elsewhere_with_the_same_answer(store: Store, large: str) -> None:
    began = time.monotonic()
    first = checking.look(store, large)
    assert not first.fresh and first.made is None and time.monotonic() - began < 5
    made = checking.now(store, large)
    assert made.checkup == checkup(checking.asked(store, large))
    assert checking.look(store, large).made is made
    assert sum(datasets.candidate(store, large).splits.values()) == checking.AT_ONCE + 1

    read = examples.get(store, "r0003")
    assert read is not None
    step.edit(store, "maker", large, read, consent=Consent.withdrawn)
    meanwhile = checking.look(store, large)
    assert not meanwhile.fresh and meanwhile.made is made
    with pytest.raises(Refusal, match="may not be used any more"):
        datasets.freeze(store, "maker", large)
    assert checking.look(store, large).fresh


def test_a_killed_process_is_started_again_and_answers(store: Store, large: str) -> None:
    until(lambda: checking.look(store, large).progress.running)
    resident.of(store.workspace).make_room()
    assert checking.now(store, large).checkup.report.approved == checking.AT_ONCE + 1


def test_an_answer_in_the_shape_of_another_version_is_asked_for_again(
    store: Store, large: str, tmp_path: Path
) -> None:  # fmt: skip
    made, moved = checking.now(store, large), tmp_path / "moved"
    shutil.copytree(store.workspace, moved, ignore=shutil.ignore_patterns("lock", "owner.json", "resident.json"))
    answer = moved / "resident" / f"checkup-{large}.json"
    told = json.loads(answer.read_bytes())
    told["checkup"]["report"]["of_a_later_version"] = 1
    answer.write_text(json.dumps(told))
    again = Store.open(moved)
    try:
        assert checking.now(again, large).checkup == made.checkup
    finally:
        resident.of(moved).make_room()
        again.close()


def test_one_that_was_stopped_says_so_and_is_begun_again(store: Store, large: str) -> None:
    process = resident.of(store.workspace)
    until(lambda: process.state(wake=True).awake)
    checking.begin(store, large)
    checking.stop(store)
    until(lambda: not process.state().checking.running)
    with pytest.raises(Refusal, match="was stopped"):
        checking.look(store, large)
    checking.begin(store, large)
    assert checking.now(store, large).checkup.report.ready
