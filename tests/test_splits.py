"""Splits over the life of a project: stable through adds, edits and removals; balanced by slice and label."""

from __future__ import annotations

import csv
import dataclasses
import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.health import assign, labels
from studio.records import Example, Refusal, Split, Status, sha256

BANKING = Path(__file__).parents[2] / "shared" / "data" / "support-intents" / "train.csv"
_NAMES = ("lamp", "kettle", "parcel", "invoice", "courier", "voucher")


def words(number: int) -> str:
    """A text that is like no other."""
    drawn = sha256(f"text {number}")
    return " ".join(drawn[i : i + 6] for i in range(0, 42, 6))


def example(number: int, ideal: str = "Something to say.", slice: str = "", group: str = "") -> Example:
    return Example(f"e{number}", words(number), ideal, slice, status=Status.approved, group=group)


def few(count: int) -> list[Example]:
    return [example(i, ideal=_NAMES[i % 6], slice="ab"[i % 12 < 3]) for i in range(count)]


def test_labels_are_few_and_short_or_a_field_of_json() -> None:
    found = labels(few(60))
    assert found is not None and found.field == "" and found.counts == Counter(dict.fromkeys(_NAMES, 10))
    fielded = [
        dataclasses.replace(e, ideal=json.dumps({"kind": e.ideal, "urgent": i % 2 == 0, "note": words(i)}))
        for i, e in enumerate(few(60))
    ]
    found = labels(fielded)
    assert found is not None and found.field == "kind" and found.of["e1"] == "kettle"
    assert labels([example(i, ideal=words(i)) for i in range(60)]) is None
    assert labels([example(i, ideal="yes") for i in range(60)]) is None
    assert labels(few(19)) is None and labels([]) is None


def test_each_label_gets_its_share_of_each_split_within_its_slice() -> None:
    rows = few(600)
    splits = assign(rows, seed="s")
    tests = [e for e in rows if splits[e.id] is Split.test]
    assert len(tests) == 60 and set(Counter(e.ideal for e in tests).values()) == {10}
    assert Counter(e.slice for e in tests) == {"a": 45, "b": 15}
    # Slices with fewer places than labels: what the split has least of goes first, so none is left out.
    many = [example(i, ideal=_NAMES[i % 6], slice=f"s{i % 35}") for i in range(420)]
    splits = assign(many, seed="s")
    counts = Counter(e.ideal for e in many if splits[e.id] is Split.test)
    assert counts.total() == 42 and max(counts.values()) - min(counts[n] for n in _NAMES) <= 1


@pytest.mark.skipif(not BANKING.exists(), reason="the shared data is not here")
def test_seventy_seven_labels_of_real_questions_keep_their_shares() -> None:
    with BANKING.open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    rows = [Example(f"e{i}", r["text"], r["category"], status=Status.approved) for i, r in enumerate(read)]
    splits = assign(rows, seed="s")
    tested, whole = Counter(e.ideal for e in rows if splits[e.id] is Split.test), Counter(e.ideal for e in rows)
    assert len(whole) == 77 and tested.total() == 1000
    assert all(0.09 <= tested[label] / count <= 0.12 for label, count in whole.items())


def test_what_was_taken_out_still_says_where_its_like_belongs() -> None:
    rows = [example(i) for i in range(60)]
    before = assign(rows, seed="s")
    tested = next(e for e in rows if before[e.id] is Split.test)
    again = dataclasses.replace(tested, id="again", input=tested.input + "!")
    friend = example(900, group="customer 7")
    gone = [dataclasses.replace(tested, split=Split.test, group="customer 7")]
    pool = [*(e for e in rows if e is not tested), again, friend]
    after = assign(pool, seed="s", previous=before, gone=gone)
    assert after["again"] is Split.test and after[friend.id] is Split.test
    with pytest.raises(Refusal, match="1 examples were test examples"):
        assign([*pool[:-2], dataclasses.replace(again, split=Split.train)], seed="s", previous=before, gone=gone)
    # A training example that says the same as a test example that was taken out stays where it was.
    twin = dataclasses.replace(tested, id="twin", split=Split.train)
    kept = assign([*pool[:-2], twin], seed="s", previous={**before, "twin": Split.train}, gone=gone)
    assert kept["twin"] is Split.train


_STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "edit", "remove", "regroup", "return"]), st.integers(0, 10_000)), max_size=12
)


@settings(max_examples=25, deadline=None)
@given(size=st.integers(25, 40), freezes=st.lists(_STEPS, min_size=1, max_size=6), labelled=st.booleans())
def test_no_example_ever_moves_from_test_to_train(
    size: int, freezes: list[list[tuple[str, int]]], labelled: bool
) -> None:
    """Over many freezes, by record and by words: what once tested never teaches, whoever wrote it again."""
    ideals = _NAMES if labelled else tuple(words(i) for i in range(5000, 5040))
    pool = {f"e{i}": example(i, ideal=ideals[i % len(ideals)], group="one" if i < 3 else "") for i in range(size)}
    previous: dict[str, Split] = {}
    frozen: dict[tuple[str, str], Example] = {}
    tested: set[str] = set()
    number = size
    for steps in freezes:
        for kind, at in steps:
            chosen = pool[sorted(pool)[at % len(pool)]]
            if kind == "add":
                pool[f"e{number}"] = example(
                    number, ideal=ideals[at % len(ideals)], group=f"g{at % 4}" if at % 3 else ""
                )
            elif kind == "edit":
                pool[chosen.id] = dataclasses.replace(chosen, input=words(number))
            elif kind == "remove" and len(pool) > 22:
                del pool[chosen.id]
            elif kind == "regroup":
                pool[chosen.id] = dataclasses.replace(chosen, group=f"g{at % 4}")
            elif kind == "return" and frozen:
                old = frozen[sorted(frozen)[at % len(frozen)]]
                if all(e.input != old.input for e in pool.values()):
                    pool[f"e{number}"] = dataclasses.replace(old, id=f"e{number}", split=None)
            number += 1
        now = {(e.id, e.input) for e in pool.values()}
        gone = [e for key, e in frozen.items() if key not in now]
        try:
            splits = assign(list(pool.values()), seed="s", previous=previous, gone=gone)
        except Refusal as refusal:
            assert "too small" in str(refusal)
            continue
        assert {i: s for i, s in splits.items() if i in previous} == {i: previous[i] for i in splits if i in previous}
        learned = {pool[i].input for i, s in splits.items() if s is Split.train}
        assert not learned & tested
        previous |= splits
        frozen |= {(e.id, e.input): dataclasses.replace(e, split=splits[e.id]) for e in pool.values()}
        tested |= {pool[i].input for i, s in splits.items() if s is Split.test}
