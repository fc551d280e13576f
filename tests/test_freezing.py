"""A frozen set: its hash, what counts for it, and how a changed byte is found later."""

from __future__ import annotations

import dataclasses
import random
from pathlib import Path

import pytest
from round_seed import ready

from studio import checking, checkup, commands, datasets, projects
from studio.examples import step
from studio.examples.acting import Change, change
from studio.records import Consent, Dataset, Example, Refusal, Split, Status, canonical, from_json, sha256, to_json
from studio.store import Store
from studio.store import datasets as dataset_rows


@pytest.fixture
def project(store: Store) -> str:
    return projects.from_demo(store, "ann", "ticket-triage").id


def blob(store: Store, dataset: Dataset) -> Path:
    return store.blobs.path(dataset.rows_blob)


def test_the_hash_is_what_the_documents_say(store: Store, project: str) -> None:
    frozen = datasets.freeze(store, "ann", project)
    rows = dataset_rows.rows_of(store, frozen)
    random.Random(1).shuffle(rows)
    whole = {
        "rows": [datasets.content(e) for e in sorted(rows, key=lambda e: e.id)],
        "brief_version": frozen.brief_version, "health": frozen.health["report"], "waivers": {},
    }  # fmt: skip
    assert frozen.sha256 == sha256(canonical(whole)) and datasets.verify(store, frozen) == ""


def test_only_what_was_shown_is_frozen(store: Store, project: str) -> None:
    shown = datasets.candidate(store, project)
    step.write(store, "bob", project, input="The printer smells of fish", ideal=shown.examples[0].ideal,
               slice=shown.examples[0].slice, status=Status.approved)  # fmt: skip
    with pytest.raises(Refusal, match=f"now holds {len(shown.examples) + 1:,} examples. Nothing was frozen"):
        datasets.freeze(store, "ann", project, seen=shown)
    store.undo(store.version, "bob")
    change(store, "bob", project, [shown.examples[0].id], Change(review_by="2099-01-01"))  # nothing of that is frozen
    assert datasets.freeze(store, "ann", project, seen=shown).splits == shown.splits


def test_neither_the_order_of_the_examples_nor_the_clock_makes_another_set(store: Store, project: str) -> None:
    asked = checking.asked(store, project)
    shuffled = list(asked.examples)
    random.Random(2).shuffle(shuffled)
    later = dataclasses.replace(asked, examples=tuple(shuffled), today="2031-01-01")
    assert to_json(checkup.checkup(asked)) == to_json(checkup.checkup(later))
    frozen = datasets.freeze(store, "ann", project)
    datasets.discard(store, "ann", project, frozen.id)
    again = datasets.freeze(store, "ben", project, name="Again")
    assert again.sha256 == frozen.sha256 and again.id != frozen.id


def test_what_a_model_or_a_reader_sees_counts_and_what_only_the_studio_keeps_does_not() -> None:
    example = Example("e1", "Hello", "Hi", split=Split.train)
    seen = {
        "input": "x", "ideal": "x", "slice": "x", "kinds": ["x"], "split": "test", "group": "x", "system": "x",
        "earlier": [{"speaker": "user", "text": "x"}], "tags": ["x"], "worse": "x", "source": "x", "licence": "x",
        "expires": "2027-01-01", "consent": "given", "id": "x",
    }  # fmt: skip
    kept = {
        "status": "approved", "batch": "x", "revision": 7, "brief_version": 3, "row": 9, "review_by": "2027-01-01",
        "assigned": "x", "approvals": ["x"], "recheck": "x",
    }  # fmt: skip
    assert set(seen) | set(kept) == {f.name for f in dataclasses.fields(Example)}
    hashed = {
        name: datasets.content(from_json(Example, to_json(example) | {name: value}))
        for name, value in (seen | kept).items()
    }
    same = datasets.content(example)
    assert {name for name, counted in hashed.items() if counted != same} == set(seen)
    assert set(same) == {"id", "input", "ideal", "slice", "split"}, "an old plain set keeps the hash it had"


def test_a_changed_byte_is_found_by_the_audit(store: Store, project: str) -> None:
    frozen = datasets.freeze(store, "ann", project)
    assert commands.audit(store, {})["ok"]
    file = blob(store, frozen)
    content = file.read_bytes()
    file.write_bytes(content.replace(b'"high"', b'"hihg"', 1) if b'"high"' in content else content[:-1])
    found = commands.audit(store, {})
    assert not found["ok"] and any("changed on disk" in p and frozen.name in p for p in found["problems"])
    file.unlink()
    assert "missing" in datasets.verify(store, frozen)
    file.write_bytes(content)
    assert commands.audit(store, {})["ok"]


def test_rows_report_waivers_and_splits_are_each_part_of_what_is_verified(store: Store, project: str) -> None:
    frozen = datasets.freeze(store, "ann", project)
    rows = dataset_rows.rows_of(store, frozen)
    forged = store.put_blob(canonical(to_json([dataclasses.replace(rows[0], licence="CC0"), *rows[1:]])))
    for changed in (
        dataclasses.replace(frozen, rows_blob=forged),
        dataclasses.replace(frozen, brief_version=frozen.brief_version + 1),
        dataclasses.replace(frozen, health={**frozen.health, "waivers": {"contradictions": "fine"}}),
        dataclasses.replace(frozen, health={"report": {**frozen.health["report"], "approved": 1}, "waivers": {}}),
    ):
        assert "not what was frozen" in datasets.verify(store, changed)
    miscounted = dataclasses.replace(frozen, splits={**frozen.splits, "test": 1})
    assert "other numbers" in datasets.verify(store, miscounted)


def test_a_set_frozen_when_only_the_words_counted_still_verifies(store: Store, project: str) -> None:
    rows = [
        Example(f"e{i}", f"Question {i}", "Answer", kinds=("vague",), tags=("old",), split=Split.train,
                consent=Consent.given, status=Status.approved)
        for i in range(3)
    ]  # fmt: skip
    words = [{"id": e.id, "input": e.input, "ideal": e.ideal, "slice": "", "split": "train"} for e in rows]
    old = sha256(canonical({"rows": words, "brief_version": 1, "health": {}, "waivers": {}}))
    store.act("dataset.frozen", "ann", {"dataset": {
        "id": "old", "sha256": old, "brief_version": 1, "splits": {"train": 3, "validation": 0, "test": 0},
        "rows_blob": store.put_blob(canonical(to_json(rows))), "health": {"report": {}, "waivers": {}}, "name": "Old",
    }}, project)  # fmt: skip
    assert datasets.problems(store) == []


def test_a_licence_put_right_makes_another_set_and_nothing_else_moves(store: Store, project: str) -> None:
    before = datasets.freeze(store, "ann", project)
    example = dataset_rows.rows_of(store, before)[0]
    step.edit(store, "ann", project, dataclasses.replace(example, split=None), licence="CC BY 4.0",
              status=Status.approved)  # fmt: skip
    after = datasets.freeze(store, "ann", project)
    assert after.sha256 != before.sha256 and after.splits == before.splits
    places = [{e.id: e.split for e in dataset_rows.rows_of(store, d)} for d in (before, after)]
    assert places[0] == places[1]


def test_a_seeded_set_is_as_sound_as_a_frozen_one(store: Store) -> None:
    ready(store, tests=6)
    assert commands.audit(store, {})["problems"] == []
