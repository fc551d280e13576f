"""Who was right, prompt by prompt; a candidate from an answer, refused when it would leak; who has looked."""

from __future__ import annotations

import pytest
from round_seed import MAKER, Seeded, ready

from studio import candidates, looks, outputs
from studio.evaluate.checks import RuleScore
from studio.evaluate.exploring import Cell, cell, right
from studio.records import Example, Refusal, Speaker, Split, Status, Turn
from studio.store import Store, arms
from studio.store import datasets as dataset_rows
from studio.store import examples as rows


def test_four_cells_and_one_that_cannot_be_told() -> None:
    one = {"a": True, "b": True, "c": False, "d": False}
    other = {"a": True, "b": False, "c": True, "d": False, "e": True}
    found = {name: cell(name, one, other) for name in "abcde"}
    assert found == {
        "a": Cell.both_right, "b": Cell.one_right, "c": Cell.other_right, "d": Cell.both_wrong, "e": Cell.untold,
    }  # fmt: skip


def test_right_is_everything_or_one_rule() -> None:
    main = {"a": 1.0, "b": 0.5}
    scores = [RuleScore("Short", 1, 2, 0.5, (0, 1), ("b",)), RuleScore("Kind", 2, 2, 1.0, (0, 1), ())]
    assert right(main, scores, "", ["a", "b", "missing"]) == {"a": True, "b": False}
    assert right(main, scores, "Kind", ["a", "b", "missing"]) == {"a": True, "b": True}
    assert right(main, scores, "Short", ["a", "b"]) == {"a": True, "b": False}
    assert right(main, scores, "No such rule", ["a"]) == {}


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store)


def held_out(store: Store, seeded: Seeded, split: Split) -> Example:
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    return next(e for e in dataset_rows.rows_of(store, dataset) if e.split is split)


def test_a_candidate_is_a_draft_in_the_manner_of_its_prompt(store: Store, seeded: Seeded) -> None:
    like = held_out(store, seeded, Split.test)
    made = candidates.send(
        store, MAKER, seeded.project, like, input=" Do you sell hammocks for balconies? ", ideal="Thanks for asking."
    )
    assert made.status is Status.draft and made.slice == like.slice and made.kinds == like.kinds
    assert made.input == "Do you sell hammocks for balconies?" and made.source == candidates.SOURCE
    assert made.split is None
    store.undo(store.history(seeded.project, ["example.saved"])[0].seq, MAKER)
    assert rows.get(store, made.id) is None


@pytest.mark.parametrize(("split", "named"), [(Split.test, "the test set"), (Split.validation, "the validation set")])
def test_a_candidate_that_would_leak_is_refused(store: Store, seeded: Seeded, split: Split, named: str) -> None:
    like = held_out(store, seeded, split)
    before = len(rows.every(store, seeded.project))
    for text in (like.input, like.input.upper() + "!", like.input + " ok"):
        with pytest.raises(Refusal, match=named):
            candidates.send(store, MAKER, seeded.project, like, input=text, ideal="Thanks.")
    assert len(rows.every(store, seeded.project)) == before


def test_a_candidate_is_compared_with_its_whole_conversation(store: Store, seeded: Seeded) -> None:
    """The same last message after other turns is another question."""
    talk = " ".join(dict.fromkeys(e.ideal for e in rows.every(store, seeded.project)[:9]))
    like = held_out(store, seeded, Split.test)
    other = Example("x", like.input, "", like.slice, earlier=(Turn(Speaker.user, talk),))
    assert candidates.send(store, MAKER, seeded.project, other, input=like.input, ideal="Thanks.").earlier


def test_a_candidate_needs_its_texts_and_is_not_there_twice(store: Store, seeded: Seeded) -> None:
    like, learned = held_out(store, seeded, Split.test), held_out(store, seeded, Split.train)
    with pytest.raises(Refusal, match="There is an example with this input already"):
        candidates.send(store, MAKER, seeded.project, like, input=learned.input, ideal="Thanks.")
    with pytest.raises(Refusal, match="needs an input and an ideal output"):
        candidates.send(store, MAKER, seeded.project, like, input="Do you sell hammocks?", ideal=" ")


def test_a_page_of_answers_is_read_without_the_others(store: Store, seeded: Seeded) -> None:
    arm = arms.get(store, seeded.base)
    assert arm is not None
    every = outputs.current(store, seeded.dataset, arm)
    some = list(every)[3:5]
    assert outputs.current(store, seeded.dataset, arm, [*some, "nobody"]) == {name: every[name] for name in some}
    assert outputs.current(store, seeded.dataset, arm, []) == {}


def test_who_read_the_answers_is_counted_for_each_set(store: Store, seeded: Seeded) -> None:
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    assert looks.spent(store, dataset).readers == 0
    for person in ("ann", "ann", "bo"):
        outputs.saw(store, person, seeded.project, seeded.dataset)
    outputs.saw(store, "cy", seeded.project, "draft")
    assert looks.spent(store, dataset).readers == 2
    assert "2 people have read what was answered" in looks.spent(store, dataset).sentence
    assert set(arms.exposed(store, seeded.project)) == {"ann", "bo", "cy"}
