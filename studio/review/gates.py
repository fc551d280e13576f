"""What a GO needs, gate by gate, and the sentences that say how each stands. Pure.

The votes themselves make some gates (preference, the shippable floor, slices); others come from elsewhere in
the studio. A gate that was registered and that nothing computes is unchecked, and an unchecked gate stops a GO.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio.review.assessment import (
    FLOOR_COVERAGE,
    AgainstBaseline,
    Assessment,
    Floor,
    FloorState,
    SliceFinding,
    SliceState,
)
from studio.review.assignment import ALARM, Assignment
from studio.review.evidence import BASE_EVIDENCE, CAP_P, GO_EVIDENCE, Interval, Projection
from studio.wording import between, percent, points, several


class GateState(enum.StrEnum):
    """`open`: being measured, not decided yet. `unchecked`: registered, but nothing measures it yet."""

    passed = "passed"
    failed = "failed"
    open = "open"
    unchecked = "unchecked"


FLOOR_NAME = "Could ship"
_AGAINST = " against "


@dataclass(frozen=True)
class Gate:
    """One thing a GO needs. `evidence`: figures or places to look. `blocks` False: stops a GO only if failed.
    `final`: where it failed, nobody may ship against the verdict either. `arm`: the candidate it is about, "" for all;
    the ruling on another candidate leaves it out."""

    name: str
    state: GateState
    sentence: str
    evidence: tuple[str, ...] = ()
    blocks: bool = True
    final: bool = False
    arm: str = ""

    @property
    def is_slice(self) -> bool:
        """Whether it is about one kind of input; those are shown together."""
        return self.sentence.startswith(("Slice ", "Critical slice "))

    @property
    def title(self) -> str:
        """Its name as people read it; `name`, which certificates hold, has a kind of input as the brief keeps it."""
        kind, against, baseline = self.name.partition(_AGAINST)
        return f"{kind.replace('_', ' ')}{against}{baseline}" if self.is_slice else self.name


BESIDE_THE_VOTES = (
    ("Side effects", "what tuning broke outside this task has not been measured"),
    ("Memorisation", "whether the tuned model recites its training examples has not been measured"),
    ("Personal data", "the examples and outputs have not been searched for personal data"),
    ("Health waivers", "nobody has reviewed the findings that were waived in the dataset's health report"),
)
"""Gates that every round has and that no vote can show: name, and what is not known until somebody brings them."""


@dataclass(frozen=True)
class Words:
    """Display names of arms by id; an arm without one is called by its id."""

    names: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, arm: str) -> str:
        return self.names.get(arm, arm)


def unchecked_gates() -> tuple[Gate, ...]:
    """The gates beside the votes as they stand while nobody brings them: unchecked, and blocking GO."""
    return tuple(Gate(name, GateState.unchecked, f"Not checked yet: {what}.") for name, what in BESIDE_THE_VOTES)


def assignment_gate(audits: Sequence[Assignment], in_order: bool | None = None) -> Gate:
    """Whether sides and baselines were dealt by chance, over all candidates: the mean of their e-values is one, too.
    `in_order`: whether the prompts stand as the published seed draws them; None where that is not known."""
    name = "Assignment audit"
    if in_order is False:
        return Gate(name, GateState.failed, "The prompts do not stand in the order that the published seed draws.")
    seen = [audit for audit in audits if audit.pairs]
    if not seen:
        return Gate(name, GateState.open, "Nobody has voted yet, so there is nothing to audit.")
    evidence = sum(audit.e_value for audit in seen) / len(seen)
    worst = max(seen, key=lambda audit: audit.e_value)
    told = tuple(f"pairs with the candidate on the left: {audit.left} of {audit.pairs}" for audit in seen)
    told += ("the prompts stand in the order that the published seed draws",) if in_order else ()
    if evidence >= ALARM:
        return Gate(name, GateState.failed, worst.sentence, told)
    pairs = sum(audit.pairs for audit in seen)
    text = f"Nothing speaks against {several(pairs, 'pair')} dealt by chance"
    return Gate(
        name,
        GateState.passed,
        f"{text} (evidence against it {odds(evidence)} to 1; the alarm is at {ALARM:,.0f} to 1).",
        told,
    )


def vote_gates(assessment: Assessment, names: Mapping[str, str] | None = None) -> tuple[Gate, ...]:
    """What the votes themselves must show: preference over each baseline, the shippable floor, the slices."""
    words = Words(names or {})
    gates = [_preference_gate(a, assessment, words) for a in assessment.against]
    if assessment.floor is not None:
        gates.append(_floor_gate(assessment.floor, words[assessment.candidate]))
    gates += [_slice_gate(f, words[a.baseline]) for a in assessment.against for f in a.slices]
    return tuple(gates)


def preference_sentence(against: AgainstBaseline, candidate: str, baseline: str) -> str:
    """Who was preferred, with theta, its interval and n, in words."""
    if against.theta is None:
        return f"No prompt is completed yet, so nothing is known of {candidate} against {baseline}."
    return (
        f"People preferred {candidate} to {baseline} in {percent(against.theta)} of the prompts, a tie counting as "
        f"half (theta; {_range(against.interval)}, n = {count_prompts(against.n)}); wins minus losses "
        f"{points(against.net_win)}, both bad {percent(against.both_bad)}.{_by_the_cap(against)}"
    )


def _by_the_cap(against: AgainstBaseline) -> str:
    """Why it is a go although the interval, which holds at every moment, may still reach below a half."""
    if not against.go or against.e_go >= GO_EVIDENCE or against.p_cap is None:
        return ""
    return (
        " With every prompt in, the test kept for that moment decides, not this wider interval: so clear a result by "
        f"luck alone has a chance of {against.p_cap:.4f} (p; a go at {CAP_P} or less)."
    )


def growth_sentence(assessment: Assessment, words: Words) -> str:
    """Where the evidence for the candidate stood at the end, and what a go takes."""
    ends = join_words([f"{odds(a.e_go)} to 1 over {words[a.baseline]}" for a in assessment.against])
    at_cap = [words[a.baseline] for a in assessment.against if _by_the_cap(a)]
    by_test = f" Over {join_words(at_cap)} the test for a round with every prompt in made it one." if at_cap else ""
    return f"It ended at {ends}; at {GO_EVIDENCE:.0f} to 1 it is a go before every prompt is in.{by_test}"


def projection_sentence(projection: Projection) -> str:
    """About how many prompts more, from simulations of the scores so far."""
    if projection.more is None:
        return f"Simulated from the scores so far, even {projection.horizon} prompts more would often not decide."
    upto = f"{projection.high}" if projection.high is not None else f"more than {projection.horizon}"
    return (
        f"Simulated from the scores so far, about {projection.more} prompts more would decide "
        f"(middle half of the simulations: {projection.low} to {upto})."
    )


def _preference_gate(against: AgainstBaseline, assessment: Assessment, words: Words) -> Gate:
    baseline, candidate = words[against.baseline], words[assessment.candidate]
    enough = against.theta is not None and against.theta >= assessment.theta_min
    state = GateState.open
    if against.no_go:
        state = GateState.failed
    elif against.go and enough:
        state = GateState.passed
    evidence = [
        f"evidence for {candidate}: {odds(against.e_go)} to 1 (a go at {GO_EVIDENCE:.0f})",
        f"evidence against a win of {_share(assessment.theta_min)}: {odds(against.e_no_go)} to 1 "
        f"(a no-go at {against.no_go_at:.0f})",
    ]
    if against.p_cap is not None:
        evidence.append(f"test at the cap: p = {against.p_cap:.4f} (a go at {CAP_P} or less)")
    return Gate(preference_name(baseline), state, preference_sentence(against, candidate, baseline), tuple(evidence))


def _floor_gate(floor: Floor, arm: str) -> Gate:
    name = FLOOR_NAME
    state = {
        FloorState.reached: GateState.passed,
        FloorState.missed: GateState.failed,
        FloorState.unchecked: GateState.unchecked,
    }.get(floor.state, GateState.open)
    if floor.share is None:
        return Gate(name, state, f"Nobody has said yet whether answers of {arm} could ship.")
    ends = {
        GateState.passed: "which reaches the floor",
        GateState.failed: "which stays under the floor",
    }.get(state, "which does not settle the floor")
    if not floor.covered:
        ends = f"too few answers (at least {percent(FLOOR_COVERAGE)} of the prompts need one) to settle the floor"
    low, high = (percent(bound, floor.registered) for bound in (floor.low, floor.high))
    sentence = (
        f"Reviewers would ship {percent(floor.share)} of the answers of {arm} (at least {low} and at "
        f"most {high}, each 95 % sure, answered on {floor.n} of {count_prompts(floor.completed)}), "
        f"{ends} of {percent(floor.registered)}."
    )
    return Gate(name, state, sentence)


def _slice_gate(finding: SliceFinding, baseline: str) -> Gate:
    state = GateState.open
    if finding.state is SliceState.regressed:
        state = GateState.failed
    elif finding.state is SliceState.cleared:
        state = GateState.passed
    meaning = {
        GateState.passed: f"no worse than {baseline} by more than {100 * finding.delta:.0f} points",
        GateState.failed: f"worse than {baseline}",
    }.get(state, f"not enough votes to compare it with {baseline}")
    figures = "no prompts yet"
    if finding.theta is not None:
        figures = f"preferred in {percent(finding.theta)}, {_range(finding.interval)}, n = {count_prompts(finding.n)}"
    kind = "Critical slice" if finding.critical else "Slice"
    evidence = (
        f"evidence that it is no worse: {odds(finding.e_cleared)} to 1 (cleared at {BASE_EVIDENCE:.0f})",
        f"evidence that it is worse: {odds(finding.e_regressed)} to 1 (regressed at {finding.regressed_at:.0f})",
    )
    sentence = f"{kind} {finding.name.replace('_', ' ')}: {meaning} ({figures})."
    return Gate(f"{finding.name}{_AGAINST}{baseline}", state, sentence, evidence, blocks=finding.critical)


def preference_name(baseline: str) -> str:
    """What the gate of one baseline is called."""
    return f"Preferred to {baseline}"


def count_prompts(n: int) -> str:
    """How many prompts, with the right plural."""
    return f"{n} prompt{'' if n == 1 else 's'}"


def _share(value: float) -> str:
    """A share with two decimals and no leading zero: .68, 1.00."""
    return f"{value:.2f}".removeprefix("0") if value < 1 else f"{value:.2f}"


def _range(interval: Interval) -> str:
    return f"95 % interval {between((interval.low, interval.high))}"


def odds(value: float) -> str:
    """Evidence in figures, to be followed by "to 1"."""
    if value < 0.1:
        return "less than 0.1"
    return f"{value:.1f}" if value < 1000 else f"{value:.1e}"


def join_words(words: Sequence[str]) -> str:
    """A list as it is said: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}" if words else ""
