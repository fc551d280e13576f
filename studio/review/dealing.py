"""Which pairs wait for one reviewer, and how many votes each still needs. Pure: records in, an offer out.

A pair has as many seats as it is to get votes. A vote that is counted takes one; so does a screen that the pair is on
(`studio.review.desk`). Votes outside the count take none: such a reviewer may read every pair.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio.records import Choice, Pair, Round, Vote


@dataclass(frozen=True)
class Offer:
    """Pairs that this reviewer could be dealt, in the registered order.

    `seats`: pair -> votes it still needs, one or more; a pair that is missing there needs none and may be read all the
    same. `voters`: pair -> who voted on it, the reviewer's own votes left out as they are not offered again.
    """

    pairs: tuple[Pair, ...]
    seats: Mapping[str, int]
    voters: Mapping[str, frozenset[str]]


def offer(found: Round, pairs: Sequence[Pair], cast: Sequence[Vote], reviewer: str, *, counts: bool) -> Offer:
    """What waits for `reviewer`. `cast`: all votes of the round in order; `counts`: whether theirs will be counted."""
    mine = {vote.pair for vote in cast if vote.reviewer == reviewer}
    seats = _free(found, pairs, cast) if counts else {}
    voters: dict[str, set[str]] = defaultdict(set)
    for vote in cast:
        voters[vote.pair].add(vote.reviewer)
    waiting = [
        pair for pair in pairs
        if pair.id not in mine and (not counts or seats[pair.id] > 0) and is_for(found, pair, reviewer)
    ]  # fmt: skip
    return Offer(tuple(waiting), seats, {pair: frozenset(who) for pair, who in voters.items()})


def is_for(found: Round, pair: Pair, reviewer: str) -> bool:
    """Whether this reviewer may be asked about this pair: some slices ask for somebody who knows the field."""
    experts = found.registration.get("experts", {}).get(pair.slice)
    return experts is None or reviewer in experts


def counted(found: Round, cast: Sequence[Vote]) -> list[Vote]:
    """The votes that the rule sees: in a practice round all, else only the independent ones."""
    return [v for v in cast if found.registration["practice"] or not v.conflict]


def wanted(found: Round, pair: Pair) -> int:
    """How many votes the pair is to get."""
    return next(int(p["votes"]) for p in found.registration["prompts"] if p["id"] == pair.example)


def is_surplus(found: Round, pair: Pair, cast: Sequence[Vote], reviewer: str) -> bool:
    """Whether the reviewer's vote on the pair came after it had all of its votes; the rule leaves such a vote out."""
    seen = counted(found, [v for v in cast if v.pair == pair.id])
    at = next((n for n, v in enumerate(seen) if v.reviewer == reviewer), None)
    return at is not None and not _needs(wanted(found, pair), seen[:at])


def _free(found: Round, pairs: Sequence[Pair], cast: Sequence[Vote]) -> dict[str, int]:
    by_pair: dict[str, list[Vote]] = defaultdict(list)
    for vote in counted(found, cast):
        by_pair[vote.pair].append(vote)
    planned = {p["id"]: int(p["votes"]) for p in found.registration["prompts"]}
    return {pair.id: _needs(planned[pair.example], by_pair[pair.id]) for pair in pairs}


def _needs(votes: int, cast: Sequence[Vote]) -> int:
    """How many votes a pair still needs: none once it has them, or once as many reviewers skipped it."""
    seen = Counter(vote.choice is Choice.skip for vote in cast)
    return 0 if seen[True] >= votes else max(0, votes - seen[False])
