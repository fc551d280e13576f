"""What a figure is, what it rests on, and what all of a round's figures are made from. Pure."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from studio import beside_votes, checked, returns
from studio.judgement import Judgement
from studio.records import Pair, Round, Vote
from studio.review.reveal import Account
from studio.review.stability import Stability
from studio.review.voters import Voters
from studio.store.guesses import Guess
from studio.tradeoff import Tradeoff


class Basis(enum.StrEnum):
    """Which votes a figure is made from; those that the rule counts, unless said otherwise.

    `scored`: the registered number of votes on each completed prompt, against one baseline. `double`: those of prompts
    with two or more. `shippable`: those that say whether the candidate's answer could ship, on prompts completed
    against every baseline. `cast`: all on completed prompts, late ones too. `without`: these, but for one reviewer's.
    `decisive`: all that preferred a side. `dealt`: all, skips included. `passed_over`: skips of the prompts that left
    the round by them. `preferred` and `neither`: all that chose an arm, and that did not. `explained`: votes for one
    arm that say why. `reason`: votes that name one reason. `reason_went`: those that name it and chose an arm, on
    prompts where they do not balance. `gold`, `repeat`, `sentinel`: of everybody, on pairs that are no evidence.
    `skips`, `outside`, `left`: of everybody, votes that were skips, were not independent, or left the count by the rule
    on gold. `guesses`: answers to the exit question that can be right or wrong. `answers`: no votes, but what a
    candidate answered to the test prompts, as one gate looked at it. `rule`: the same, as one of the brief's checks
    looked at it; `priced`: their prices. `measured`: one arm's answers, each with the share of the rules that it keeps,
    its price, word pieces or seconds. `ranked`: as `scored`, of all pairs in which an arm stands. `reread`: as
    `scored`, but for one reviewer's, one slice's, or those of people in conflict. `wider`: as `scored`, with those
    outside the count on these prompts. `voter`: all of one reviewer's on real pairs; of these `voter_skips` skips,
    `voter_agreed` those on pairs that others voted on, `voter_left` those that preferred a side, `voter_timed` those
    with a time.
    """

    scored = "scored"
    double = "double"
    shippable = "shippable"
    cast = "cast"
    without = "without"
    decisive = "decisive"
    dealt = "dealt"
    passed_over = "passed_over"
    preferred = "preferred"
    neither = "neither"
    explained = "explained"
    reason = "reason"
    reason_went = "reason_went"
    gold = "gold"
    repeat = "repeat"
    sentinel = "sentinel"
    skips = "skips"
    outside = "outside"
    left = "left"
    guesses = "guesses"
    answers = "answers"
    rule = "rule"
    priced = "priced"
    measured = "measured"
    ranked = "ranked"
    reread = "reread"
    wider = "wider"
    voter = "voter"
    voter_skips = "voter_skips"
    voter_agreed = "voter_agreed"
    voter_left = "voter_left"
    voter_timed = "voter_timed"


@dataclass(frozen=True)
class Behind:
    """The rows that a figure was made from. Empty parts ask for nothing: all candidates, all slices, everybody.

    `arm`: which of the two was chosen; for `Basis.ranked` its id. `reviewer`: whose votes alone; for `Basis.without`
    and `Basis.reread` whose votes not, as `slice` is for `Basis.reread` the one left out. `conflict` False: without
    people in conflict. `gate`: for `Basis.answers` its name, and `candidate` whose answers. `rule`: which; with a
    `baseline` the two compared; for `Basis.measured` what of `candidate`: "people/cost", "rules/quality".
    """

    basis: Basis
    candidate: str = ""
    baseline: str = ""
    slice: str = ""
    arm: str = ""
    reason: str = ""
    reviewer: str = ""
    gate: str = ""
    rule: str = ""
    conflict: bool = True


@dataclass(frozen=True)
class Figure:
    """One figure of a decision.

    `id` is the same each time and stands in addresses. `value` in `unit` with the ends of its 95 % interval, each None
    where there is none; what is told by a word (a gate's state, the verdict) has it in `word` and no value, and a price
    has both. It rests on `n` of what `counts` says ("prompt", "vote", ...). `sentence` can be repeated by anybody.
    `behind` None: no rows of the round, but what the sentence says.
    """

    id: str
    section: str
    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    unit: str
    sentence: str
    counts: str = "prompt"
    word: str = ""
    behind: Behind | None = None


@dataclass(frozen=True)
class Material:
    """A closed round and all that its figures are made from.

    `votes`: everybody's in the order they were cast; `counted`: those that the rule sees; `accounts` and `by_slice`:
    the reasons given with them; `beside`: the gates that rest on no vote; `rules`: what the brief's checks say;
    `again`: the votes read in other ways; `voters`: who voted; `people`: what each is called; `card`: what
    tuning cost and saves; `tradeoffs`: the arms by quality and by what they take.
    """

    found: Round
    pairs: tuple[Pair, ...]
    votes: tuple[Vote, ...]
    counted: tuple[Vote, ...]
    guesses: tuple[Guess, ...]
    told: Judgement
    accounts: tuple[Account, ...]
    by_slice: dict[str, tuple[Account, ...]]
    beside: tuple[beside_votes.Checked, ...]
    rules: checked.Checked | None
    again: Stability
    voters: Voters
    people: Mapping[str, str]
    card: returns.Account | None = None
    tradeoffs: tuple[Tradeoff, ...] = ()


def figure_id(*parts: str) -> str:
    """An id from its parts, which may be people's own words: no two lists of parts give the same."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)
