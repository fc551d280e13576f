"""What a blind round's votes say: scores in, an assessment out. Pure: no clock, no store, no page.

`assess` is the whole rule on votes. The server calls it with each prompt that is completed in their order and closes
the round once `stop_reason` is not empty; the decision page and `studio votes` call it to explain the result.
Evidence is always the value now, never the highest so far, so the order of completed prompts cannot matter.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from studio.records import Verdict
from studio.review.agreement import Agreement, Position, agreement, position
from studio.review.evidence import (
    BASE_EVIDENCE,
    CAP_P,
    GO_EVIDENCE,
    Interval,
    Projection,
    cap_test,
    confidence_sequence,
    e_holm,
    e_holm_thresholds,
    evidence_above,
    evidence_below,
    project,
    standard_error,
)
from studio.review.scoring import (
    Ballot,
    Guardrail,
    Registration,
    Scored,
    score,
)

FLOOR_COVERAGE = 0.80
"""The share of the completed prompts that need an answer to "could it ship?" before the floor is judged."""


class SliceState(enum.StrEnum):
    cleared = "cleared"
    regressed = "regressed"
    not_enough_votes = "not enough votes"


class FloorState(enum.StrEnum):
    """`missed`: even the upper bound is under the floor. `unchecked`: registered, but nobody was asked."""

    reached = "reached"
    missed = "missed"
    open = "open"
    unchecked = "unchecked"


@dataclass(frozen=True)
class SliceFinding:
    """One guardrail slice against one baseline. `shrunken`: theta drawn toward the round's, for display only.

    `e_cleared` is evidence that theta is above 1/2 - delta (20 clears), `e_regressed` that it is below 1/2
    (`regressed_at` and more is a regression). `theta` is None without prompts.
    """

    name: str
    n: int
    theta: float | None
    interval: Interval
    shrunken: float | None
    delta: float
    critical: bool
    e_cleared: float
    e_regressed: float
    regressed_at: float
    state: SliceState


@dataclass(frozen=True)
class Floor:
    """The share of the candidate's answers that reviewers would ship. Bounds are one-sided 95 %, anytime.

    `n` counts prompts on which somebody answered, of `completed`; `share` is None when n is 0. Whoever answers
    chooses on what: below `FLOOR_COVERAGE` the floor is neither reached nor missed.
    """

    registered: float
    n: int
    share: float | None
    low: float
    high: float
    state: FloorState
    completed: int

    @property
    def covered(self) -> bool:
        """Whether enough of the completed prompts have an answer to go by."""
        return self.n >= FLOOR_COVERAGE * self.completed


@dataclass(frozen=True)
class AgainstBaseline:
    """The candidate against one baseline. Shares are means over prompts; `interval` is anytime-valid, 95 %.

    `p_cap`: the test at the cap, None unless it was allowed and defined. `go`: evidence or that test.
    `no_go`: evidence reached `no_go_at` in the e-Holm order over all baselines. `labels`: see `PromptScore`.
    """

    baseline: str
    n: int
    votes: int
    theta: float | None
    interval: Interval
    se: float | None
    won: float
    tied: float
    lost: float
    both_bad: float
    e_go: float
    e_no_go: float
    no_go_at: float
    p_cap: float | None
    go: bool
    no_go: bool
    slices: tuple[SliceFinding, ...]
    scored: Scored

    @property
    def net_win(self) -> float:
        """Wins minus losses, as a share of votes averaged over prompts, -1 to 1."""
        return self.won - self.lost


@dataclass(frozen=True)
class Assessment:
    """Everything the votes say about one candidate. `done`: prompts completed against every baseline.

    `votes_alone`: the verdict if only votes mattered, before audits, independence and unchecked gates.
    """

    candidate: str
    theta_min: float
    against: tuple[AgainstBaseline, ...]
    floor: Floor | None
    done: int
    last: int | None
    excluded: int
    at_cap: bool
    scripted: bool
    agreement: Agreement
    position: Position
    votes_alone: Verdict

    @property
    def stopped_early(self) -> bool:
        """Whether the evidence decided before the cap, which makes theta optimistic after a go, pessimistic after a
        no-go."""
        return self.votes_alone in (Verdict.go, Verdict.no_go) and not self.at_cap

    @property
    def hardest(self) -> AgainstBaseline:
        """The baseline with the least evidence for the candidate."""
        return min(self.against, key=lambda a: a.e_go)


def assess(votes: Iterable[Ballot], registration: Registration) -> Assessment:
    """Apply the registered rule to the votes so far, given in order of arrival.

    Raises Refusal for votes that the registration does not know. A few milliseconds for a round of 200.
    """
    cast = tuple(votes)
    return judge(score(cast, registration), registration, cast)


def judge(scored: Sequence[Scored], registration: Registration, cast: Sequence[Ballot]) -> Assessment:
    """The rule of `assess` on prompts that are scored already; `cast` are the votes behind them, for diagnostics."""
    at_cap = all(s.at_cap for s in scored)
    e_no_go = [evidence_below(s.scores, registration.theta_min) for s in scored]
    thresholds, fallen = e_holm_thresholds(e_no_go), e_holm(e_no_go)
    against = tuple(
        _against(s, registration, at_cap, *evidence)
        for s, evidence in zip(scored, zip(e_no_go, thresholds, fallen, strict=True), strict=True)
    )
    floor = _floor(scored, registration)
    return Assessment(
        candidate=registration.candidate,
        theta_min=registration.theta_min,
        against=against,
        floor=floor,
        done=min(len(s.prompts) for s in scored),
        last=registration.last,
        excluded=max(len(s.excluded) for s in scored),
        at_cap=at_cap,
        scripted=any(v.scripted for v in cast),
        agreement=agreement([p.labels for s in scored for p in s.prompts if len(p.labels) > 1]),
        position=position_of(cast),
        votes_alone=votes_alone(against, floor, registration.theta_min, at_cap),
    )


def tested(assessments: Sequence[Assessment], finished: bool = False) -> tuple[Assessment, Verdict]:
    """Which candidate a round speaks of, and what its votes alone say.

    `assessments` in the registered cost order: each is tested only after the cheaper one failed, so the first
    that passes or is still undecided is the answer. When all failed, an inconclusive one comes before a no-go.
    `finished`: no more votes will come, so what is undecided stays so.
    """
    told = []
    for assessment in assessments:
        alone = assessment.votes_alone
        if finished and alone is Verdict.keep_collecting:
            alone = Verdict.inconclusive
        if alone in (Verdict.go, Verdict.keep_collecting):
            return assessment, alone
        told.append((assessment, alone))
    undecided = [pair for pair in told if pair[1] is Verdict.inconclusive]
    return undecided[0] if undecided else told[-1]


def stop_reason(assessments: Sequence[Assessment]) -> str:
    """Why the server closes the round now: "go", "no-go" or "cap"; empty while it stays open.

    `assessments` in the registered cost order. A go closes it once every cheaper candidate failed; without one it
    goes on until all are decided.
    """
    _, alone = tested(assessments)
    return {Verdict.go: "go", Verdict.no_go: "no-go", Verdict.inconclusive: "cap"}.get(alone, "")


def position_of(votes: Iterable[Ballot]) -> Position:
    """The side of the winners among decisive votes whose side was recorded."""
    return position(
        (v.choice.value == "a") == v.candidate_left
        for v in votes
        if v.choice.value in ("a", "b") and v.candidate_left is not None
    )


def slice_finding(scores: Sequence[float], guardrail: Guardrail, slices: int, shrunk: float | None) -> SliceFinding:
    """Judge one guardrail slice of `slices` registered ones from its prompt scores."""
    cleared, regressed = evidence_above(scores, 0.5 - guardrail.delta), evidence_below(scores, 0.5)
    return SliceFinding(
        name=guardrail.name,
        n=len(scores),
        theta=float(np.mean(scores)) if len(scores) else None,
        interval=confidence_sequence(scores),
        shrunken=shrunk,
        delta=guardrail.delta,
        critical=guardrail.critical,
        e_cleared=cleared,
        e_regressed=regressed,
        regressed_at=BASE_EVIDENCE * slices,
        state=slice_state(cleared, regressed, slices),
    )


def slice_state(cleared: float, regressed: float, slices: int) -> SliceState:
    """What the evidence on one of `slices` guardrail slices amounts to."""
    if regressed >= BASE_EVIDENCE * slices:
        return SliceState.regressed
    return SliceState.cleared if cleared >= BASE_EVIDENCE else SliceState.not_enough_votes


def shrunken(groups: Sequence[Sequence[float]]) -> tuple[float | None, ...]:
    """Each group's mean drawn toward the mean of all, the more the fewer scores it has (for display only).

    Normal-normal empirical Bayes with pooled variance and the method of moments; None when nothing was scored.
    """
    filled = [np.asarray(g, dtype=float) for g in groups if len(g)]
    if not filled:
        return (None,) * len(groups)
    everything = np.concatenate(filled)
    centre = float(everything.mean())
    freedom = len(everything) - len(filled)
    within = sum(float(((g - g.mean()) ** 2).sum()) for g in filled) / freedom if freedom > 0 else 0.25
    means = np.array([g.mean() for g in filled])
    noise = float(np.mean([within / len(g) for g in filled]))
    between = max(0.0, float(means.var(ddof=1)) - noise) if len(filled) > 1 else 0.0
    if between == 0.0:
        return (centre,) * len(groups)
    weights = [between / (between + within / len(g)) if len(g) else 0.0 for g in groups]
    return tuple(
        centre + w * (float(np.mean(g)) - centre) if len(g) else centre for w, g in zip(weights, groups, strict=True)
    )


def projected(assessment: Assessment) -> Projection:
    """How many prompts more the hardest baseline probably needs. Takes half a second: for closed rounds and tables."""
    scores = assessment.hardest.scored.scores
    return project(scores, assessment.theta_min, baselines=len(assessment.against))


def _against(
    scored: Scored, registration: Registration, at_cap: bool, e_no_go: float, no_go_at: float, no_go: bool
) -> AgainstBaseline:
    scores = scored.scores
    labels = [p.labels for p in scored.prompts]
    e_go = evidence_above(scores)
    p_cap = cap_test(scores) if at_cap and not registration.cap_amended else None
    by_slice = [[p.score for p in scored.prompts if p.slice == g.name] for g in registration.guardrails]
    findings = zip(by_slice, registration.guardrails, shrunken(by_slice), strict=True)
    return AgainstBaseline(
        baseline=scored.baseline,
        n=len(scores),
        votes=sum(len(row) for row in labels),
        theta=float(np.mean(scores)) if scores else None,
        interval=confidence_sequence(scores),
        se=standard_error(scores),
        won=_mean([row.count(1.0) / len(row) for row in labels]),
        tied=_mean([row.count(0.5) / len(row) for row in labels]),
        lost=_mean([row.count(0.0) / len(row) for row in labels]),
        both_bad=_mean([p.both_bad for p in scored.prompts]),
        e_go=e_go,
        e_no_go=e_no_go,
        no_go_at=no_go_at,
        p_cap=p_cap,
        go=is_go(e_go, p_cap),
        no_go=no_go,
        slices=tuple(slice_finding(x, g, len(registration.guardrails), s) for x, g, s in findings),
        scored=scored,
    )


def is_go(e_go: float, p_cap: float | None) -> bool:
    """Whether the evidence over a baseline is enough, or the test at the cap (None: not allowed, or undefined)."""
    return e_go >= GO_EVIDENCE or (p_cap is not None and p_cap <= CAP_P)


def _floor(scored: Sequence[Scored], registration: Registration) -> Floor | None:
    """Over the prompts completed against every baseline: the candidate's answer is the same in each pair."""
    if registration.floor is None:
        return None
    answers = [{p.prompt: p.shippable_a for p in s.prompts} for s in scored]
    complete = [p.id for p in registration.prompts if all(p.id in told for told in answers)]
    shares = []
    for prompt in complete:
        given = [share for told in answers if (share := told[prompt]) is not None]
        shares += [sum(given) / len(given)] if given else []
    return floor_of(shares, len(complete), registration.floor)


def floor_of(shares: Sequence[float], completed: int, registered: float) -> Floor:
    """The shippable floor from each answered prompt's share of yes, of so many completed prompts."""
    bounds = confidence_sequence(shares, sides=1)
    share = _mean(shares) if len(shares) else None
    state = FloorState.unchecked if completed and not len(shares) else FloorState.open
    found = Floor(registered, len(shares), share, bounds.low, bounds.high, state, completed)
    if not found.covered:
        return found
    if evidence_above(shares, registered) >= BASE_EVIDENCE:
        return replace(found, state=FloorState.reached)
    if evidence_below(shares, registered) >= BASE_EVIDENCE:
        return replace(found, state=FloorState.missed)
    return found


class SliceTold(Protocol):
    """What the verdict needs of a slice."""

    @property
    def state(self) -> SliceState: ...
    @property
    def critical(self) -> bool: ...


class BaselineTold(Protocol):
    """What the verdict needs of a baseline: see `AgainstBaseline`."""

    @property
    def theta(self) -> float | None: ...
    @property
    def go(self) -> bool: ...
    @property
    def no_go(self) -> bool: ...
    @property
    def slices(self) -> Sequence[SliceTold]: ...


def votes_alone(against: Sequence[BaselineTold], floor: Floor | None, theta_min: float, at_cap: bool) -> Verdict:
    """The verdict if only votes mattered, before audits, independence and unchecked gates."""
    findings = [f for a in against for f in a.slices]
    regressed = any(f.state is SliceState.regressed for f in findings)
    if regressed or any(a.no_go for a in against) or (floor and floor.state is FloorState.missed):
        return Verdict.no_go
    beaten = all(a.go and a.theta is not None and a.theta >= theta_min for a in against)
    cleared = all(f.state is SliceState.cleared for f in findings if f.critical)
    if beaten and cleared and (floor is None or floor.state is FloorState.reached):
        return Verdict.go
    return Verdict.inconclusive if at_cap else Verdict.keep_collecting


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else 0.0
