"""Which pairs wait for one reviewer, and how many votes each still needs. Pure: records in, an offer out.

A pair has as many seats as it is to get votes. A vote that is counted takes one; so does a screen that the pair is on
(`studio.review.desk`). Votes outside the count take none: such a reviewer may read every pair.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from studio.records import Choice, Pair, PairKind, Round, Verdict, Vote
from studio.review.assessment import Assessment, assess
from studio.review.gold import excluded, rule_of
from studio.review.scoring import ballots, read_registrations

REPEATED_AFTER = 8
"""How many pairs of their own lie at least between a reviewer's vote and the same pair once more."""
FOR_EVERYBODY = (PairKind.gold, PairKind.sentinel)
"""Kinds of pairs that every reviewer is to read."""
SPACED = 4
"""How many ordinary pairs lie between two that are no evidence, while there are ordinary ones."""


@dataclass(frozen=True)
class Offer:
    """Pairs that this reviewer could be dealt, the next one first.

    `seats`: pair -> votes it still needs; a pair that is missing there may be read by any number.
    `voters`: pair -> who voted on it.
    """

    pairs: tuple[Pair, ...]
    seats: Mapping[str, int]
    voters: Mapping[str, Set[str]]


def offer(
    found: Round, pairs: Sequence[Pair], cast: Sequence[Vote], reviewer: str, *, counts: bool,
    decided: frozenset[str] = frozenset(),
) -> Offer:  # fmt: skip
    """What waits for `reviewer`, in the registered order. `cast`: all votes of the round in order; `counts`: whether
    theirs will be counted; `decided`: candidates that need no more votes.

    Gold and sentinels are for everybody. A repeat is for one who voted on the first, `REPEATED_AFTER` pairs of their
    own later. What is no evidence comes `SPACED` ordinary pairs apart at least, so that nobody who joins late meets a
    row of it.
    """
    mine = [vote for vote in cast if vote.reviewer == reviewer]
    seats = _free(found, pairs, cast) if counts else {}
    voted, ready = {vote.pair for vote in mine}, _to_repeat(mine)
    waiting = [
        pair for pair in _asked(found, pairs, decided)
        if pair.id not in voted and seats.get(pair.id, 1) > 0 and is_for(found, pair, reviewer)
        and (pair.kind is not PairKind.repeat or pair.of in ready)
    ]  # fmt: skip
    beside = {pair.id for pair in pairs if pair.kind is not PairKind.real}
    if beside and (len(mine) < SPACED or any(vote.pair in beside for vote in mine[-SPACED:])):
        waiting.sort(key=lambda pair: pair.id in beside)
    voters: dict[str, set[str]] = defaultdict(set)
    for vote in cast:
        voters[vote.pair].add(vote.reviewer)
    return Offer(tuple(waiting), seats, voters)


def _to_repeat(mine: Sequence[Vote]) -> set[str]:
    """Pairs that this reviewer judged long enough ago."""
    return {vote.pair for vote in mine[: max(0, len(mine) - REPEATED_AFTER)] if vote.choice is not Choice.skip}


def is_for(found: Round, pair: Pair, reviewer: str) -> bool:
    """Whether this reviewer may be asked about this pair: some slices ask for somebody who knows the field."""
    experts = found.registration.get("experts", {}).get(pair.slice)
    return experts is None or reviewer in experts


def counted(found: Round, pairs: Sequence[Pair], cast: Sequence[Vote]) -> list[Vote]:
    """The votes that the rule sees: in a practice round all, else only the independent ones; and none of somebody
    whom the registered rule on gold takes out."""
    gone = excluded(pairs, cast, rule_of(found.registration))
    return [v for v in cast if (found.registration["practice"] or not v.conflict) and v.reviewer not in gone]


def assessed(found: Round, pairs: Sequence[Pair], cast: Sequence[Vote]) -> tuple[Assessment, ...]:
    """What the counted votes say by the registered rule, for each candidate in cost order. A few milliseconds each."""
    seen = counted(found, pairs, cast)
    return tuple(assess(ballots(pairs, seen, each.candidate), each) for each in read_registrations(found.registration))


def completes_nothing(
    found: Round, pairs: Sequence[Pair], told: Sequence[Assessment], before: Sequence[Vote], news: Sequence[Vote]
) -> bool:
    """Whether the votes `news`, cast after those of `before`, leave the rule as it was: for each candidate of `told` it
    would read the same prompts with the same scores, and so decide the same.

    It reads the unbroken run of completed prompts in the registered order. Only a vote after which the prompt behind
    that run needs no more makes it longer; besides, a gold pair can take a reviewer out of the count, and the first
    answer to "could it ship?" changes what both bad says.
    """
    cast, rule = (*before, *news), rule_of(found.registration)
    if excluded(pairs, before, rule) != excluded(pairs, cast, rule):
        return False
    known, seen, nexts = {pair.id: pair for pair in pairs}, counted(found, pairs, cast), _read_next(found, told)
    asked = {known[vote.pair].candidate for vote in counted(found, pairs, before) if _answers(vote, known[vote.pair])}
    for vote in news:
        pair = known[vote.pair]
        if _answers(vote, pair) and pair.candidate not in asked:
            return False
        if pair.kind is PairKind.real and pair.example == nexts.get((pair.candidate, pair.baseline)):
            votes = wanted(found, pair)
            if votes is None or not _needs(votes, *_given([each for each in seen if each.pair == pair.id])):
                return False
    return True


def _answers(vote: Vote, pair: Pair) -> bool:
    """Whether the vote says, as evidence, if the candidate's answer could be sent."""
    return pair.kind is PairKind.real and vote.shippable_a is not None


def _read_next(found: Round, told: Sequence[Assessment]) -> dict[tuple[str, str], str]:
    """(candidate, baseline) -> the prompt behind the run that the rule has read; none at the cap."""
    prompts = found.registration["prompts"][: found.registration["cap"]]
    runs = {(each.candidate, a.baseline): a.scored for each in told for a in each.against}
    at = {key: len(scored.prompts) + len(scored.excluded) for key, scored in runs.items()}
    return {key: prompts[n]["id"] for key, n in at.items() if n < len(prompts)}


def completed(told: Sequence[Assessment]) -> int:
    """How many prompts have all of their votes, for every candidate that is not decided yet."""
    gone = decided(told)
    return min([each.done for each in told if each.candidate not in gone] or [each.done for each in told])


def through(told: Sequence[Assessment]) -> int:
    """How many prompts need no more votes for any candidate that is not decided yet: completed, or skipped for good."""
    gone = decided(told)
    runs = [min(len(a.scored.prompts) + len(a.scored.excluded) for a in each.against)
            for each in told if each.candidate not in gone] or [0]  # fmt: skip
    return min(runs)


def decided(told: Sequence[Assessment]) -> frozenset[str]:
    """Candidates that need no more votes while the round goes on for another; none where there is only one."""
    if len(told) == 1:
        return frozenset()
    return frozenset(each.candidate for each in told if each.votes_alone is not Verdict.keep_collecting)


def _asked(found: Round, pairs: Sequence[Pair], decided: frozenset[str]) -> list[Pair]:
    """The pairs that the round is about now: of prompts under its cap, and of candidates that are not decided yet."""
    prompts = {p["id"] for p in found.registration["prompts"][: found.registration["cap"]]}
    return [
        pair for pair in pairs
        if pair.kind in FOR_EVERYBODY or (pair.example in prompts and pair.candidate not in decided)
    ]  # fmt: skip


def wanted(found: Round, pair: Pair) -> int | None:
    """How many votes the pair is to get; None for one that everybody is to read."""
    return _wanted({p["id"]: int(p["votes"]) for p in found.registration["prompts"]}, pair)


def _wanted(planned: Mapping[str, int], pair: Pair) -> int | None:
    if pair.kind in FOR_EVERYBODY:
        return None
    return planned[pair.example] if pair.kind is PairKind.real else 1


def is_surplus(found: Round, pairs: Sequence[Pair], pair: Pair, cast: Sequence[Vote], reviewer: str) -> bool:
    """Whether the reviewer's vote on the pair came after it had all of its votes; the rule leaves such a vote out."""
    seen = [v for v in counted(found, pairs, cast) if v.pair == pair.id]
    at = next((n for n, v in enumerate(seen) if v.reviewer == reviewer), None)
    votes = wanted(found, pair)
    return at is not None and votes is not None and not _needs(votes, *_given(seen[:at]))


def _free(found: Round, pairs: Sequence[Pair], cast: Sequence[Vote]) -> dict[str, int]:
    given, skips = Counter[str](), Counter[str]()
    for vote in counted(found, pairs, cast):
        (skips if vote.choice is Choice.skip else given)[vote.pair] += 1
    planned = {p["id"]: int(p["votes"]) for p in found.registration["prompts"]}
    needed = {pair.id: _wanted(planned, pair) for pair in pairs}
    return {name: _needs(votes, given[name], skips[name]) for name, votes in needed.items() if votes is not None}


def _given(cast: Sequence[Vote]) -> tuple[int, int]:
    """How many of the votes are for an answer or a tie, and how many skip."""
    skips = sum(vote.choice is Choice.skip for vote in cast)
    return len(cast) - skips, skips


def _needs(votes: int, given: int, skips: int) -> int:
    """How many votes a pair still needs: none once it has them, or once as many reviewers skipped it."""
    return 0 if skips >= votes else max(0, votes - given)
