"""Quality against cost and latency: of every arm what its point in the picture stands on."""

from __future__ import annotations

from collections.abc import Iterator

from studio import payback
from studio.beside_votes import Answer
from studio.evaluate.costs import Estimate
from studio.figures.figure import Basis, Behind, Figure, Material, figure_id
from studio.tradeoff import Point, Tradeoff
from studio.wording import amount, percent, several

_SECTION = "Quality against cost and latency"


def figures(made: Material) -> tuple[Figure, ...]:
    """By what people chose, then by the rules kept; none where neither is known."""
    return tuple(figure for told in made.tradeoffs for figure in listed(told))


def listed(told: Tradeoff) -> tuple[Figure, ...]:
    """Those of one picture."""
    return tuple(figure for point in told.points for figure in _of(told, point))


def _of(told: Tradeoff, point: Point) -> Iterator[Figure]:
    name, quality, cost, seconds = point.name, point.quality, point.cost, point.seconds
    share, n = percent(quality.value), several(quality.n, "prompt")
    if told.way == "people":
        yield _figure(
            told, point, "quality", "people’s choice", quality, "share",
            f"{name} would be preferred to an average arm of this round {share} of the time where people prefer one "
            f"(n = {n}). It is fitted to every vote of the round at once (Davidson), so that votes between other arms "
            "move it, too.",
        )  # fmt: skip
    else:
        said = f"{name} keeps {share} of the brief’s rules that a machine can check (n = {n})."
        yield _figure(told, point, "quality", "rules kept", quality, "share", said)
    if cost is not None and told.currency:
        word = "{} ({})".format(*payback.priced(cost, told.currency))
        said = f"1,000 answers of {name} cost {word}."
        yield _figure(told, point, "cost", "price of 1,000 answers", cost, told.currency, said, word)
    elif cost is not None:
        said = f"{name} reads and writes {cost.value:,.0f} word pieces (tokens) for an answer."
        yield _figure(told, point, "cost", "word pieces an answer", cost, "word pieces", said)
    if seconds is not None:
        said = f"Half of the requests to {name}, each by itself, take at most {seconds.value:.3g} s."
        yield _figure(told, point, "seconds", "seconds of one request by itself", seconds, "s", said)


def _figure(
    told: Tradeoff, point: Point, key: str, title: str, found: Estimate, unit: str, sentence: str, word: str = ""
) -> Figure:
    chosen = (told.way, key) == ("people", "quality")
    behind = Behind(Basis.ranked, arm=point.arm) if chosen else Behind(
        Basis.measured, point.arm, rule=f"{told.way}/{key}")  # fmt: skip
    among = "of the round" if told.way == "people" else "of all arms"
    return Figure(figure_id("tradeoff", told.way, point.arm, key), _SECTION, f"{point.name}, {among}: {title}",
                  found.value, found.low, found.high, found.n, unit, sentence, "prompt" if chosen else "answer", word,
                  behind)  # fmt: skip


def answers(made: Material, behind: Behind) -> Iterator[Answer]:
    """What each answer of an arm adds."""
    return (each for told in made.tradeoffs for each in answers_in(told, behind))


def answers_in(told: Tradeoff, behind: Behind) -> Iterator[Answer]:
    """The same of one picture; none where the figure is of the other one."""
    way, key = behind.rule.split("/")
    for point in told.points:
        if (told.way, point.arm) == (way, behind.candidate):
            for prompt, value in point.each[key].items():
                broken = key == "quality" and value < 1
                yield Answer(prompt, _said(key, value, told.currency), broken, value)


def _said(key: str, value: float, currency: str) -> str:
    if key == "quality":
        return f"keeps {percent(value)} of the rules"
    if key == "seconds":
        return f"{value:.3g} s"
    return amount(value, currency) if currency else several(round(value), "word piece")
