"""Does the verdict hold: the votes of the candidate that the ruling speaks of, read in other ways."""

from __future__ import annotations

from collections.abc import Iterator

from studio.figures.figure import Basis, Behind, Figure, Material, figure_id
from studio.review.gates import Words
from studio.review.stability import Reading, Way
from studio.wording import percent, several


def figures(made: Material, words: Words) -> tuple[Figure, ...]:
    return tuple(_figures(made, words))


def reading_id(candidate: str, found: Reading) -> str:
    """The id of the figure of one reading."""
    return figure_id("holds", candidate, found.way.name, *([found.about] if found.about else []))


def _figures(made: Material, words: Words) -> Iterator[Figure]:
    told = made.again
    held = len(told.told) - len(told.turning)
    yield Figure(
        figure_id("holds", told.candidate), "Does it hold?", "Other readings in which the verdict is the same", held,
        None, None, len(told.told), "readings", told.sentence(made.people), "reading",
    )  # fmt: skip
    for each in told.readings:
        name = f"{words[told.candidate]} against {words[each.baseline]}: preferred {each.words(made.people)}"
        share = "unknown" if each.theta is None else percent(each.theta)
        verdict = each.verdict.value.replace("_", " ").lower() if each.verdict else ""
        ruled = f"; the verdict of the votes would be {verdict}" if verdict else ""
        yield Figure(
            reading_id(told.candidate, each), "Does it hold?", name, each.theta, each.interval.low, each.interval.high,
            each.n, "share", f"{name}: {share}, n = {several(each.n, 'prompt')}{ruled}.", word=verdict,
            behind=_behind(told.candidate, each),
        )  # fmt: skip


def _behind(candidate: str, found: Reading) -> Behind:
    arms = (candidate, found.baseline)
    return {
        Way.reviewer: Behind(Basis.reread, *arms, reviewer=found.about),
        Way.slice: Behind(Basis.reread, *arms, slice=found.about),
        Way.length: Behind(Basis.cast, *arms),
        Way.conflicted: Behind(Basis.reread, *arms, conflict=False),
        Way.outside: Behind(Basis.wider, *arms),
    }[found.way]  # fmt: skip
