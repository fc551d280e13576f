"""How far the votes on one candidate can be trusted: every diagnostic in one place. Shown, never a reason. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from studio.records import Verdict
from studio.review.agreement import Agreement, Position
from studio.review.assessment import Assessment
from studio.review.assignment import Assignment, assignment
from studio.review.scoring import Ballot
from studio.review.sensitivity import (
    ExitGuess,
    LeaveOneOut,
    LengthAdjusted,
    TwoWay,
    leave_one_out,
    length_adjusted,
    two_way,
)


@dataclass(frozen=True)
class Robustness:
    """Against one baseline: what length had to do with it, how sure the figure is, and who carries it."""

    baseline: str
    length: LengthAdjusted
    errors: TwoWay
    reviewers: LeaveOneOut


@dataclass(frozen=True)
class Diagnostics:
    """Of one candidate. `against`: one for each baseline, in the registered order. `guess` None: nobody was asked."""

    agreement: Agreement
    position: Position
    assignment: Assignment
    against: tuple[Robustness, ...]
    guess: ExitGuess | None = None

    @property
    def length_dependent(self) -> str:
        """A sentence when a preference is not there any more, beyond doubt, at equal length; "" when each is."""
        return next((each.length.sentence for each in self.against if each.length.survives is False), "")


def diagnose(
    assessed: Assessment, votes: Sequence[Ballot], guess: ExitGuess | None = None, *, even: bool = True
) -> Diagnostics:
    """Everything about the votes behind an assessment. The prompts are those that the assessment counts.

    `even`: whether as many pairs were to be dealt against each baseline, which is then audited, too.
    """
    baselines = tuple(a.baseline for a in assessed.against)
    return Diagnostics(
        agreement=assessed.agreement,
        position=assessed.position,
        assignment=assignment(votes, baselines if even else ()),
        against=tuple(_against(a.baseline, {p.prompt for p in a.scored.prompts}, votes) for a in assessed.against),
        guess=guess,
    )


def verdict_in_words(verdict: Verdict, length_dependent: bool) -> str:
    """The verdict as it is said: a go that may rest on length is "go, length-dependent". It stays a go."""
    said = verdict.value.replace("_", " ").lower()
    return f"{said}, length-dependent" if verdict is Verdict.go and length_dependent else said


def _against(baseline: str, prompts: set[str], votes: Sequence[Ballot]) -> Robustness:
    own = [v for v in votes if v.baseline == baseline and v.prompt in prompts]
    return Robustness(baseline, length_adjusted(own), two_way(own), leave_one_out(own))
