"""Rulings: what the votes, the gates, independence and scripts make of one another, in words."""

from __future__ import annotations

import pytest

from studio.decision import BESIDE_THE_VOTES, Gate, GateState, Ruling, preference_sentence, unchecked_gates, verdict
from studio.records import Choice, Refusal, Verdict, from_json, to_json
from studio.review.gates import Words, growth_sentence
from studio.review.preference import Assessment, Ballot, Guardrail, PlannedPrompt, Projection, Registration, assess

ALL_CHECKED = tuple(Gate(name, GateState.passed, "Checked.") for name, _ in BESIDE_THE_VOTES)
NAMES = {"tuned": "the tuned model", "base": "the base model", "prompted": "the prompted base"}


def assessed(
    choices: str,
    candidate: str = "tuned",
    baselines: tuple[str, ...] = ("base",),
    prompts: int = 100,
    ships: bool | None = None,
    scripted: bool = False,
    **more: object,
) -> Assessment:
    """One vote per prompt and baseline: w, l, t for win, tie, loss of the candidate."""
    words = {"w": "a", "l": "b", "t": "tie"}
    planned = tuple(PlannedPrompt(f"p{i}", "refunds") for i in range(prompts))
    registration = Registration(candidate, baselines, planned, **{"floor": None, **more})  # type: ignore[arg-type]
    votes = [
        Ballot(f"p{i}", b, "ann", words[c], shippable_a=ships, scripted=scripted)  # type: ignore[arg-type]
        for i, c in enumerate(choices)
        for b in baselines
    ]
    return assess(votes, registration)


def rule(*assessments: Assessment, gates: tuple[Gate, ...] = ALL_CHECKED, **more: object) -> Ruling:
    return verdict(assessments, gates, **{"independent": True, "scripted": False, "names": NAMES, **more})  # type: ignore[arg-type]


def test_a_go_needs_every_gate_checked() -> None:
    ruling = rule(assessed("w" * 30))
    assert (ruling.verdict, ruling.votes_alone, ruling.arm) == (Verdict.go, Verdict.go, "tuned")
    assert ruling.headline == (
        "Ship the tuned model: people preferred it to the base model, and it passed every check that a GO needs."
    )
    assert any("optimistic" in sentence for sentence in ruling.because)


def test_only_what_is_not_settled_is_named_as_open() -> None:
    against = {"base": "w" * 30 + "t" * 10, "prompted": "wl" * 20}
    planned = tuple(PlannedPrompt(f"p{i}", "refunds") for i in range(40))
    votes = [
        Ballot(f"p{i}", other, "ann", {"w": Choice.a, "l": Choice.b, "t": Choice.tie}[told[i]])
        for other, told in against.items()
        for i in range(40)
    ]
    ruling = rule(assess(votes, Registration("tuned", tuple(against), planned, floor=None, cap=40)), finished=True)
    assert ruling.headline == (
        "No answer: 40 prompts did not settle whether people prefer the tuned model to the prompted base."
    )


def test_a_go_by_the_test_at_the_cap_says_so_where_its_interval_reaches_below_a_half() -> None:
    early, late = assessed("w" * 30).against[0], assessed("w" * 28 + "l" * 12, prompts=40, cap=40).against[0]
    assert late.go and late.interval.low < 0.5
    assert "the test kept for that moment decides" in preference_sentence(late, "A", "B")
    assert "moment" not in preference_sentence(early, "A", "B")
    told = growth_sentence(assessed("w" * 28 + "l" * 12, prompts=40, cap=40), Words(NAMES))
    assert told.startswith(f"It ended at {late.e_go:.1f} to 1 over the base model; at 100 to 1 it is a go before")
    assert told.endswith("Over the base model the test for a round with every prompt in made it one.")
    assert growth_sentence(assessed("w" * 30), Words(NAMES)).endswith("before every prompt is in.")


def test_what_is_unchecked_would_change_an_undecided_verdict_too() -> None:
    ruling = rule(assessed("wl" * 20, cap=40, prompts=40), gates=ALL_CHECKED[1:], finished=True)
    assert ruling.verdict is Verdict.inconclusive
    assert ruling.would_change[0].startswith("A new round") and ruling.would_change[1:] == (
        f"Checking what is not checked yet: {BESIDE_THE_VOTES[0][0]}.",
    )
    assert len(rule(assessed("wl" * 20, cap=40, prompts=40), finished=True).would_change) == 1


def test_that_one_person_cast_all_the_votes_is_told() -> None:
    alone, two = rule(assessed("w" * 30), voters=1), rule(assessed("w" * 30), voters=2)
    assert set(alone.because) - set(two.because) == {
        "One person cast all the votes, so nothing is known of how other people would choose."
    }


def test_a_round_that_stopped_early_says_which_way_its_figure_leans() -> None:
    """Rounds stop on luck: a go on good luck, a no-go on bad. One that went to its cap leans neither way."""
    for choices, leans in (("w" * 30, "optimistic"), ("l" * 20, "pessimistic")):
        early, late = (rule(assessed(choices, prompts=n)).because for n in (200, len(choices)))
        assert [s.endswith(f"a little {leans}.") for s in early if "stopped as soon" in s] == [True]
        assert not any("stopped as soon" in s for s in late)


def test_unchecked_gates_hold_a_go_back_and_are_named() -> None:
    ruling = rule(assessed("w" * 30), gates=())
    assert (ruling.verdict, ruling.votes_alone, ruling.arm) == (Verdict.inconclusive, Verdict.go, "")
    assert ruling.headline == (
        f"People prefer the tuned model; {len(BESIDE_THE_VOTES)} gates are not checked yet, so it cannot ship."
    )
    assert {g.name for g in ruling.gates if g.state is GateState.unchecked} == {name for name, _ in BESIDE_THE_VOTES}
    assert unchecked_gates() == tuple(g for g in ruling.gates if g.state is GateState.unchecked)
    assert any("Memorisation" in sentence for sentence in ruling.would_change)
    four = rule(assessed("w" * 30), gates=ALL_CHECKED[1:])
    assert "1 gate is not checked yet" in four.headline


def test_the_weakest_gate_is_the_one_furthest_from_a_go() -> None:
    """Final ones first, then failed, open, unchecked; of a GO the preference that is hardest to hold."""
    two = {"baselines": ("base", "prompted")}
    assert rule(assessed("w" * 30, **two)).weakest in ("Preferred to the base model", "Preferred to the prompted base")  # type: ignore[arg-type]
    failed = Gate("Side effects", GateState.failed, "Lost.")
    final = Gate("Made to be released", GateState.failed, "Secrets.", final=True)
    unchecked = rule(assessed("w" * 30), gates=ALL_CHECKED[1:])
    assert unchecked.weakest == BESIDE_THE_VOTES[0][0]
    assert rule(assessed("wl" * 10), gates=ALL_CHECKED[1:]).weakest == "Preferred to the base model", "open is nearer"
    assert rule(assessed("w" * 30), gates=(*ALL_CHECKED[1:], failed)).weakest == "Side effects"
    assert rule(assessed("w" * 30), gates=(*ALL_CHECKED[1:], failed, final)).weakest == "Made to be released"


def test_a_gate_about_another_candidate_does_not_hold_this_one_back() -> None:
    broken = Gate("Side effects", GateState.failed, "Lost.", arm="another")
    ruling = rule(assessed("w" * 30), gates=(*ALL_CHECKED, broken))
    assert ruling.verdict is Verdict.go and broken not in ruling.gates
    mine = Gate("Side effects", GateState.failed, "Lost.", arm="tuned")
    assert rule(assessed("w" * 30), gates=(*ALL_CHECKED[1:], mine)).verdict is Verdict.inconclusive


def test_a_go_that_may_rest_on_length_says_so_and_stays_a_go() -> None:
    told = {"tuned": "At equal length people would prefer it in 52 of 100 prompts."}
    ruling = rule(assessed("w" * 30), length_dependent=told)
    assert (ruling.verdict, ruling.in_words) == (Verdict.go, "go, length-dependent")
    assert ruling.because[1] == told["tuned"] and ruling.because[0].startswith("People preferred")
    assert rule(assessed("w" * 30), length_dependent={"tuned": ""}).in_words == "go"
    lost = rule(assessed("l" * 20), length_dependent=told)
    assert lost.in_words == "no go" and told["tuned"] not in lost.because


def test_a_failed_gate_holds_a_go_back() -> None:
    failed = Gate("Leakage", GateState.failed, "Three test prompts are in the training set.", blocks=False)
    ruling = rule(assessed("w" * 30), gates=(*ALL_CHECKED, failed))
    assert ruling.verdict is Verdict.inconclusive
    assert "1 gate failed" in ruling.headline
    assert failed.sentence in ruling.because


@pytest.mark.parametrize("choices", ["w" * 30, "l" * 20, "wl" * 50])
def test_practice_and_scripted_rounds_ship_nothing(choices: str) -> None:
    alone = assessed(choices).votes_alone
    practice = rule(assessed(choices), independent=False)
    assert (practice.verdict, practice.votes_alone, practice.practice) == (Verdict.inconclusive, alone, True)
    assert "practice" in practice.headline
    scripted = rule(assessed(choices, scripted=True))
    assert (scripted.verdict, scripted.votes_alone, scripted.scripted) == (Verdict.inconclusive, alone, True)
    assert "script" in scripted.headline
    assert scripted.arm == practice.arm == ""


def test_a_no_go_wins_a_clash() -> None:
    slices = (Guardrail("refunds"),)
    clash = assessed("l" * 25 + "w" * 75, guardrails=slices, ships=False, floor=0.6)
    assert clash.against[0].go
    ruling = rule(clash, gates=())
    assert (ruling.verdict, ruling.headline) == (
        Verdict.no_go,
        "Do not ship the tuned model: too few of its answers could ship as they are.",
    )
    lost = rule(assessed("l" * 20, baselines=("base", "prompted")))
    assert lost.verdict is Verdict.no_go
    assert "people do not prefer it to the base model" in lost.headline


def test_a_regressed_slice_is_named() -> None:
    registration = Registration(
        "tuned",
        ("base",),
        tuple(PlannedPrompt(f"p{i}", "refunds" if i < 20 else "delivery") for i in range(200)),
        floor=None,
        guardrails=(Guardrail("refunds"), Guardrail("delivery")),
    )
    votes = [Ballot(f"p{i}", "base", "ann", "b" if i < 20 else "a") for i in range(200)]  # type: ignore[arg-type]
    ruling = rule(assess(votes, registration))
    assert ruling.verdict is Verdict.no_go
    assert ruling.headline.endswith("it got worse than the base model on refunds.")


def test_undecided_keeps_collecting_until_no_more_votes_come() -> None:
    found = assessed("wl" * 20)
    ruling = rule(found, projection=Projection(140, 60, None, 0.7, 1000))
    assert ruling.verdict is Verdict.keep_collecting
    assert any("about 140 prompts more" in s and "more than 1000" in s for s in ruling.because)
    assert rule(found, finished=True).verdict is Verdict.inconclusive
    at_cap = rule(assessed("wl" * 50))
    assert (at_cap.verdict, at_cap.headline) == (
        Verdict.inconclusive,
        "No answer: 100 prompts did not settle whether people prefer the tuned model to the base model.",
    )


def test_preference_without_its_floor_is_said_so() -> None:
    ruling = rule(assessed("w" * 100, floor=0.6))
    assert ruling.verdict is Verdict.inconclusive
    assert ruling.headline == "People prefer the tuned model; 1 gate is not checked yet, so it cannot ship."
    collecting = rule(assessed("w" * 40, floor=0.6))
    assert collecting.verdict is Verdict.keep_collecting
    assert collecting.headline.endswith("so votes are still needed.")


def test_an_open_round_shows_no_evidence() -> None:
    ruling = rule(assessed("w" * 30), collecting=True)
    assert (ruling.verdict, ruling.votes_alone) == (Verdict.keep_collecting, Verdict.keep_collecting)
    assert ruling.headline == "Votes are still coming in: 30 of at most 100 prompts are done."
    told = " ".join((ruling.headline, *ruling.because, *ruling.would_change, *(g.sentence for g in ruling.gates)))
    assert "theta" not in told and "prefer" not in told


def test_the_cheapest_arm_that_passes_is_named() -> None:
    cheap, tuned = assessed("w" * 30, "prompted"), assessed("w" * 30, "tuned", ("base", "prompted"))
    assert rule(cheap, tuned).arm == "prompted"
    failed = rule(assessed("l" * 20, "prompted"), tuned)
    assert (failed.verdict, failed.arm) == (Verdict.go, "tuned")
    assert "the prompted base was tested too and did not pass." in failed.because
    waiting = rule(assessed("wl" * 10, "prompted"), tuned)
    assert (waiting.verdict, waiting.subject) == (Verdict.keep_collecting, "prompted")
    assert rule(assessed("l" * 20, "prompted"), assessed("wl" * 50)).verdict is Verdict.inconclusive
    assert rule(assessed("l" * 20, "prompted"), assessed("l" * 20)).verdict is Verdict.no_go


def test_figures_come_with_interval_and_n() -> None:
    found = assessed("w" * 60 + "t" * 30 + "l" * 30, prompts=200)
    against = found.against[0]
    assert preference_sentence(against, "tuned", "base") == (
        "People preferred tuned to base in 62 % of the prompts, a tie counting as half (theta; 95 % interval "
        "51 to 73 %, n = 120 prompts); wins minus losses +25 points, both bad 0 %."
    )
    assert "No prompt is completed" in preference_sentence(assessed("").against[0], "tuned", "base")


def test_every_gate_speaks() -> None:
    found = assessed("w" * 60 + "l" * 20, ships=True, floor=0.6, guardrails=(Guardrail("refunds", critical=True),))
    ruling = rule(found, gates=())
    assert [g.name for g in ruling.gates[:3]] == [
        "Preferred to the base model",
        "Could ship",
        "refunds against the base model",
    ]
    assert all(g.state is GateState.passed and g.sentence.endswith(".") for g in ruling.gates[:3])
    assert "answered on 80 of 80 prompts" in ruling.gates[1].sentence
    assert all("n = 80 prompts" in ruling.gates[i].sentence for i in (0, 2))
    assert from_json(Ruling, to_json(ruling)) == ruling


def test_nothing_to_rule_on_is_refused() -> None:
    with pytest.raises(Refusal):
        rule()
