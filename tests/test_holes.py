"""Holes in what the approved examples show, by the rule of the coverage page."""

from __future__ import annotations

from studio.health import Finding, Severity, report
from studio.records import HARD_KINDS, Brief, Check, CheckKind, Criterion, Example, Slice, Status

SIGNED = Criterion("Signs", checks=(Check(CheckKind.required, phrases=("Kind regards",)),))
SLICES = (Slice("orders", target_share=0.5), Slice("refunds", target_share=0.5))
EACH = tuple(HARD_KINDS)


def found(rows: list[Example], brief: Brief) -> Finding:
    (only,) = [f for f in report(rows, brief, lambda *_: None).findings if f.check == "coverage_holes"]
    return only


def rows(kinds: dict[str, tuple[str, ...]], ideal: str = "Done. Kind regards") -> list[Example]:
    """Ten approved examples of each slice, each with the kinds of its slice."""
    return [
        Example(f"{name}{i}", f"question {i} on {name}", ideal, slice=name, kinds=marked, status=Status.approved)
        for name, marked in kinds.items()
        for i in range(10)
    ]


def test_a_hard_kind_that_a_slice_lacks_is_a_hole() -> None:
    brief = Brief(criteria=(SIGNED,), slices=SLICES)
    said = found(rows({"orders": EACH, "refunds": EACH[1:]}), brief)
    assert said.severity is Severity.should_look and said.count == 1
    assert f"refunds, {EACH[0].replace('_', ' ')} (0 of 1)" in said.sentence and "20 approved" in said.sentence
    assert found(rows({"orders": EACH, "refunds": EACH}), brief).severity is Severity.fine


def test_a_criterion_that_no_example_shows_is_a_hole() -> None:
    brief = Brief(criteria=(SIGNED,), slices=SLICES)
    said = found([*rows({"orders": EACH}), *rows({"refunds": EACH}, ideal="Done.")], brief)
    assert said.severity is Severity.should_look and "refunds, Signs (0 of 1)" in said.sentence
    assert "orders" not in said.sentence


def test_nothing_is_missing_before_there_is_anything() -> None:
    assert found(rows({"orders": EACH}), Brief()).severity is Severity.fine
    drafts = [Example("a", "question", "answer", slice="orders")]
    assert "once there are" in found(drafts, Brief(slices=SLICES)).sentence
