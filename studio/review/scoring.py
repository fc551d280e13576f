"""From votes to prompt scores, by the rules a round registered before its first vote."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.records import Choice, Pair, PairKind, Refusal, Vote, candidates_of

WORTH = {Choice.a: 1.0, Choice.b: 0.0, Choice.tie: 0.5, Choice.both_bad: 0.5}
"""What a vote adds to its prompt's score, seen from the candidate. A skip adds nothing."""


@dataclass(frozen=True)
class Guardrail:
    """A slice that must not get worse by more than `delta` (of theta, below 1/2); critical ones must be cleared."""

    name: str
    delta: float = 0.10
    critical: bool = False


@dataclass(frozen=True)
class PlannedPrompt:
    """A test prompt in a round and the number of votes it is to get."""

    id: str
    slice: str = ""
    votes: int = 1


@dataclass(frozen=True)
class Registration:
    """What a round froze about one candidate. `prompts` are in the registered order.

    `cap` counts prompts in that order, excluded ones included; None: no cap, so no test at the cap.
    `fixed_list`: there are no prompts beyond these, so their end is the cap if it comes earlier.
    `cap_amended`: the cap was changed after the first vote, which switches the test at the cap off.
    `floor` None: reviewers were not asked what could ship. Raises Refusal for a plan that cannot be judged.
    """

    candidate: str
    baselines: tuple[str, ...]
    prompts: tuple[PlannedPrompt, ...]
    cap: int | None = 200
    theta_min: float = 0.55
    floor: float | None = 0.60
    guardrails: tuple[Guardrail, ...] = ()
    cap_amended: bool = False
    fixed_list: bool = True

    def __post_init__(self) -> None:
        if not self.baselines or self.candidate in self.baselines:
            raise Refusal("A round needs at least one baseline that is not the candidate itself; nothing was judged.")
        if not 0.5 <= self.theta_min < 1:
            raise Refusal(f"The smallest win that matters must be from 0.5 to below 1, not {self.theta_min}.")
        if self.floor is not None and not 0 < self.floor < 1:
            raise Refusal(f"The shippable floor must lie between 0 and 1, not {self.floor}.")
        if any(not 0 < g.delta < 0.5 for g in self.guardrails):
            raise Refusal("A guardrail's delta must lie between 0 and 0.5; nothing was judged.")
        if self.cap is not None and self.cap < 1:
            raise Refusal(f"The cap must be at least one prompt, not {self.cap}.")
        _unrepeated("baseline", self.baselines)
        _unrepeated("prompt", [p.id for p in self.prompts])
        _unrepeated("guardrail slice", [g.name for g in self.guardrails])
        if any(p.votes < 1 for p in self.prompts):
            raise Refusal("Every prompt of a round needs at least one vote; nothing was judged.")

    @property
    def last(self) -> int | None:
        """How many prompts, in the registered order, the round may use; None without a cap."""
        if self.cap is None:
            return None
        return min(self.cap, len(self.prompts)) if self.fixed_list else self.cap


@dataclass(frozen=True)
class Ballot:
    """One vote with its identities: which prompt, against which baseline. `choice` is seen from the candidate.

    `candidate_left`: was the candidate shown on the left; None when not recorded. `shippable_a` is the
    candidate's side, `shippable_b` the baseline's; `length_a` and `length_b` likewise, of the answers shown, in
    characters, None when not recorded. Raises Refusal for a choice that is not one of `Choice`.
    """

    prompt: str
    baseline: str
    reviewer: str
    choice: Choice
    candidate_left: bool | None = None
    shippable_a: bool | None = None
    shippable_b: bool | None = None
    scripted: bool = False
    length_a: int | None = None
    length_b: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "choice", read_choice(self.choice))


@dataclass(frozen=True)
class PromptScore:
    """One completed prompt against one baseline. `labels`: each vote's worth (1, 1/2 or 0), in order of arrival.

    `score` is their mean. `shippable_a`, `shippable_b`: share of yes among those who answered, None if nobody did.
    """

    prompt: str
    slice: str
    score: float
    labels: tuple[float, ...]
    both_bad: float
    shippable_a: float | None
    shippable_b: float | None


@dataclass(frozen=True)
class Scored:
    """The evidence against one baseline: the unbroken run of completed prompts in the registered order.

    `excluded`: prompts that as many reviewers skipped as should have voted. `waiting`: completed prompts
    behind one that is not completed yet; they count once it is. `skipped`: votes that were skips.
    `surplus`: votes beyond a prompt's registered number, which do not count. `at_cap`: nothing more can come.
    """

    baseline: str
    prompts: tuple[PromptScore, ...]
    excluded: tuple[str, ...]
    waiting: int
    skipped: int
    surplus: int
    at_cap: bool

    @property
    def scores(self) -> tuple[float, ...]:
        return tuple(p.score for p in self.prompts)


def read_registrations(frozen: dict[str, Any]) -> tuple[Registration, ...]:
    """A round's frozen registration as the rule reads it, for each candidate in cost order. Raises Refusal for one that
    cannot be judged."""
    return tuple(
        Registration(
            candidate=each.arm,
            baselines=each.baselines,
            prompts=tuple(PlannedPrompt(p["id"], p["slice"], p["votes"]) for p in frozen["prompts"]),
            cap=frozen["cap"],
            theta_min=frozen["theta_min"],
            floor=frozen["floor"],
            guardrails=tuple(Guardrail(g["name"], g["delta"], g["critical"]) for g in frozen["guardrails"]),
            cap_amended=bool(frozen.get("cap_amended")),
        )
        for each in candidates_of(frozen)
    )


def read_choice(value: object) -> Choice:
    """A choice from its text. Raises Refusal for anything else: an unknown vote is never counted as a tie."""
    if isinstance(value, Choice):
        return value
    try:
        return Choice(str(value))
    except ValueError:
        known = ", ".join(Choice)
        raise Refusal(f"{value!r} is not a vote this studio knows ({known}); nothing was counted.") from None


Lengths = Mapping[str, tuple[int, int]]
"""Pair -> the characters of its left and of its right answer."""


def ballots(
    pairs: Iterable[Pair], votes: Iterable[Vote], candidate: str, lengths: Lengths | None = None
) -> tuple[Ballot, ...]:
    """The votes on the real pairs of one candidate with their identities, in the order of `votes`. `lengths`: of the
    answers, where the pairs come without their texts.

    Raises Refusal for a vote on an unknown pair.
    """
    known = {pair.id: pair for pair in pairs}
    joined = []
    for vote in votes:
        if vote.pair not in known:
            raise Refusal("A vote belongs to no pair of this round; nothing was counted.")
        pair = known[vote.pair]
        if pair.kind is not PairKind.real or pair.candidate != candidate:
            continue
        sizes = lengths[pair.id] if lengths else (len(pair.left), len(pair.right))
        ours, other = sizes if pair.candidate_left else sizes[::-1]
        joined.append(
            Ballot(
                prompt=pair.example,
                baseline=pair.baseline,
                reviewer=vote.reviewer,
                choice=vote.choice,
                candidate_left=pair.candidate_left,
                shippable_a=vote.shippable_a,
                shippable_b=vote.shippable_b,
                scripted=vote.scripted,
                length_a=ours,
                length_b=other,
            )
        )
    return tuple(joined)


def score(votes: Iterable[Ballot], registration: Registration) -> tuple[Scored, ...]:
    """The prompt scores against each registered baseline, in its order. `votes` in order of arrival.

    Raises Refusal for a prompt or baseline that is not registered and for a second vote by one reviewer.
    """
    by_pair: dict[tuple[str, str], list[Ballot]] = defaultdict(list)
    prompts, seen = {p.id for p in registration.prompts}, set()
    for vote in votes:
        if vote.prompt not in prompts or vote.baseline not in registration.baselines:
            raise Refusal("A vote names a prompt or a baseline that this round did not register; nothing was counted.")
        if (key := (vote.prompt, vote.baseline, vote.reviewer)) in seen:
            raise Refusal(f"{vote.reviewer!r} voted twice on prompt {vote.prompt!r}; nothing was counted.")
        seen.add(key)
        by_pair[vote.prompt, vote.baseline].append(vote)
    infer = any(v.shippable_a is not None for many in by_pair.values() for v in many)
    return tuple(_score_one(by_pair, registration, baseline, infer) for baseline in registration.baselines)


def _score_one(
    by_pair: dict[tuple[str, str], list[Ballot]], registration: Registration, baseline: str, infer: bool
) -> Scored:
    done: list[PromptScore] = []
    excluded: list[str] = []
    waiting = skipped = surplus = resolved = 0
    broken = False
    for planned in registration.prompts[: registration.last]:
        cast = by_pair.get((planned.id, baseline), [])
        skipped += sum(v.choice is Choice.skip for v in cast)
        counted = seated(cast, planned.votes)
        complete = counted is not None and len(counted) == planned.votes
        if counted is not None and complete:
            surplus += sum(v.choice is not Choice.skip for v in cast) - planned.votes
        if broken or not (complete or counted is None):
            broken = True
            waiting += complete
            continue
        resolved += 1
        if counted is None:
            excluded.append(planned.id)
        else:
            done.append(_prompt_score(planned, counted, infer))
    at_cap = registration.last is not None and resolved >= registration.last
    return Scored(baseline, tuple(done), tuple(excluded), waiting, skipped, surplus, at_cap)


def seated(cast: Sequence[Ballot], wanted: int) -> list[Ballot] | None:
    """The first `wanted` votes that are no skips; None when as many reviewers skipped before that."""
    counted: list[Ballot] = []
    skips = 0
    for vote in cast:
        if vote.choice is Choice.skip:
            skips += 1
        else:
            counted.append(vote)
        if len(counted) == wanted:
            return counted
        if skips == wanted:
            return None
    return counted


def _prompt_score(planned: PlannedPrompt, counted: Sequence[Ballot], infer: bool) -> PromptScore:
    labels = tuple(WORTH[v.choice] for v in counted)
    return PromptScore(
        prompt=planned.id,
        slice=planned.slice,
        score=sum(labels) / len(labels),
        labels=labels,
        both_bad=sum(v.choice is Choice.both_bad for v in counted) / len(counted),
        shippable_a=_share(ships(v.choice, v.shippable_a, infer) for v in counted),
        shippable_b=_share(ships(v.choice, v.shippable_b, infer) for v in counted),
    )


def ships(choice: Choice, answer: bool | None, infer: bool) -> bool | None:
    """Whether a side could ship: the answer given; "both bad" without one means no in a round that asked (`infer`)."""
    return False if answer is None and infer and choice is Choice.both_bad else answer


def _share(answers: Iterable[bool | None]) -> float | None:
    given = [a for a in answers if a is not None]
    return sum(given) / len(given) if given else None


def _unrepeated(what: str, names: Sequence[str]) -> None:
    if len(set(names)) < len(names):
        again = next(n for n in names if names.count(n) > 1)
        raise Refusal(f"The {what} {again!r} is registered twice; nothing was judged.")
