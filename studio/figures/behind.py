"""The rows behind a figure: the very votes or guesses that it was made from. Pure.

A figure's `n` and the count of its rows are made apart, from the rule's results and from the records; a test holds them
equal for every figure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from studio.beside_votes import Answer
from studio.figures import on_price, on_rules, on_tradeoff
from studio.figures.figure import Basis, Behind, Figure, Material
from studio.records import Choice, Pair, PairKind, Vote
from studio.review import gold, guesses, raters, reveal
from studio.review.assessment import AgainstBaseline, Assessment
from studio.review.scoring import WORTH, ships
from studio.wording import several

OF_ANSWERS = (Basis.answers, Basis.rule, Basis.priced, Basis.measured)
"""What is made from answers, not from votes."""
_SIDES = {Choice.a: "candidate", Choice.b: "baseline"}
_KINDS = {Basis.gold: PairKind.gold, Basis.repeat: PairKind.repeat, Basis.sentinel: PairKind.sentinel}


@dataclass(frozen=True)
class Row:
    """One vote, or one guess, behind a figure. `counts_as`: what it adds there, in a word or a number; `guess`: the
    side that was taken for the tuned model's, "" for a vote."""

    pair: Pair
    vote: Vote
    counts_as: str
    guess: str = ""


def rows_of(made: Material, figure: Figure) -> tuple[Row, ...]:
    """The votes or guesses, in the registered order of the prompts; empty for a figure without any."""
    behind = figure.behind
    if behind is None or behind.basis in OF_ANSWERS:
        return ()
    if behind.basis is Basis.guesses:
        found: Iterable[Row] = _guessed(made)
    elif behind.basis in _KINDS:
        found = _checks(made, behind)
    elif behind.basis in _EVERYBODY:
        found = _everybody(made, behind.basis)
    elif behind.basis in _OWN:
        found = _own(made, behind)
    elif behind.basis is Basis.ranked:
        found = _ranked(made, behind.arm)
    else:
        found = _counted(made, behind)
    return tuple(sorted(found, key=lambda row: row.pair.position))


def answers_of(made: Material, figure: Figure) -> tuple[Answer, ...]:
    """The answers that a gate or a check looked at; empty for a figure that is made from votes."""
    behind = figure.behind
    if behind is None or behind.basis not in OF_ANSWERS:
        return ()
    if behind.basis is Basis.rule:
        return tuple(on_rules.answers(made, behind))
    if behind.basis is Basis.measured:
        return tuple(on_tradeoff.answers(made, behind))
    if behind.basis is Basis.priced:
        return tuple(on_price.answers(made.card.found, behind)) if made.card and made.card.found else ()
    return next((each.answers for each in made.beside
                 if (each.gate.name, each.gate.arm) == (behind.gate, behind.candidate)), ())  # fmt: skip


def count(rows: Sequence[Row], counts: str) -> int:
    """How many of what a figure counts ("prompt", "pair", "reviewer", "vote", "guess") its rows are."""
    apart: Mapping[str, Callable[[Row], str]] = {
        "prompt": lambda row: row.pair.example, "pair": lambda row: row.pair.id,
        "reviewer": lambda row: row.vote.reviewer,
    }  # fmt: skip
    return len({apart[counts](row) for row in rows}) if counts in apart else len(rows)


def summed_up(figure: Figure, rows: Sequence[Row]) -> str:
    """The rows as a link says them: "66 prompts", "80 votes on 66 prompts"."""
    what = "guess" if figure.counts == "guess" else "vote"
    votes = several(len(rows), what, "guesses" if what == "guess" else "")
    if figure.counts in ("vote", "guess") or count(rows, figure.counts) == len(rows):
        return votes
    joined = "of" if figure.counts == "reviewer" else "on"
    return f"{votes} {joined} {several(count(rows, figure.counts), figure.counts)}"


# -- of the votes that count -----------------------------------------------------------------------


def _counted(made: Material, behind: Behind) -> Iterator[Row]:
    """Of one candidate, or of each of them."""
    for assessed in made.told.assessments:
        if behind.candidate in ("", assessed.candidate):
            yield from _of_candidate(made, behind, assessed)


def _of_candidate(made: Material, behind: Behind, assessed: Assessment) -> Iterator[Row]:
    cast = _cast(made, assessed.candidate, behind.baseline)
    if behind.basis in (Basis.decisive, Basis.dealt):
        yield from _sides(cast, behind.basis)
    elif behind.basis in _PLAIN:
        shown = [each for each in cast if behind.slice in ("", each[0].slice)]
        yield from (Row(pair, vote, told) for pair, vote in shown if (told := _PLAIN[behind.basis](vote, behind)))
    elif behind.basis is Basis.shippable:
        yield from _shippable(cast, assessed)
    elif behind.basis is Basis.reason_went:
        yield from _went(cast, behind)
    else:
        for against in assessed.against:
            if behind.baseline in ("", against.baseline):
                own = [each for each in cast if each[0].baseline == against.baseline]
                yield from _against(made, own, behind, against)
                if behind.basis is Basis.wider:
                    yield from _wider(made, behind, against)


def _ranked(made: Material, arm: str) -> Iterator[Row]:
    """Of every pair in which an arm stands, on either side; each vote counts as what it is worth to that arm."""
    for assessed in made.told.assessments:
        for against in assessed.against:
            if arm in (assessed.candidate, against.baseline):
                for row in _counted(made, Behind(Basis.scored, assessed.candidate, against.baseline)):
                    worth = WORTH[row.vote.choice]
                    yield replace(row, counts_as=f"{worth if arm == assessed.candidate else 1 - worth:g}")


def _cast(made: Material, candidate: str, baseline: str) -> list[tuple[Pair, Vote]]:
    known = {pair.id: pair for pair in made.pairs if pair.kind is PairKind.real and pair.candidate == candidate}
    return [
        (known[vote.pair], vote)
        for vote in made.counted
        if vote.pair in known and baseline in ("", known[vote.pair].baseline)
    ]


def _preferred(vote: Vote, behind: Behind) -> str:
    side = _SIDES.get(vote.choice, "")
    return side if behind.arm in ("", side) else ""


def _explained(vote: Vote, behind: Behind) -> str:
    return _preferred(vote, behind) if vote.reasons else ""


def _neither(vote: Vote, behind: Behind) -> str:
    return "neither" if vote.choice in raters.NEITHER else ""


def _reason(vote: Vote, behind: Behind) -> str:
    if behind.reason not in vote.reasons or vote.choice is Choice.skip:
        return ""
    side = _SIDES.get(vote.choice, "neither")
    return side if behind.arm in ("", side) else ""


_PLAIN: Mapping[Basis, Callable[[Vote, Behind], str]] = {
    Basis.preferred: _preferred, Basis.explained: _explained, Basis.neither: _neither, Basis.reason: _reason,
}  # fmt: skip
"""What each vote counts as, "" for one that is not among the rows."""


def _sides(cast: Sequence[tuple[Pair, Vote]], basis: Basis) -> Iterator[Row]:
    """The side that won, or the one on which the candidate stood."""
    for pair, vote in cast:
        left = pair.candidate_left if basis is Basis.dealt else (vote.choice is Choice.a) == pair.candidate_left
        if basis is Basis.dealt or vote.choice in _SIDES:
            yield Row(pair, vote, "left" if left else "right")


def _against(
    made: Material, cast: Sequence[tuple[Pair, Vote]], behind: Behind, against: AgainstBaseline
) -> Iterator[Row]:
    """Votes on the prompts that the rule counts, or on those that left the round."""
    if behind.basis is Basis.passed_over:
        yield from (Row(p, v, "skipped") for p, v in cast
                    if p.example in against.scored.excluded and v.choice is Choice.skip)  # fmt: skip
        return
    part = "" if behind.basis is Basis.reread else behind.slice
    gone = {each.reviewer for each in made.counted if each.conflict} if not behind.conflict else set()
    labels = {each.prompt: each.labels for each in against.scored.prompts if part in ("", each.slice)}
    seats: dict[str, int] = defaultdict(int)
    for pair, vote in cast:
        if vote.choice is Choice.skip or pair.example not in labels:
            continue
        seats[pair.id] += 1
        votes = len(labels[pair.example])
        late = behind.basis in (Basis.cast, Basis.without)
        read = (late or seats[pair.id] <= votes) and (behind.basis is not Basis.double or votes > 1)
        if read and (behind.basis not in _LESS or _left_in(behind, gone, pair, vote)):
            yield Row(pair, vote, f"{WORTH[vote.choice]:g}")


_LESS = (Basis.without, Basis.reread)


def _left_in(behind: Behind, gone: set[str], pair: Pair, vote: Vote) -> bool:
    """Whether a vote stays when one reviewer's, one slice's or those of people in conflict (`gone`) are left out."""
    others = vote.reviewer != behind.reviewer and vote.reviewer not in gone
    return others and (not behind.slice or pair.slice != behind.slice)


def _wider(made: Material, behind: Behind, against: AgainstBaseline) -> Iterator[Row]:
    """The votes outside the count on the prompts that the rule counts."""
    inside, done = {(vote.pair, vote.reviewer) for vote in made.counted}, {p.prompt for p in against.scored.prompts}
    known = {
        pair.id: pair for pair in made.pairs
        if pair.kind is PairKind.real and (pair.candidate, pair.baseline) == (behind.candidate, against.baseline)
    }  # fmt: skip
    for vote in made.votes:
        pair = known.get(vote.pair)
        if pair and pair.example in done and vote.choice is not Choice.skip and (pair.id, vote.reviewer) not in inside:
            yield Row(pair, vote, f"{WORTH[vote.choice]:g}, outside the count")


def _shippable(cast: Sequence[tuple[Pair, Vote]], assessed: Assessment) -> Iterator[Row]:
    told = [{each.prompt: len(each.labels) for each in a.scored.prompts} for a in assessed.against]
    asked = any(vote.shippable_a is not None for _, vote in cast)
    seats: dict[str, int] = defaultdict(int)
    for pair, vote in cast:
        if vote.choice is Choice.skip or not all(pair.example in each for each in told):
            continue
        seats[pair.id] += 1
        answer = ships(vote.choice, vote.shippable_a, asked)
        if answer is not None and seats[pair.id] <= told[0][pair.example]:
            yield Row(pair, vote, "could ship" if answer else "could not ship")


def _went(cast: Sequence[tuple[Pair, Vote]], behind: Behind) -> Iterator[Row]:
    shown = [(pair, vote) for pair, vote in cast if behind.slice in ("", pair.slice)]
    balance = reveal.balances(shown, behind.reason)
    for pair, vote in shown:
        if behind.reason in vote.reasons and vote.choice in _SIDES and balance[pair.example]:
            yield Row(pair, vote, _SIDES[vote.choice])


# -- of everybody ----------------------------------------------------------------------------------

_EVERYBODY = (Basis.skips, Basis.outside, Basis.left)


def _everybody(made: Material, basis: Basis) -> Iterator[Row]:
    known = {pair.id: pair for pair in made.pairs}
    gone = gold.excluded(made.pairs, made.votes, gold.rule_of(made.found.registration))
    for vote in made.votes:
        told = {
            Basis.skips: "skipped" if vote.choice is Choice.skip else "",
            Basis.outside: "outside the count" if vote.conflict else "",
            Basis.left: "left the count" if vote.reviewer in gone else "",
        }[basis]  # fmt: skip
        if told:
            yield Row(known[vote.pair], vote, told)


_OWN = (Basis.voter, Basis.voter_skips, Basis.voter_agreed, Basis.voter_left, Basis.voter_timed)


def _own(made: Material, behind: Behind) -> Iterator[Row]:
    """One reviewer's votes on real pairs, whether they count or not."""
    known = {pair.id: pair for pair in made.pairs if pair.kind is PairKind.real}
    said: dict[str, list[Vote]] = defaultdict(list)
    for vote in made.counted:
        if vote.choice is not Choice.skip and vote.reviewer != behind.reviewer:
            said[vote.pair].append(vote)
    for vote in made.votes:
        pair = known.get(vote.pair)
        if pair is not None and vote.reviewer == behind.reviewer:
            told = _of_voter(behind.basis, pair, vote, said[pair.id])
            if told:
                yield Row(pair, vote, told)


def _of_voter(basis: Basis, pair: Pair, vote: Vote, others: Sequence[Vote]) -> str:
    """What one vote counts as in a figure of its voter; "" for none. `others`: what others said of the pair."""
    skipped = vote.choice is Choice.skip
    if basis is Basis.voter_agreed:
        alike = [WORTH[vote.choice] == WORTH[other.choice] for other in others] if not skipped else []
        return f"{sum(alike) / len(alike):g}" if alike else ""
    if basis is Basis.voter_left:
        return (
            ("left" if (vote.choice is Choice.a) == pair.candidate_left else "right") if vote.choice in _SIDES else ""
        )
    if basis is Basis.voter_timed:
        return "" if vote.seconds is None else f"{vote.seconds:.0f} s"
    if basis is Basis.voter_skips:
        return "skipped" if skipped else ""
    return "skipped" if skipped else "a vote"


def _checks(made: Material, behind: Behind) -> Iterator[Row]:
    for pair, vote, passed in raters.weighed(made.pairs, made.votes):
        if pair.kind is _KINDS[behind.basis] and behind.reviewer in ("", vote.reviewer):
            yield Row(pair, vote, "right" if passed else "wrong")


def _guessed(made: Material) -> Iterator[Row]:
    known = {pair.id: pair for pair in made.pairs}
    cast = {(vote.pair, vote.reviewer): vote for vote in made.votes}
    for guess, right in guesses.weighed(made.pairs, made.guesses, made.counted, guesses.tuned(made.found)):
        vote = cast[guess.pair, guess.reviewer]
        yield Row(known[guess.pair], vote, "right" if right else "wrong", guess.side.value)
