"""Coverage: what the approved examples show against the brief, and which hole comes first."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from studio.examples import pace
from studio.examples.coverage import USUAL_GOAL, Cell, Coverage, coverage, usual_goal, wanted
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
    assert ("Refund rule", "delivery", "") not in found
    rule, polite, kind = (found[name, "refunds", ""] for name in ("Refund rule", "Polite", "Kind"))
    assert (rule.approved, rule.looked, rule.applied, rule.kept) == (2, 2, 2, 1) and polite.kept == 2
    assert kind.kept is None and kind.approved == kind.have == 2
    assert (found["Polite", "delivery", ""].kept, found["Polite", "press", ""].approved) == (0, 0)


def _many(count: int, slice: str, ideal: str, *kinds: str) -> list[Example]:
    return [Example(f"{slice}-{ideal}-{kinds}-{n}", "a", ideal, slice, kinds=kinds) for n in range(count)]


def _covered(brief: Brief, sample: list[Example], goal: int) -> Coverage:
    return coverage(brief, Counter((e.slice, e.kinds) for e in sample), sample, goal)


def test_a_criterion_that_too_few_examples_show_is_a_hole_of_its_own() -> None:
    sample = [*_many(60, "delivery", "thank you", *HARD_KINDS), *_many(38, "refunds", "thank you", *HARD_KINDS),
              *_many(2, "refunds", "thank you, 14 days", *HARD_KINDS)]  # fmt: skip
    found = _covered(BRIEF, sample, 100)
    reach = found.reaches["Refund rule", "refunds", ""]
    assert (reach.have, reach.want, reach.short) == (2, 4, True), "a tenth of the slice's forty"
    assert found.holes == (Cell("refunds", "", 2, 4, critical=True, criterion="Refund rule"),)
    enough = [*sample, *_many(2, "refunds", "thank you, 14 days")]
    assert _covered(BRIEF, enough, 100).holes == ()


def test_a_criterion_whose_examples_all_lack_a_hard_kind_has_a_hole_there() -> None:
    kinds = tuple(kind for kind in HARD_KINDS if kind != "hostile")
    sample = [*_many(60, "delivery", "thank you", *HARD_KINDS), *_many(36, "refunds", "thank you, 14 days", *kinds),
              *_many(4, "refunds", "thank you", "hostile")]  # fmt: skip
    found = _covered(BRIEF, sample, 100)
    assert [(h.criterion, h.slice, h.kind, h.missing) for h in found.holes] == [
        ("Refund rule", "refunds", "hostile", 1)
    ]
    without = [e for e in sample if "hostile" not in e.kinds or e.slice != "refunds"]
    assert [(h.criterion, h.kind) for h in _covered(BRIEF, without, 90).holes] == [("", "hostile")], (
        "where there is no example at all, the hole is the place's and is named once"
    )


def test_a_criterion_made_for_a_slice_without_a_share_wants_one_example_there() -> None:
    brief = replace(BRIEF, criteria=(Criterion("Press desk", how_to_tell="People tell", slices=("press",)),))
    assert [(h.criterion, h.slice, h.want) for h in coverage(brief, {}, []).holes if h.criterion] == [
        ("Press desk", "press", 1)
    ]
    assert not any(h.criterion for h in coverage(brief, {("press", ()): 1}, []).holes)


def test_what_only_some_examples_were_looked_at_for_is_reckoned_for_all() -> None:
    sample = [*_many(5, "refunds", "14 days, thank you"), *_many(15, "refunds", "thank you")]
    reach = coverage(BRIEF, {("refunds", ()): 200}, sample).reaches["Refund rule", "refunds", ""]
    assert (reach.looked, reach.have) == (20, 50)
    unseen = coverage(BRIEF, {("refunds", ()): 200}, []).reaches["Refund rule", "refunds", ""]
    assert unseen.have == 200 and not unseen.short, "nobody looked, so nothing is said to be missing"


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
