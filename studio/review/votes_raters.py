"""How reliable the reviewers of a votes table were: its gold, repeat and sentinel rows as a round's pairs. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from studio.records import Choice, Pair, PairKind, Refusal, Vote
from studio.review.gold import GoldRule
from studio.review.raters import Reliability, reliability
from studio.review.votes_table import TableVote

_SWAPPED = {Choice.a: Choice.b, Choice.b: Choice.a}


def table_raters(votes: Sequence[TableVote], gold_right: int = 0) -> Reliability:
    """The reviewers by the table's rows that are no evidence. `gold_right`: who can no longer get so many of the gold
    pairs right is excluded; 0 excludes nobody. Raises Refusal when there are fewer gold pairs than that."""
    pairs = {_id(vote, vote.kind): _pair(vote) for vote in votes}
    gold = sum(pair.kind is PairKind.gold for pair in pairs.values())
    if not 0 <= gold_right <= gold:
        raise Refusal(f"The table has {gold} gold pairs, so nobody can get {gold_right} right. No vote was counted.")
    cast = [Vote(_id(vote, vote.kind), vote.ballot.reviewer, _seen_from_gold(vote)) for vote in votes]
    return reliability(list(pairs.values()), cast, GoldRule(gold, gold_right) if gold_right else GoldRule())


def _id(vote: TableVote, kind: PairKind) -> str:
    return "\n".join((kind.value, vote.ballot.prompt, *vote.pair))


def _pair(vote: TableVote) -> Pair:
    return Pair(
        _id(vote, vote.kind), "", 0, vote.ballot.prompt, vote.slice, "", "", "", vote.ballot.baseline,
        bool(vote.ballot.candidate_left), candidate=vote.candidate, kind=vote.kind,
        of=_id(vote, PairKind.real) if vote.kind is PairKind.repeat else "",
    )  # fmt: skip


def _seen_from_gold(vote: TableVote) -> Choice:
    """In a round `a` is the side of a gold pair that must win; in a table either may be."""
    chosen = vote.ballot.choice
    return _SWAPPED.get(chosen, chosen) if vote.gold == vote.ballot.baseline else chosen
