"""Coverage: what the approved examples show against the brief, and which hole comes first."""

from __future__ import annotations

from studio.examples import pace
from studio.examples.coverage import USUAL_GOAL, Cell, coverage, usual_goal, wanted
from studio.records import HARD_KINDS, Brief, Check, CheckKind, Criterion, Example, Slice

BRIEF = Brief(
    task="t",
    slices=(Slice("delivery", target_share=0.6), Slice("refunds", target_share=0.4, critical=True), Slice("press")),
    criteria=(
        Criterion("Polite", checks=(Check(CheckKind.required, ("thank you",)),)),
        Criterion("Refund rule", checks=(Check(CheckKind.required, ("14 days",)),), slices=("refunds",)),
        Criterion("Kind", how_to_tell="People tell"),
    ),
)


def test_slices_are_counted_against_their_share_of_the_goal() -> None:
    found = coverage(BRIEF, {("delivery", ()): 50, ("refunds", ("vague",)): 10, ("other", ()): 3}, [], goal=100)
    assert found.slices == ("delivery", "refunds", "press", "other") and found.goal == 100
    assert found.cells["delivery", ""] == Cell("delivery", "", 50, 60)
    assert found.cells["refunds", ""] == Cell("refunds", "", 10, 40, critical=True)
    assert found.cells["press", ""].want == found.cells["other", ""].want == 0
    assert found.cells["refunds", "vague"].have == 10 and found.cells["refunds", "vague"].want == 1


def test_an_example_of_two_kinds_counts_for_both_and_once_for_its_slice() -> None:
    found = coverage(BRIEF, {("delivery", ("vague", "hostile")): 2, ("delivery", ("vague",)): 1}, [])
    assert [found.cells["delivery", kind].have for kind in ("", "vague", "hostile")] == [3, 3, 2]


def test_the_worst_hole_comes_first() -> None:
    full = {("delivery", HARD_KINDS): 120, ("refunds", HARD_KINDS): 40}
    holes = coverage(BRIEF, full, [], goal=200).holes
    assert [(h.slice, h.kind, h.missing) for h in holes] == [("refunds", "", 40)]
    some = {("delivery", ()): 60, ("refunds", ()): 40}
    ranked = [(h.slice, h.kind) for h in coverage(BRIEF, some, [], goal=200).holes]
    assert ranked[0] == ("refunds", "") and ranked.index(("refunds", "vague")) < ranked.index(("delivery", "vague"))
    assert all(name != "press" for name, _ in ranked), "a slice without a share wants nothing"


def test_a_hard_kind_that_is_a_slice_itself_is_not_wanted_in_others() -> None:
    brief = Brief(slices=(Slice("hostile", target_share=0.5), Slice("delivery", target_share=0.5)))
    found = coverage(brief, {}, [], goal=200)
    assert found.cells["hostile", "hostile"].want == found.cells["delivery", "hostile"].want == 0
    assert found.cells["hostile", "vague"].want == 2


def test_words_of_the_teams_own_are_shown_and_not_wanted() -> None:
    found = coverage(BRIEF, {("delivery", ("dialect",)): 4}, [])
    assert found.kinds == (*HARD_KINDS, "dialect") and found.cells["delivery", "dialect"] == Cell(
        "delivery", "dialect", 4, 0
    )


def test_criteria_are_counted_where_they_apply_and_checked_on_the_sample() -> None:
    sample = [
        Example("1", "a", "thank you, 14 days", "refunds"),
        Example("2", "b", "thank you", "refunds"),
        Example("3", "c", "no", "delivery"),
    ]
    found = coverage(BRIEF, {("refunds", ()): 2, ("delivery", ()): 1}, sample).reaches
    assert ("Refund rule", "delivery") not in found
    rule, polite, kind = (found[name, "refunds"] for name in ("Refund rule", "Polite", "Kind"))
    assert (rule.approved, rule.looked, rule.kept) == (2, 2, 1) and polite.kept == 2
    assert kind.kept is None and kind.approved == 2
    assert (found["Polite", "delivery"].kept, found["Polite", "press"].approved) == (0, 0)


def test_coverage_and_the_forecast_want_the_same_of_each_slice() -> None:
    shares = (("a", 0.333), ("b", 0.667), ("c", 0.0))
    brief = Brief(slices=tuple(Slice(name, target_share=share) for name, share in shares))
    assert wanted(brief, 100) == {"a": 34, "b": 67, "c": 0}
    assert wanted(Brief(slices=(Slice("a"), Slice("b"))), 5) == {"a": 3, "b": 3} and wanted(Brief(), 20) == {"": 20}
    for each in (brief, Brief(slices=(Slice("a"), Slice("b")))):
        cells = coverage(each, {}, [], goal=100).cells
        for gap in pace.forecast(each, {}, 100, [], []).gaps:
            assert cells[gap.slice, ""].want == gap.target


def test_the_usual_goal_is_what_there_is_and_a_few_hundred_at_least() -> None:
    assert usual_goal({}) == USUAL_GOAL and usual_goal({("a", ()): 900}) == 900
    assert coverage(Brief(), {}, []).holes == ()
