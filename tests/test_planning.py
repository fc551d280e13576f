"""What a planned round can and cannot show, in words that a PM can repeat."""

from __future__ import annotations

from studio.records import Arm, ArmKind
from studio.review import opening, planning
from studio.review.planning import Outlook, PlannedSlice


def told(*shares: float) -> list[Outlook]:
    return [
        Outlook(theta, 200, share, share, None, 200.0, 0.0, ())
        for theta, share in zip((0.55, 0.6, 0.7), shares, strict=True)
    ]


def test_one_sentence_says_what_can_and_what_cannot_be_shown() -> None:
    assert planning.in_words(told(0.3, 0.87, 0.99)) == (
        "200 prompts can show a true 60 % preference with 87 % chance, and cannot show 55 %."
    )
    assert planning.in_words(told(0.6, 0.87, 0.99)) == "200 prompts can show a true 60 % preference with 87 % chance."
    assert planning.in_words(told(0.0, 0.1, 0.4)) == (
        "200 prompts cannot show even a true 70 % preference: only 40 of 100 such rounds would end with a go."
    )


def test_cheaper_candidates_critical_slices_and_single_votes_make_a_go_rarer() -> None:
    alone = planning.outlook(120, 1, floor=None, rounds=300)
    assert planning.outlook(120, 1, floor=None, cheaper=(1, 2), rounds=300).go < alone.go
    assert planning.outlook(120, 1, floor=None, votes=3, rounds=300).go > alone.go + 0.1
    assert planning.outlook(120, 1, floor=None, second_readers=0.5, rounds=300).go > alone.go
    strict, lax = (
        planning.outlook(120, 1, [PlannedSlice("refunds", 40, True, delta)], floor=None, rounds=300)
        for delta in (0.05, 0.2)
    )
    assert strict.go < lax.go <= alone.go


def test_a_round_whose_cheaper_candidate_is_no_better_names_it_as_rarely_as_the_rule_allows() -> None:
    alone, after = (
        planning.outlook(100, 1, floor=None, theta=0.8, cheaper=cheaper, rounds=1000).go for cheaper in ((), (1,))
    )
    assert alone > 0.99 and alone - after <= 0.03  # false go: at most 2.5 %


def test_how_many_prompts_a_critical_slice_needs() -> None:
    enough = planning.enough_for(PlannedSlice("refunds", 10, True))
    assert enough is not None and 50 <= enough <= 70  # STATISTICS: .81 at 50, .50 at 33
    wide = planning.enough_for(PlannedSlice("refunds", 10, True, delta=0.3))
    assert wide is not None and wide < enough
    assert planning.enough_for(PlannedSlice("refunds", 10, True, delta=0.01), theta=0.51) is None


def test_the_time_it_takes_is_said_in_hours_or_minutes() -> None:
    assert planning.Effort(450, 20.0, measured=True).sentence == (
        "At most 450 votes, about 2.5 reviewer-hours at your pace (20 seconds a pair)."
    )
    assert "about 3 reviewer-minutes, guessed" in planning.Effort(10, planning.reading_seconds(56), False).sentence


def test_candidates_stand_in_order_of_cost_by_price_or_by_kind() -> None:
    kinds = (ArmKind.tuned, ArmKind.few_shot, ArmKind.base, ArmKind.prompted)
    arms = [Arm(kind.value, "p", kind, kind.value, "m") for kind in kinds]
    by_kind = ["base", "prompted", "few_shot", "tuned"]
    assert [a.id for a in opening.in_cost_order(arms, {})] == by_kind
    prices = {arm.id: ("EUR", float(n)) for n, arm in enumerate(arms)}
    assert [a.id for a in opening.in_cost_order(arms, prices)] == [kind.value for kind in kinds]
    for unknown in ({**prices, "base": ("USD", 1.0)}, {**prices, "base": ("EUR", None)}):
        assert [a.id for a in opening.in_cost_order(arms, unknown)] == by_kind


def test_a_slice_without_prompts_is_never_cleared() -> None:
    none = planning.outlook(40, 1, [PlannedSlice("refunds", 0, True)], floor=None, theta=0.85, rounds=20)
    assert none.go == 0.0 and none.thin == (("refunds", 0),)
    assert none.preferred == 1.0
