"""From a closed round's own records to its ruling. Pure: whoever has the records gets the same one.

The Decision page does this with the store's records, `studio verify` with those in a certificate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio import decision
from studio.decision import Gate, GateState, Ruling
from studio.records import Pair, Round, Vote
from studio.review import ledger
from studio.review.assessment import Assessment, assess
from studio.review.dealing import counted
from studio.review.diagnostics import Diagnostics, diagnose
from studio.review.gates import assignment_gate
from studio.review.gold import rule_of
from studio.review.raters import Reliability, reliability
from studio.review.scoring import Lengths, ballots, read_registrations
from studio.review.sensitivity import ExitGuess
from studio.review.sides import drawn_as_sealed, in_drawn_order
from studio.review.stability import Stability
from studio.review.stability import stability as read_again


@dataclass(frozen=True)
class Weighed:
    """What a round's votes say of each candidate, in cost order, before anything beside the votes is looked at; and
    `sealed`, whether its sides are those that were locked away. `voters`: how many people cast votes that count."""

    assessments: tuple[Assessment, ...]
    diagnostics: tuple[Diagnostics, ...]
    raters: Reliability
    sealed: Gate
    voters: int


@dataclass(frozen=True)
class Judgement:
    """What a round's votes say of each candidate, in cost order, how far they can be trusted, and the ruling."""

    assessments: tuple[Assessment, ...]
    diagnostics: tuple[Diagnostics, ...]
    raters: Reliability
    ruling: Ruling

    @property
    def subject(self) -> tuple[Assessment, Diagnostics]:
        """Those of the candidate that the ruling speaks of; while the round is open, of the first."""
        told = zip(self.assessments, self.diagnostics, strict=True)
        by_arm = {assessed.candidate: (assessed, checked) for assessed, checked in told}
        return by_arm.get(self.ruling.subject, (self.assessments[0], self.diagnostics[0]))


def judge(
    found: Round, pairs: Sequence[Pair], votes: Sequence[Vote], gates: Sequence[Gate], *,
    tests: Sequence[str] = (), guess: ExitGuess | None = None, lengths: Lengths | None = None,
    weighed: Weighed | None = None,
) -> Judgement:  # fmt: skip
    """Applies the registered rule to the round's votes, in the order they were cast.

    `gates`: those that are not of the votes; the seal and the assignment audit are added here. `tests`: the test
    prompts in the order of their set, if known, so that their order in the round can be drawn again. `lengths`: of the
    answers, where the pairs come without their texts. `weighed`: what `weigh` gave for the same votes, where it is at
    hand. Raises Refusal for votes that the round does not know.
    """
    told = weighed or weigh(found, pairs, votes, guess=guess, lengths=lengths)
    assessments, checked = told.assessments, told.diagnostics
    dealt = assignment_gate([each.assignment for each in checked], _in_order(found, tests))
    ruled = decision.verdict(
        assessments,
        [*_amended(found), told.sealed, dealt, *gates],
        independent=not found.registration["practice"] and any(not v.conflict for v in votes),
        scripted=any(v.scripted for v in votes),
        voters=told.voters,
        collecting=found.state == "open",
        finished=found.state == "closed",
        names=names(found),
        length_dependent={a.candidate: each.length_dependent for a, each in zip(assessments, checked, strict=True)},
    )
    return Judgement(assessments, checked, told.raters, ruled)


def weigh(
    found: Round, pairs: Sequence[Pair], votes: Sequence[Vote], *, guess: ExitGuess | None = None,
    lengths: Lengths | None = None,
) -> Weighed:  # fmt: skip
    """What the votes alone say, by the registered rule; see `judge`."""
    seen = counted(found, pairs, votes)
    plans = read_registrations(found.registration)
    cast = [ballots(pairs, seen, plan.candidate, lengths) for plan in plans]
    assessments = tuple(assess(own, plan) for own, plan in zip(cast, plans, strict=True))
    checked = tuple(diagnose(one, own, guess) for one, own in zip(assessments, cast, strict=True))
    told = reliability(pairs, votes, rule_of(found.registration), seen)
    return Weighed(assessments, checked, told, seal_gate(found, pairs), len({vote.reviewer for vote in seen}))


def stability(found: Round, pairs: Sequence[Pair], votes: Sequence[Vote], judged: Judgement) -> Stability:
    """The same votes read in other ways, for the candidate that the ruling speaks of. It rules nothing."""
    assessed, checked = judged.subject
    plan = next(each for each in read_registrations(found.registration) if each.candidate == assessed.candidate)
    seen = counted(found, pairs, votes)
    inside = {(vote.pair, vote.reviewer) for vote in seen}
    outside = [vote for vote in votes if (vote.pair, vote.reviewer) not in inside]
    return read_again(
        assessed, plan, ballots(pairs, seen, plan.candidate), ballots(pairs, outside, plan.candidate),
        frozenset(vote.reviewer for vote in seen if vote.conflict),
        {each.baseline: each.length for each in checked.against},
    )  # fmt: skip


def names(found: Round) -> dict[str, str]:
    """Arm id -> name as registered. Only for what comes after the round."""
    return {name: facts["name"] for name, facts in found.registration["arms"].items()}


def _in_order(found: Round, tests: Sequence[str]) -> bool | None:
    if not tests or not found.seed:
        return None
    return in_drawn_order(found.seed, tests) == [p["id"] for p in found.registration["prompts"]]


def _amended(found: Round) -> list[Gate]:
    """A gate for a round that was changed after its opening: whether every change is in its ledger, and which."""
    told = ledger.entries(found.registration)
    if not told:
        return []
    changes = tuple(f"{'; '.join(each.changes)} ({each.reason})" for each in told)
    if not ledger.chain_holds(found):
        text = "The ledger of amendments does not lead back to the registration of the opening."
        return [Gate("Amendments", GateState.failed, text, changes)]
    many = "once" if len(told) == 1 else f"{len(told)} times"
    text = f"The round was amended {many} while it was open, each time signed and with a reason."
    return [Gate("Amendments", GateState.passed, text, changes)]


def seal_gate(found: Round, pairs: Sequence[Pair]) -> Gate:
    """Whether the sides are those that were locked away before the first vote."""
    name = "Sides sealed"
    if found.state != "closed":
        return Gate(name, GateState.open, "The sides are published when the round closes.")
    if drawn_as_sealed(found, pairs):
        return Gate(name, GateState.passed, "The published seed gives the sides that were committed to at the opening.")
    return Gate(name, GateState.failed, "The sides do not match what was committed to when the round opened.")
