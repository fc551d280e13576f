"""Who voted in a closed round, one by one: how much, how fast, how consistently, and whether it counts. Pure.

None of it takes anybody out of the count: only the registered rule on gold pairs and independence do. With few pairs a
figure says little, which its interval shows.
"""

from __future__ import annotations

import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from studio.records import Choice, Pair, PairKind, Round, Vote
from studio.review.agreement import even_chance, wilson
from studio.review.dealing import counted
from studio.review.evidence import Interval
from studio.review.gold import excluded, rule_of
from studio.review.raters import Rater, Tally, reliability
from studio.review.scoring import WORTH
from studio.wording import percent, several

LEANS = 0.01
"""At this p value or below somebody is said to lean to one side."""
HASTY = 0.5
"""Whoever takes less than this part of the others' usual time is said to be quick."""
FEWEST = 10
"""Pairs below which nothing is said of one reviewer's agreement or pace."""


@dataclass(frozen=True)
class Agreed:
    """On the `n` pairs that others voted on, too: the mean share of them that said the same, None without any. The 95 %
    interval (Wilson) takes each pair as one."""

    share: float | None
    n: int

    @property
    def interval(self) -> Interval:
        return wilson((self.share or 0.0) * self.n, self.n)


@dataclass(frozen=True)
class Voter:
    """One person's votes. `votes` on real pairs, `skips` among them; `seconds` a vote (median time on screen), None
    where it was not kept. `left`: how often the left answer won, of those that preferred one. `checks`: gold pairs,
    repeats and pairs of one arm. `outside`: why their votes stay outside the count, "" for those who count."""

    reviewer: str
    votes: int
    skips: int
    seconds: float | None
    agreed: Agreed
    left: Tally
    checks: Rater
    outside: str

    @property
    def leans(self) -> bool:
        """Whether one side won more often than chance lets it."""
        return even_chance(self.left.right, self.left.n) <= LEANS


@dataclass(frozen=True)
class Voters:
    """Everybody who voted, most votes first."""

    each: tuple[Voter, ...]

    @property
    def sentence(self) -> str:
        """Who there is and who counts."""
        inside = [voter for voter in self.each if not voter.outside]
        if not self.each:
            return "Nobody voted."
        total, mine = sum(v.votes for v in self.each), sum(v.votes for v in inside)
        people = several(len(self.each), "person", "people")
        if len(inside) == len(self.each):
            return f"{people} cast {several(total, 'vote')}, and all of them count."
        return (
            f"{people} cast {several(total, 'vote')}; the {mine:,} of {several(len(inside), 'person', 'people')} count."
        )

    def remarks(self) -> tuple[tuple[str, str], ...]:
        """(reviewer, what stands out), to read before their figures: whose agreement lies wholly under the others',
        who leans to a side, who is much quicker."""
        return tuple((voter.reviewer, told) for voter in self.each for told in self._remarks(voter))

    def _remarks(self, voter: Voter) -> list[str]:
        rest = [other for other in self.each if other is not voter and not other.outside]
        told = []
        usual = _mean([other.agreed for other in rest])
        share = voter.agreed.share
        if share is not None and usual is not None and voter.agreed.n >= FEWEST and voter.agreed.interval.high < usual:
            told.append(
                f"agrees with the others on {percent(share)} of {several(voter.agreed.n, 'pair')}; for the others that "
                f"is {percent(usual)}"
            )
        if voter.leans:
            told.append(
                f"chose the left answer in {voter.left.right:,} of {several(voter.left.n, 'choice')}, more than chance"
                if 2 * voter.left.right > voter.left.n
                else f"chose the left answer in only {voter.left.right:,} of {several(voter.left.n, 'choice')}"
            )
        pace = [other.seconds for other in rest if other.seconds is not None]
        if voter.seconds is not None and pace and voter.votes >= FEWEST:
            others = statistics.median(pace)
            if voter.seconds < HASTY * others:
                told.append(f"took {voter.seconds:.0f} s a pair, the others {others:.0f} s")
        return told


def voters(found: Round, pairs: Sequence[Pair], votes: Sequence[Vote]) -> Voters:
    """From a closed round's pairs and all votes on them. Agreement is among the votes that count and, for somebody
    outside, between theirs and those; a tie and both bad are the same answer, and a skip is none."""
    real = {pair.id: pair for pair in pairs if pair.kind is PairKind.real}
    inside = {(vote.pair, vote.reviewer) for vote in counted(found, pairs, votes)}
    gone = excluded(pairs, votes, rule_of(found.registration))
    checks = {rater.reviewer: rater for rater in reliability(pairs, votes, rule_of(found.registration)).raters}
    by_pair: dict[str, list[Vote]] = defaultdict(list)
    own: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        if vote.pair not in real:
            own.setdefault(vote.reviewer, [])
            continue
        own[vote.reviewer].append(vote)
        if (vote.pair, vote.reviewer) in inside and vote.choice is not Choice.skip:
            by_pair[vote.pair].append(vote)
    none = Tally(0, 0)
    told = [
        Voter(
            who, len(mine), sum(vote.choice is Choice.skip for vote in mine), _pace(mine), _agreed(mine, by_pair),
            _left(mine, real), checks.get(who, Rater(who, none, none, none, who in gone)),
            "by the rule on gold pairs" if who in gone else _conflict(mine, inside),
        )
        for who, mine in own.items()
    ]  # fmt: skip
    return Voters(tuple(sorted(told, key=lambda voter: (-voter.votes, voter.reviewer))))


def _conflict(mine: Sequence[Vote], inside: set[tuple[str, str]]) -> str:
    """Why none of somebody's votes counts; of one who was in conflict from some vote on the earlier ones do."""
    kept = any((vote.pair, vote.reviewer) in inside for vote in mine)
    return "" if kept else next((vote.conflict for vote in mine if vote.conflict), "")


def _pace(mine: Sequence[Vote]) -> float | None:
    times = [vote.seconds for vote in mine if vote.seconds is not None]
    return statistics.median(times) if times else None


def _agreed(mine: Sequence[Vote], by_pair: dict[str, list[Vote]]) -> Agreed:
    shares = []
    for vote in mine:
        others = [other for other in by_pair.get(vote.pair, ()) if other.reviewer != vote.reviewer]
        if others and vote.choice is not Choice.skip:
            shares.append(sum(WORTH[other.choice] == WORTH[vote.choice] for other in others) / len(others))
    return Agreed(sum(shares) / len(shares) if shares else None, len(shares))


def _left(mine: Sequence[Vote], real: dict[str, Pair]) -> Tally:
    chose = [vote for vote in mine if vote.choice in (Choice.a, Choice.b)]
    return Tally(sum((vote.choice is Choice.a) == real[vote.pair].candidate_left for vote in chose), len(chose))


def _mean(found: Sequence[Agreed]) -> float | None:
    """Over all pairs of these voters."""
    told = [(each.share, each.n) for each in found if each.share is not None]
    return sum(share * n for share, n in told) / sum(n for _, n in told) if told else None
