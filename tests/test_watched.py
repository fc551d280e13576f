"""Watch it learn: pinned prompts, the base's answer first, and the brief's checks on each."""

from __future__ import annotations

from typing import Any

import pytest

from studio import datasets, projects
from studio.records import Brief, Check, CheckKind, Criterion, Refusal, Split
from studio.store import Store
from studio.train import step
from studio.train.watched import PINNED, tallies, watched

BRIEF = Brief(criteria=(
    Criterion("Thanks", checks=(Check(CheckKind.required, phrases=("thank",)),)),
    Criterion("Lamps only", checks=(Check(CheckKind.forbidden, phrases=("rug",)),), slices=("lamps",)),
    Criterion("Kind"),
))  # fmt: skip


def said(example: str, after: int, output: str) -> dict[str, Any]:
    return {"kind": "sample", "step": after, "example": example, "input": f"{example}?", "output": output}


def test_each_answer_is_checked_by_the_rules_that_apply_to_it() -> None:
    pinned = [{"id": "a", "input": "a?", "slice": "lamps", "ideal": "x"}, {"id": "b", "input": "b?", "slice": "rugs"}]
    events = [
        {"kind": "loss", "step": 0, "train": None, "validation": 2.0},
        said("a", 0, "No rug."), said("b", 0, "No rug."), said("a", 8, "Lost"), said("b", 8, "Lost"),
        # A crash: it went on from before step 8.
        said("a", 8, "Thanks, a lamp."), said("b", 8, "Thank you for the rug."),
    ]  # fmt: skip
    first, second = watched(events, pinned, BRIEF)
    assert [(a.step, a.kept, a.broken) for a in first.answers] == [
        (0, (), ("Thanks", "Lamps only")), (8, ("Thanks", "Lamps only"), ()),
    ]  # fmt: skip
    base, now = second.after(0), second.after(8)
    assert base and now and base.broken == ("Thanks",) and now.kept == ("Thanks",) and second.after(4) is None
    assert first.of_model(8).step == first.of_model(0).step == 8 and first.of_model(5).step == 8
    (third,) = watched([*events, said("a", 16, "By heart.")], pinned, BRIEF)[:1]
    assert third.of_model(8).text == "Thanks, a lamp." and third.of_model(0).text == "By heart."
    assert [(t.step, t.kept, t.told) for t in tallies([first, second])] == [(0, 0, 3), (8, 3, 3)]


def test_a_run_from_before_prompts_were_pinned_is_still_read() -> None:
    (found,) = watched([said("e", 3, "Soon.")], [], None)
    assert found.prompt.input == "e?" and found.after(3) and not found.after(0)


def test_only_what_is_kept_aside_is_watched(store: Store) -> None:
    project = projects.from_demo(store, "maker", "support-replies").id
    dataset = datasets.freeze(store, "maker", project)
    own = step.pinned_of(store, dataset, ())
    assert len(own) == PINNED and {e.split for e in own} == {Split.validation}
    assert own == step.pinned_of(store, dataset, ())
    kept = [e.id for e in datasets.rows_in(store, dataset, Split.validation)]
    assert [e.id for e in step.pinned_of(store, dataset, kept[3:1:-1])] == kept[2:4]
    for unseen in (Split.test, Split.train):
        name = datasets.rows_in(store, dataset, unseen)[0].id
        with pytest.raises(Refusal, match="kept aside"):
            step.pinned_of(store, dataset, [kept[0], name])
    with pytest.raises(Refusal, match="Up to 5"):
        step.pinned_of(store, dataset, kept[: PINNED + 1])
