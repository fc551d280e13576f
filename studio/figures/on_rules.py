"""What the brief's exact checks say of the candidate and the best baseline, rule by rule, and of which answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from studio.beside_votes import Answer
from studio.evaluate.criteria import ON_AVERAGE, Scored, SideBySide
from studio.figures.figure import Basis, Behind, Figure, Material, figure_id
from studio.review.gates import Words
from studio.wording import percent, several


def figures(made: Material, words: Words) -> tuple[Figure, ...]:
    """Of the candidate that the ruling speaks of; none where no rule can be checked."""
    found = made.rules
    return (
        tuple(figure for each in found.each for figure in _of(each, found.candidate, found.other, words))
        if found
        else ()
    )


def _of(each: SideBySide, candidate: str, other: str, words: Words) -> Iterator[Figure]:
    gain = each.difference
    for arm, against, key, told in (
        (candidate, "", "candidate", each.candidate), (other, "", "other", each.other),
        (candidate, other, "difference", gain),
    ):  # fmt: skip
        who = f"{words[arm]} less {words[against]}" if against else words[arm]
        name = f"{each.criterion}: {who}"
        yield Figure(
            figure_id("checks", candidate, each.criterion, key), "What the checks say", name, told.value, told.low,
            told.high, told.n, "share", f"{name}: {percent(told.value)} of {several(told.n, 'prompt')}.", "answer",
            behind=Behind(Basis.rule, arm, against, rule=each.criterion),
        )  # fmt: skip


def answers(made: Material, behind: Behind) -> Iterator[Answer]:
    """Of one arm, or of two the prompts of which it can be told for both."""
    scored = {each.arm: each for each in made.rules.scored} if made.rules else {}
    ours = _kept(scored[behind.candidate], behind.rule)
    other = _kept(scored[behind.baseline], behind.rule) if behind.baseline else ours
    for prompt, share in ours.items():
        if prompt in other and behind.baseline:
            less = share - other[prompt]
            told = f"{_said(share, behind.rule)}; the other {_said(other[prompt], behind.rule)}"
            yield Answer(prompt, told, less < 0, less)
        elif prompt in other:
            yield Answer(prompt, _said(share, behind.rule), share < 1, share)


def _kept(scored: Scored, rule: str) -> Mapping[str, float]:
    return scored.shares if rule == ON_AVERAGE else {name: float(ok) for name, ok in scored.kept.get(rule, {}).items()}


def _said(share: float, rule: str) -> str:
    return f"keeps {percent(share)} of the rules" if rule == ON_AVERAGE else "keeps it" if share else "breaks it"
