"""How reliable reviewers were, whether they could tell, and which votes stayed outside the count."""

from __future__ import annotations

from collections.abc import Iterator

from studio.figures.figure import Basis, Behind, Figure, Material
from studio.records import Choice, PairKind
from studio.review import gold
from studio.review.evidence import Interval
from studio.review.gates import Words
from studio.review.raters import Tally
from studio.review.sensitivity import ExitGuess
from studio.wording import percent, several

_CHECKS = (
    ("gold", Basis.gold, "Gold pairs judged right"), ("repeats", Basis.repeat, "Repeated pairs judged alike"),
    ("sentinels", Basis.sentinel, "Pairs of one arm called alike"),
)  # fmt: skip


def figures(made: Material, words: Words) -> tuple[Figure, ...]:
    return (*_voters(made), *_raters(made), *_guesses(made.told.subject[1].guess), *_outside(made))


def _voters(made: Material) -> Iterator[Figure]:
    """Each person's own votes on real pairs, whether they count or not."""
    real = {pair.id for pair in made.pairs if pair.kind is PairKind.real}
    for voter in made.voters.each:
        who, name = voter.reviewer, made.people.get(voter.reviewer, voter.reviewer)
        agreed, left = voter.agreed, voter.left
        share = left.right / left.n if left.n else None
        for key, basis, title, value, span, n, unit in (
            ("votes", Basis.voter, "votes on real pairs", voter.votes, None, voter.votes, "votes"),
            ("skips", Basis.voter_skips, "skips", voter.skips, None, voter.skips, "votes"),
            ("agreed", Basis.voter_agreed, "agrees with others", agreed.share, agreed.interval, agreed.n, "share"),
            ("left", Basis.voter_left, "chose the left answer", share, left.interval, left.n, "share"),
        ):
            yield _own(f"voters/{who}/{key}", (name, title), value, span, n, unit, Behind(basis, reviewer=who))
        if voter.seconds is not None:
            timed = sum(v.reviewer == who and v.seconds is not None and v.pair in real for v in made.votes)
            yield _own(f"voters/{who}/seconds", (name, "seconds a pair, the median"), voter.seconds, None, timed, "s",
                       Behind(Basis.voter_timed, reviewer=who))  # fmt: skip


def _own(
    name: str, told: tuple[str, str], value: float | None, span: Interval | None, n: int, unit: str, behind: Behind
) -> Figure:
    """`told`: whose it is, and what."""
    title = ": ".join(told)
    low, high = (span.low, span.high) if span is not None else (None, None)
    said = "unknown" if value is None else percent(value) if unit == "share" else f"{value:,.0f}"
    return Figure(name, "Who voted", title, value, low, high, n, unit, f"{title}: {said}, n = {n:,} votes.", "vote",
                  behind=behind)  # fmt: skip


def _raters(made: Material) -> Iterator[Figure]:
    """All together, then one by one; reviewers are numbered, not named."""
    found = made.told.raters
    for key, basis, title in _CHECKS:
        yield _tally(f"raters/{key}", title, found.together(key), Behind(basis))
    for place, rater in enumerate(found.raters, 1):
        for key, basis, title in _CHECKS:
            tally: Tally = getattr(rater, key)
            if tally.n:
                yield _tally(f"raters/{place}/{key}", f"Reviewer {place}: {title[0].lower()}{title[1:]}", tally,
                             Behind(basis, reviewer=rater.reviewer))  # fmt: skip


def _tally(name: str, title: str, found: Tally, behind: Behind) -> Figure:
    span = found.interval
    return Figure(
        name, "Reliable reviewers", title, found.right / found.n if found.n else None, span.low, span.high, found.n,
        "share", f"{title}: {found.right:,} of {found.n:,}.", "vote", behind=behind,
    )  # fmt: skip


def _guesses(found: ExitGuess | None) -> Iterator[Figure]:
    if found is None:
        return
    share, behind = found.right / found.n if found.n else None, Behind(Basis.guesses)
    yield Figure("guesses/right", "Could reviewers tell?", "Guesses of which one was tuned that were right", share,
                 found.interval.low, found.interval.high, found.n, "share", found.sentence, "guess",
                 behind=behind)  # fmt: skip
    yield Figure("guesses/p", "Could reviewers tell?", "Is it more than guessing?", found.p, None, None, found.n, "p",
                 found.sentence, "guess", behind=behind)  # fmt: skip


def _outside(made: Material) -> Iterator[Figure]:
    gone = gold.excluded(made.pairs, made.votes, gold.rule_of(made.found.registration))
    for key, basis, title, value in (
        ("skips", Basis.skips, "were skips", sum(v.choice is Choice.skip for v in made.votes)),
        ("outside", Basis.outside, "were not independent", sum(bool(v.conflict) for v in made.votes)),
        ("left", Basis.left, "left the count by the rule on gold", sum(v.reviewer in gone for v in made.votes)),
    ):
        yield Figure(
            f"votes/{key}", "Votes outside the count", f"Votes that {title}", value, None, None, value, "votes",
            f"{several(value, 'vote')} of {len(made.votes):,} {title}.", "vote", behind=Behind(basis),
        )  # fmt: skip
