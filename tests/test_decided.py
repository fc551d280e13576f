"""Decisions over time: what differs between two, and whether what failed in one round is mended in the next."""

from __future__ import annotations

import dataclasses

from studio import decided
from studio.decided import Against, Column, GateHistory, Line, Told
from studio.decision import Gate, GateState
from studio.records import Role, Verdict

PASSED, FAILED, OPEN, UNCHECKED = GateState.passed, GateState.failed, GateState.open, GateState.unchecked

FIRST = Told(
    "d1", "r1", "2026-05-03T10:00:00+00:00", Verdict.no_go, False, False, "Tuned 1", "Set 1", "a" * 64, 600, "run1", 1,
    (Against("Base", 0.52, 0.25, 0.79, 25), Against("House rules", 0.21, 0.04, 0.54, 24)),
    (Gate("Preferred to House rules", FAILED, ""), Gate("Side effects", UNCHECKED, ""), Gate("Could ship", OPEN, "")),
    "pia", Role.pm, "Try again.",
)  # fmt: skip


def test_what_differs_between_two_decisions_is_told_in_words_and_figures() -> None:
    later = dataclasses.replace(
        FIRST, id="d2", verdict=Verdict.go, ships=True, arm="Tuned 2", run="run2",
        against=(FIRST.against[0], Against("House rules", 0.81, 0.54, 0.96, 32), Against("Few-shot", 0.7, 0.5, 0.9, 9)),
        gates=(Gate("Preferred to House rules", PASSED, "Yes."), Gate("Side effects", UNCHECKED, "?")),
    )  # fmt: skip
    found = decided.between(FIRST, later)
    assert found.sentence == (
        "No go became go. Not the same: the arm and the training. The same: the dataset and the brief. "
        "1 gate changed state. 1 gate was asked in one of them only."
    )
    facts = {fact.name: (fact.before, fact.after, fact.changed) for fact in found.facts}
    assert facts["Preferred to House rules"] == ("21 % (4 to 54 %, n = 24)", "81 % (54 to 96 %, n = 32)", True)
    assert facts["Preferred to Base"][2] is False and facts["Preferred to Few-shot"][:2][0] == "not asked"
    assert facts["Dataset"] == (f"Set 1, 600 examples, {'a' * 12}",) * 2 + (False,)
    assert [(gate.name, gate.before, gate.after) for gate in found.gates] == [
        ("Preferred to House rules", "failed", "passed"), ("Could ship", "not decided", "not asked"),
    ]  # fmt: skip


def test_a_practice_verdict_is_never_told_without_its_label() -> None:
    practice = dataclasses.replace(FIRST, id="d2", verdict=Verdict.inconclusive, labels=("scripted votes", "practice"))
    found = decided.between(FIRST, practice)
    assert found.sentence.startswith("No go became inconclusive (scripted votes, practice).")
    assert found.facts[0].after == "inconclusive (scripted votes, practice)"


def test_an_override_is_told_between_two_decisions() -> None:
    later = dataclasses.replace(FIRST, id="d2", ships=True, override="A pilot with a human in the loop.")
    found = decided.between(FIRST, later)
    assert found.sentence.startswith("The verdict stayed no go. The later one was signed to ship against its verdict.")
    facts = {fact.name: (fact.before, fact.after) for fact in found.facts}
    assert facts["Overridden, because"] == ("not overridden", "A pilot with a human in the loop.")
    assert "Both were signed to ship" in decided.between(later, later).sentence
    assert "Overridden, because" not in {fact.name for fact in decided.between(FIRST, FIRST).facts}


def test_two_decisions_that_name_the_same_say_so() -> None:
    again = decided.between(FIRST, dataclasses.replace(FIRST, id="d2", comment="Read again."))
    assert again.sentence.startswith("The verdict stayed no go. The same: the arm, the dataset, the training and the")
    assert again.sentence.endswith("No gate changed state.") and not any(fact.changed for fact in again.facts)


def history(*lines: tuple[str, GateState | None, GateState | None]) -> GateHistory:
    columns = [Column(f"r{n}", f"2026-05-0{n}T10:00:00+00:00", f"Tuned {n}", Verdict.no_go, True) for n in (1, 2)]
    return GateHistory(tuple(columns), tuple(Line(name, (was, now)) for name, was, now in lines))


def test_the_history_says_what_is_mended_what_is_not_and_what_is_new() -> None:
    told = history(
        ("Preferred to Base", FAILED, PASSED), ("Personal data", FAILED, FAILED), ("Side effects", PASSED, FAILED),
        ("Memorisation", FAILED, UNCHECKED), ("Could ship", FAILED, OPEN), ("Preferred to Old", FAILED, None),
        ("Sides sealed", PASSED, PASSED), ("Health waivers", OPEN, PASSED), ("Same outputs", UNCHECKED, UNCHECKED),
    ).sentence  # fmt: skip
    assert told == (
        "Mended since the round of 1 May 2026: Preferred to Base. Still failed since the round of 1 May 2026: Personal "
        "data. Failed then, not decided now: Could ship. Failed then, not checked now: Memorisation. Failed then, not "
        "asked any more: Preferred to Old. Failed now and not then: Side effects. Open or not checked then and passed "
        "now: 1 gate."
    )
    assert history(("Sides sealed", PASSED, PASSED)).sentence == "No gate had failed in the round of 1 May 2026."
    assert "one closed round so far" in GateHistory((), ()).sentence


def test_slices_stand_as_one_line_and_the_worst_of_them_counts() -> None:
    def sliced(*states: GateState) -> GateState:
        gates = [Gate(f"s{n} against Base", state, f"Slice s{n}: it is so.") for n, state in enumerate(states)]
        (found,) = decided.states(gates).items()
        assert found[0] == decided.SLICES
        return found[1]

    assert sliced(PASSED, PASSED) is PASSED
    assert sliced(PASSED, OPEN) is OPEN
    assert sliced(PASSED, OPEN, FAILED) is FAILED
    assert decided.states([Gate("Sides sealed", PASSED, "Yes.")]) == {"Sides sealed": PASSED}
