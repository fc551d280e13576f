"""After a round: what people preferred and why, from the reasons that they gave. Pure: pairs and votes in, figures out.

It tells what was said. The verdict rests on the votes alone, and reasons are given by those who wish to.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from studio.records import Choice, Pair, PairKind, Vote
from studio.review.agreement import even_chance, wilson
from studio.review.evidence import Interval, benjamini_hochberg
from studio.wording import between, several

WRONG_FINDS = 0.10
"""Of the reasons that are said to stand out, at most about this share does so by luck."""

_SIDES = (Choice.a, Choice.b)


@dataclass(frozen=True)
class Reason:
    """One criterion as a reason. Votes that named it: `for_candidate` and `for_baseline` preferred that arm, `neither`
    saw no difference or found both bad. By prompt: of those on which a vote named it and preferred an answer, `won`
    went on balance to the candidate and `lost` to the baseline. `p`: exact, two-sided, against one half; adjusted over
    all reasons (Benjamini and Hochberg 1995); None where no prompt went either way.
    """

    criterion: str
    for_candidate: int
    for_baseline: int
    neither: int
    won: int
    lost: int
    p: float | None = None

    @property
    def named(self) -> int:
        return self.for_candidate + self.for_baseline + self.neither

    @property
    def interval(self) -> Interval:
        """Of the share of prompts that went to the candidate, 95 % (Wilson)."""
        return wilson(self.won, self.won + self.lost)

    @property
    def stands_out(self) -> bool:
        return self.p is not None and self.p <= WRONG_FINDS


@dataclass(frozen=True)
class Said:
    """What one reviewer wrote beside a vote: `text`, a note or a better answer, and the `choice` it went with."""

    pair: Pair
    reviewer: str
    choice: Choice
    text: str


@dataclass(frozen=True)
class Account:
    """The votes on one candidate against one baseline and what was said with them, skips left out.

    `preferred` and `explained`: votes for the candidate and for the baseline, and how many of them named a reason;
    `neither` the other votes. `reasons` that were named, the most frequent first; `notes` and `better` answers in the
    order they were given.
    """

    candidate: str
    baseline: str
    preferred: tuple[int, int]
    neither: int
    explained: tuple[int, int]
    reasons: tuple[Reason, ...]
    notes: tuple[Said, ...]
    better: tuple[Said, ...]

    @property
    def votes(self) -> int:
        return sum(self.preferred) + self.neither

    def sentence(self, names: Mapping[str, str]) -> str:
        """What people said most often, for anybody. `names`: arm -> what it is called."""
        gave = sum(self.explained)
        if not gave:
            return f"Nobody said why: none of {several(self.votes, 'vote')} names a reason. Reviewers may leave it out."
        parts = [
            f"for {names[arm]} most often {_most(self.reasons, side)} (of {several(count, 'vote')} with a reason)"
            for side, (arm, count) in enumerate(zip((self.candidate, self.baseline), self.explained, strict=True))
            if count
        ]
        return (
            f"{gave:,} of {several(sum(self.preferred), 'vote')} that preferred an answer say why: {'; '.join(parts)}."
        )

    def found(self, names: Mapping[str, str]) -> tuple[str, ...]:
        """A sentence for each reason that went to one arm more often than luck would have it."""
        return tuple(_found(each, names[self.candidate], names[self.baseline])
                     for each in self.reasons if each.stands_out)  # fmt: skip


def accounts(pairs: Iterable[Pair], votes: Iterable[Vote]) -> tuple[Account, ...]:
    """One for each candidate and baseline, in the order of `pairs`. Of real pairs only; `votes` are those that count,
    in the order they were cast. A vote on a pair that is not among `pairs` is left out.
    """
    known = {pair.id: pair for pair in pairs if pair.kind is PairKind.real}
    cast: dict[tuple[str, str], list[tuple[Pair, Vote]]] = {
        (pair.candidate, pair.baseline): [] for pair in known.values()
    }
    for vote in votes:
        pair = known.get(vote.pair)
        if pair is not None and vote.choice is not Choice.skip:
            cast[pair.candidate, pair.baseline].append((pair, vote))
    return tuple(_account(*arms, own) for arms, own in cast.items())


def by_slice(pairs: Sequence[Pair], votes: Sequence[Vote]) -> dict[str, tuple[Account, ...]]:
    """Slice -> its accounts, in the order of their names; prompts of no slice are left out."""
    kinds = {pair.id: pair.slice for pair in pairs}
    asked, cast = defaultdict[str, list[Pair]](list), defaultdict[str, list[Vote]](list)
    for pair in pairs:
        asked[pair.slice].append(pair)
    for vote in votes:
        cast[kinds.get(vote.pair, "")].append(vote)
    return {name: accounts(asked[name], cast[name]) for name in sorted(asked) if name}


def _account(candidate: str, baseline: str, cast: Sequence[tuple[Pair, Vote]]) -> Account:
    chose = Counter(vote.choice for _, vote in cast)
    why = Counter(vote.choice for _, vote in cast if vote.reasons)
    return Account(
        candidate, baseline, (chose[Choice.a], chose[Choice.b]), chose[Choice.tie] + chose[Choice.both_bad],
        (why[Choice.a], why[Choice.b]), _reasons(cast),
        tuple(Said(pair, v.reviewer, v.choice, v.note) for pair, v in cast if v.note),
        tuple(Said(pair, v.reviewer, v.choice, v.better) for pair, v in cast if v.better),
    )  # fmt: skip


def balances(cast: Sequence[tuple[Pair, Vote]], reason: str) -> dict[str, int]:
    """Prompt -> votes for the candidate less those for the baseline, of the votes that named the reason."""
    found: Counter[str] = Counter()
    for pair, vote in cast:
        if reason in vote.reasons:
            found[pair.example] += {Choice.a: 1, Choice.b: -1}.get(vote.choice, 0)
    return dict(found)


def _reasons(cast: Sequence[tuple[Pair, Vote]]) -> tuple[Reason, ...]:
    votes: dict[str, Counter[Choice]] = defaultdict(Counter)
    for _, vote in cast:
        for name in vote.reasons:
            votes[name][vote.choice] += 1
    told = []
    for name, chose in votes.items():
        balance = balances(cast, name)
        won, lost = (sum(sign * each > 0 for each in balance.values()) for sign in (1, -1))
        neither = chose[Choice.tie] + chose[Choice.both_bad]
        p = even_chance(won, won + lost) if won + lost else None
        told.append(Reason(name, chose[Choice.a], chose[Choice.b], neither, won, lost, p))
    return tuple(sorted(_adjusted(told), key=lambda each: (-each.named, each.criterion)))


def _adjusted(told: Sequence[Reason]) -> list[Reason]:
    tested = [each for each in told if each.p is not None]
    adjusted = benjamini_hochberg([each.p for each in tested if each.p is not None])
    by_name = dict(zip([each.criterion for each in tested], adjusted, strict=True))
    return [replace(each, p=by_name.get(each.criterion)) for each in told]


def _most(reasons: Sequence[Reason], side: int, count: int = 2) -> str:
    """The reasons named most often for one side, with how often."""
    named = [(each.for_baseline if side else each.for_candidate, each.criterion) for each in reasons]
    first = sorted((each for each in named if each[0]), key=lambda each: (-each[0], each[1]))[:count]
    return " and ".join(f"“{name}” ({times:,})" for times, name in first)


def _found(each: Reason, candidate: str, baseline: str) -> str:
    arm, times = (candidate, each.won) if each.won > each.lost else (baseline, each.lost)
    interval = each.interval if each.won > each.lost else wilson(each.lost, each.won + each.lost)
    return (
        f"“{each.criterion}” spoke for {arm} on {times:,} of the {several(each.won + each.lost, 'prompt')} where it "
        f"was the reason for a choice (95 % interval {between((interval.low, interval.high))}): "
        "more than luck."
    )
