"""From votes to what they say by the registered rule: prompts, caps, baselines, floors and slices."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from studio.records import Choice, Refusal, Verdict, from_json, to_json
from studio.review.gates import vote_gates
from studio.review.preference import (
    Assessment,
    Ballot,
    FloorState,
    Guardrail,
    PlannedPrompt,
    Registration,
    assess,
    score,
    shrunken,
    stop_reason,
)


def scores(wins: int, ties: int, losses: int) -> list[float]:
    return [1.0] * wins + [0.5] * ties + [0.0] * losses


# Votes to scores


def plan(n: int = 4, votes: int = 1, baselines: tuple[str, ...] = ("base",), **more: object) -> Registration:
    prompts = tuple(PlannedPrompt(f"p{i}", votes=votes) for i in range(n))
    return Registration("tuned", baselines, prompts, **{"floor": None, **more})  # type: ignore[arg-type]


def ballot(prompt: int, choice: str, reviewer: str = "ann", baseline: str = "base", **more: object) -> Ballot:
    return Ballot(f"p{prompt}", baseline, reviewer, choice, **more)  # type: ignore[arg-type]


def verdict_of(choices: str, **more: object) -> Assessment:
    """One vote a prompt: w, l, t, b for win, loss, tie, both bad."""
    words = {"w": "a", "l": "b", "t": "tie", "b": "both_bad"}
    n = max(len(choices), int(more.pop("prompts", 0) or 0))  # type: ignore[call-overload]
    ships = more.pop("ships", None)
    votes = [ballot(i, words[c], shippable_a=ships) for i, c in enumerate(choices)]
    return assess(votes, plan(n, **more))


@pytest.mark.parametrize("unknown", ["A", "left", "", "none", "1", None, "both bad"])
def test_an_unknown_choice_is_refused_never_a_tie(unknown: object) -> None:
    with pytest.raises(Refusal, match="not a vote"):
        Ballot("p0", "base", "ann", unknown)  # type: ignore[arg-type]


@settings(deadline=None)
@given(st.text(max_size=10).filter(lambda text: text not in set(Choice)))
def test_any_unknown_choice_is_refused(text: str) -> None:
    with pytest.raises(Refusal):
        Ballot("p0", "base", "ann", text)  # type: ignore[arg-type]


def test_a_prompts_score_is_the_mean_of_its_votes() -> None:
    votes = [ballot(0, "a", "ann"), ballot(0, "both_bad", "bo"), ballot(1, "tie", "ann"), ballot(1, "b", "bo")]
    (scored,) = score(votes, plan(2, votes=2))
    assert scored.scores == (0.75, 0.25)
    assert [p.both_bad for p in scored.prompts] == [0.5, 0.0]
    assert [p.labels for p in scored.prompts] == [(1.0, 0.5), (0.5, 0.0)]


def test_evidence_waits_for_the_registered_order() -> None:
    votes = [ballot(0, "a"), ballot(2, "a"), ballot(3, "b")]
    (scored,) = score(votes, plan(4))
    assert (scored.scores, scored.waiting, scored.at_cap) == ((1.0,), 2, False)
    (scored,) = score([*votes, ballot(1, "tie")], plan(4))
    assert (scored.scores, scored.waiting, scored.at_cap) == ((1.0, 0.5, 1.0, 0.0), 0, True)


def test_skips_pass_the_seat_on_until_as_many_skipped_as_should_vote() -> None:
    two = plan(2, votes=2)
    votes = [ballot(0, "skip", "ann"), ballot(0, "a", "bo"), ballot(0, "a", "cy"), ballot(1, "skip", "ann")]
    (scored,) = score(votes, two)
    assert (scored.scores, scored.excluded, scored.skipped) == ((1.0,), (), 2)
    (scored,) = score([*votes, ballot(1, "skip", "bo")], two)
    assert (scored.scores, scored.excluded, scored.at_cap) == ((1.0,), ("p1",), True)


def test_votes_beyond_the_registered_number_do_not_count() -> None:
    (scored,) = score([ballot(0, "a", "ann"), ballot(0, "b", "bo")], plan(1))
    assert (scored.scores, scored.surplus) == ((1.0,), 1)


def test_the_cap_ends_the_round() -> None:
    (scored,) = score([ballot(i, "a") for i in range(4)], plan(4, cap=3))
    assert (len(scored.prompts), scored.at_cap) == (3, True)


@pytest.mark.parametrize(
    "wrong",
    [
        [ballot(0, "a"), ballot(0, "b")],
        [ballot(9, "a")],
        [ballot(0, "a", baseline="another")],
    ],
    ids=["twice", "unknown prompt", "unknown baseline"],
)
def test_votes_that_cannot_belong_are_refused(wrong: list[Ballot]) -> None:
    with pytest.raises(Refusal):
        assess(wrong, plan())


@pytest.mark.parametrize(
    "wrong",
    [
        {"baselines": ()}, {"baselines": ("tuned",)}, {"baselines": ("base", "base")}, {"theta_min": 0.4},
        {"floor": 1.0}, {"cap": 0}, {"guardrails": (Guardrail("x", 0.5),)}, {"votes": 0},
    ],
)  # fmt: skip
def test_a_plan_that_cannot_be_judged_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(Refusal):
        plan(**wrong)  # type: ignore[arg-type]


# The rule on votes


def test_a_clear_winner_is_a_go_and_stops_the_round() -> None:
    found = verdict_of("w" * 30, prompts=100)
    assert (found.votes_alone, stop_reason([found]), found.stopped_early) == (Verdict.go, "go", True)
    assert stop_reason([verdict_of("w" * 5, prompts=100)]) == ""


def test_a_loser_is_a_no_go() -> None:
    found = verdict_of("l" * 20, prompts=100)
    assert (found.votes_alone, stop_reason([found])) == (Verdict.no_go, "no-go")


def test_a_go_closes_the_round_only_once_every_cheaper_candidate_failed() -> None:
    won, lost, undecided = (verdict_of(choices, prompts=100) for choices in ("w" * 30, "l" * 20, "w" * 5))
    assert stop_reason([won, undecided]) == "go", "nothing dearer can be the answer any more"
    assert stop_reason([undecided, won]) == "", "the cheaper one may still pass"
    assert stop_reason([lost, won]) == "go"
    assert stop_reason([lost, undecided]) == ""
    assert stop_reason([lost, lost]) == "no-go"


def test_the_test_at_the_cap_decides_once_and_not_after_an_amendment() -> None:
    choices = "w" * 120 + "l" * 80
    random.Random(0).shuffle(mixed := list(choices))
    found = verdict_of("".join(mixed))
    assert (found.votes_alone, found.at_cap) == (Verdict.go, True)
    assert found.against[0].p_cap == pytest.approx(0.0022, abs=1e-4)
    amended = verdict_of("".join(mixed), cap_amended=True)
    assert (amended.votes_alone, stop_reason([amended])) == (Verdict.inconclusive, "cap")
    assert verdict_of("".join(mixed), prompts=300, cap=300).votes_alone is Verdict.keep_collecting


def test_all_alike_leaves_the_evidence_to_decide() -> None:
    found = verdict_of("t" * 12)
    assert (found.against[0].p_cap, found.votes_alone) == (None, Verdict.inconclusive)
    assert verdict_of("w" * 30).votes_alone is Verdict.go


def test_every_baseline_must_be_beaten_and_any_can_stop() -> None:
    both = plan(60, baselines=("base", "prompted"))
    beaten = [ballot(i, "a") for i in range(60)]
    even = [ballot(i, "ab"[i % 2], baseline="prompted") for i in range(60)]
    assert assess(beaten + even, both).votes_alone is Verdict.inconclusive
    lost = [ballot(i, "b", baseline="prompted") for i in range(60)]
    found = assess(beaten + lost, both)
    assert (found.votes_alone, [a.no_go for a in found.against]) == (Verdict.no_go, [False, True])
    assert [a.no_go_at for a in found.against] == [20.0, 40.0]
    assert found.hardest.baseline == "prompted"


def test_the_shippable_floor() -> None:
    assert verdict_of("w" * 30, floor=0.6, ships=True).votes_alone is Verdict.go
    missed = verdict_of("w" * 30, floor=0.6, ships=False)
    assert missed.floor is not None
    assert (missed.votes_alone, missed.floor.state) == (Verdict.no_go, FloorState.missed)
    silent = verdict_of("w" * 30, prompts=100, floor=0.6)
    assert silent.floor is not None
    assert (silent.votes_alone, silent.floor.state) == (Verdict.keep_collecting, FloorState.unchecked)


@pytest.mark.parametrize(
    ("answered", "ships", "state"),
    [(40, True, "open"), (47, False, "open"), (48, True, "reached"), (48, False, "missed")],
)
def test_a_floor_answered_on_chosen_prompts_is_not_judged(answered: int, ships: bool, state: str) -> None:
    votes = [ballot(i, "a", shippable_a=ships if i < answered else None) for i in range(60)]
    found = assess(votes, plan(100, floor=0.6))
    assert found.floor is not None and (found.floor.n, found.floor.completed) == (answered, 60)
    assert found.floor.state.value == state
    assert (found.votes_alone is Verdict.go) == (state == "reached")
    sentence = next(g.sentence for g in vote_gates(found) if g.name == "Could ship")
    assert f"answered on {answered} of 60 prompts" in sentence and ("too few answers" in sentence) == (answered < 48)


def test_both_bad_without_an_answer_counts_as_not_shippable() -> None:
    votes = [ballot(0, "a", shippable_a=True), ballot(1, "both_bad"), ballot(2, "a")]
    found = assess(votes, plan(3, floor=0.6)).floor
    assert found is not None
    assert (found.n, found.share) == (2, 0.5)


def sliced(choices: dict[str, str], critical: tuple[str, ...] = ()) -> Assessment:
    told = [(name, c) for name, row in choices.items() for c in row]
    prompts = tuple(PlannedPrompt(f"p{i}", name) for i, (name, _) in enumerate(told))
    guardrails = tuple(Guardrail(name, critical=name in critical) for name in choices)
    registration = Registration("tuned", ("base",), prompts, cap=500, floor=None, guardrails=guardrails)
    return assess([ballot(i, {"w": "a", "l": "b"}[c]) for i, (_, c) in enumerate(told)], registration)


def test_a_regressed_slice_beats_a_win_and_a_critical_one_must_be_cleared() -> None:
    assert sliced({"refunds": "w" * 100, "delivery": "l" * 20}).votes_alone is Verdict.no_go
    assert sliced({"refunds": "w" * 100, "delivery": "wl" * 3}).votes_alone is Verdict.go
    assert sliced({"refunds": "w" * 100, "delivery": "wl" * 3}, ("delivery",)).votes_alone is Verdict.inconclusive
    assert sliced({"refunds": "w" * 100, "delivery": "w" * 20}, ("delivery",)).votes_alone is Verdict.go


def test_shrunken_slices_lie_between_their_mean_and_the_rounds() -> None:
    small, large, empty = shrunken([scores(3, 0, 0), scores(20, 0, 80), []])
    assert small is not None and large is not None and empty is not None
    assert 23 / 103 < small < 1.0
    assert abs(large - 0.2) < abs(small - 1.0)
    assert empty == pytest.approx(23 / 103)
    assert shrunken([[], []]) == (None, None)


@settings(deadline=None)
@given(st.lists(st.sampled_from("wltb"), max_size=40))
def test_an_assessment_is_plain_json_and_its_shares_add_up(choices: list[str]) -> None:
    found = verdict_of("".join(choices), prompts=60)
    against = found.against[0]
    assert from_json(Assessment, to_json(found)) == found
    assert against.won + against.tied + against.lost == pytest.approx(1.0 if choices else 0.0)
    assert against.both_bad <= against.tied + 1e-12
