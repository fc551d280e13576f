"""Why people chose: how many said why, and each reason for each arm, over the round and on each kind of input."""

from __future__ import annotations

from collections.abc import Iterator

from studio.figures.figure import Basis, Behind, Figure, Material, figure_id
from studio.review.gates import Words
from studio.review.reveal import Account, Reason
from studio.wording import several


def figures(made: Material, words: Words) -> tuple[Figure, ...]:
    """Of each two arms, then of each kind of input."""
    whole = [figure for each in made.accounts for figure in (*_votes(each, words), *_reasons(each, words, ""))]
    parts = [figure for name, told in made.by_slice.items() for each in told for figure in _reasons(each, words, name)]
    return (*whole, *parts)


def _votes(found: Account, words: Words) -> Iterator[Figure]:
    arms = (found.candidate, found.baseline)
    both, end = f"{words[arms[0]]} against {words[arms[1]]}", "/".join(arms)
    for side, arm, preferred, gave in zip(("candidate", "baseline"), arms, found.preferred, found.explained,
                                          strict=True):  # fmt: skip
        for key, basis, told, value in (
            ("preferred", Basis.preferred, f"votes that preferred {words[arm]}", preferred),
            ("explained", Basis.explained, f"votes for {words[arm]} that say why", gave),
        ):
            yield Figure(
                f"said/{end}/{key}/{side}", "Reasons", f"{both}: {told}", value, None, None, value, "votes",
                f"{both}: {several(value, 'vote')}, counted as {told}.", "vote", behind=Behind(basis, *arms, arm=side),
            )  # fmt: skip
    yield Figure(
        f"said/{end}/neither", "Reasons", f"{both}: votes that preferred neither", found.neither, None, None,
        found.neither, "votes", f"{both}: {several(found.neither, 'vote')} preferred neither.", "vote",
        behind=Behind(Basis.neither, *arms),
    )  # fmt: skip


def _reasons(found: Account, words: Words, part: str) -> Iterator[Figure]:
    for reason in found.reasons:
        yield from _reason(found, reason, words, part)


def _reason(found: Account, reason: Reason, words: Words, part: str) -> Iterator[Figure]:
    arms, said = (found.candidate, found.baseline), f"“{reason.criterion}”"
    about = f"{part.replace('_', ' ')}: {said}" if part else said
    start = figure_id("reasons", *arms, reason.criterion, *([part] if part else []))
    section = "Reasons by kind of input" if part else "Reasons"
    for key, told, value in (
        ("candidate", f"for {words[arms[0]]}", reason.for_candidate),
        ("baseline", f"for {words[arms[1]]}", reason.for_baseline), ("neither", "for neither", reason.neither),
    ):  # fmt: skip
        yield Figure(
            f"{start}/{key}", section, f"{about} {told}", value, None, None, value, "votes",
            f"{about} was named in {several(value, 'vote')} {told}.", "vote",
            behind=Behind(Basis.reason, *arms, slice=part, arm=key, reason=reason.criterion),
        )  # fmt: skip
    yield from _went(reason, Behind(Basis.reason_went, *arms, slice=part, reason=reason.criterion),
                     (start, section, f"{about}: prompts that went to {words[arms[0]]}"))  # fmt: skip


def _went(reason: Reason, behind: Behind, told: tuple[str, str, str]) -> Iterator[Figure]:
    start, section, name = told
    n, span = reason.won + reason.lost, reason.interval
    yield Figure(
        f"{start}/went", section, name, reason.won / n if n else None, span.low, span.high, n, "share",
        f"{name}: {reason.won:,} of {several(n, 'prompt')} where it was the reason for a choice.", behind=behind,
    )  # fmt: skip
    if not behind.slice:
        yield Figure(
            f"{start}/p", section, f"{name}: more than luck?", reason.p, None, None, n, "p",
            f"{name}: the p value of an exact test, adjusted over all reasons.", behind=behind,
        )  # fmt: skip
