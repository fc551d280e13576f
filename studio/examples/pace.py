"""What labels tell: do people agree, on which rule do they split, and how much work is left. Pure."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from studio.examples import approval, coverage, outcome
from studio.records import Brief
from studio.review.agreement import Agreement, agreement, wilson
from studio.review.evidence import Interval
from studio.store.labels import Answer, Label
from studio.wording import percent

GOOD, FAIR = 0.8, 0.667
"""Krippendorff (2004), chapter 11: rely on alpha from .800 on, draw tentative conclusions from .667 on."""

GUESSED_SECONDS = 30.0
"""A label, before anybody has given one."""

MEASURED_FROM = 10
"""Labels from which on a pace or a share counts as measured."""

LONGEST_LOOK = 600.0
"""Seconds on screen beyond which somebody was away, not reading."""


@dataclass(frozen=True)
class Together:
    """The items that several people labelled, all of them done. `agreed` of `items` had one opinion; `interval`: 95 %,
    Wilson. `beyond`: agreement beyond luck (alpha and AC1). `split`: the items with several opinions, in order, each
    with its labels. `named`: how often a label of such an item names a rule, the most named first."""

    items: int
    agreed: int
    interval: Interval
    beyond: Agreement
    split: tuple[tuple[str, tuple[Label, ...]], ...]
    named: tuple[tuple[str, int], ...]

    @property
    def sentence(self) -> str:
        """What a person can repeat."""
        if not self.items:
            return "No example has the labels of two people yet, so nobody knows whether they agree."
        some = "the one example" if self.items == 1 else f"{self.agreed:,} of {self.items:,} examples"
        verb = "said the same" if self.items > 1 or self.agreed else "did not say the same"
        return f"People {verb} of {some} that two or more of them labelled. {self._in_words()}"

    def _in_words(self) -> str:
        value = self.reliability
        if self.items < MEASURED_FROM:
            return f"With fewer than {MEASURED_FROM} that is too few to tell skill from luck."
        if value is None:
            return "Everybody always gave the same answer, so agreement beyond luck cannot be told."
        if value >= GOOD:
            return "Beyond luck that is good: the rules are read the same way."
        if value >= FAIR:
            return "Beyond luck that is fair: enough to go on with, not to stop looking at what they split on."
        return "Beyond luck that is poor: the rules are read in different ways. Sharpen them before more is labelled."

    @property
    def reliability(self) -> float | None:
        """Alpha, or AC1 where one answer dominates so much that alpha collapses; None where neither is defined."""
        alpha, ac1 = self.beyond.alpha_nominal, self.beyond.ac1
        return ac1 if alpha is not None and ac1 is not None and ac1 - alpha > 0.3 else alpha


def together(labels: Iterable[Label], asked: Mapping[str, int]) -> Together:
    """From all that was ever said in a queue and how many people are asked about each shared example."""
    shared = (label for label in labels if label.example in asked)
    done = outcome.firsts(outcome.finished(shared, asked))
    units = {item: said for item, given in done.items() if len(said := outcome.opinions(given)) > 1}
    split = {item: done[item] for item, said in units.items() if len(set(said)) > 1}
    named = Counter(g.criterion for given in split.values() for g in given if g.criterion)
    agreed, beyond = len(units) - len(split), agreement(units.values())
    return Together(
        len(units), agreed, wilson(agreed, len(units)), beyond,
        tuple((item, tuple(given)) for item, given in split.items()), tuple(named.most_common()),
    )  # fmt: skip


@dataclass(frozen=True)
class Pace:
    """Seconds on screen of a label in the median of `n` labels; `measured` is False for a guess."""

    seconds: float
    n: int
    measured: bool


def pace(seconds: Sequence[float]) -> Pace:
    """The pace of one person or a team; times when somebody was away are left out."""
    looks = [s for s in seconds if s <= LONGEST_LOOK]
    if len(looks) < MEASURED_FROM:
        return Pace(GUESSED_SECONDS, len(looks), False)
    return Pace(statistics.median(looks), len(looks), True)


@dataclass(frozen=True)
class Gap:
    """One slice: `approved` of `target` are there. Of the `missing`, `to_write` are not even in the project yet."""

    slice: str
    target: int
    approved: int
    waiting: int
    missing: int
    to_write: int
    looks: int


@dataclass(frozen=True)
class Forecast:
    """What is missing per slice, and how many hours of labelling that is at `pace`, with what was assumed."""

    gaps: tuple[Gap, ...]
    pace: Pace
    kept: float
    hours: float
    assumed: tuple[str, ...]

    @property
    def missing(self) -> int:
        return sum(gap.missing for gap in self.gaps)

    @property
    def sentence(self) -> str:
        if not self.missing:
            return "Every kind of input has the approved examples that this size needs."
        write = sum(gap.to_write for gap in self.gaps)
        first = f", of which {write:,} must be written or imported first" if write else ""
        are = "approved example is" if self.missing == 1 else "approved examples are"
        return f"{self.missing:,} {are} missing{first}: about {_hours(self.hours)} of reading for one person."


def forecast(
    brief: Brief, tally: Mapping[tuple[str, str], int], goal: int, seconds: Sequence[float], answers: Sequence[Answer]
) -> Forecast:
    """Examples still missing for a set of `goal`, by the brief's shares (equal ones where it names none), and hours.

    `tally`: (slice, status) -> count. `seconds` and `answers`: of all labels given in the project so far.
    """
    aimed = {name: want for name, want in coverage.wanted(brief, goal).items() if want}
    speed, kept = pace(seconds), _kept(answers)
    gaps = tuple(_gap(brief, name, want, tally, kept) for name, want in aimed.items())
    looks = sum(gap.looks for gap in gaps)
    told = [a for a in answers if a is not Answer.skip]
    read = f"{speed.seconds:.0f} seconds a label, the median of the {speed.n:,} given here" if speed.measured else (
        f"{GUESSED_SECONDS:.0f} seconds a label: a guess, until {MEASURED_FROM} labels are given here"
    )  # fmt: skip
    share = f"{percent(kept)} of what is read gets approved, as so far" if len(told) >= MEASURED_FROM else (
        f"everything that is read gets approved: a guess, until {MEASURED_FROM} labels are given here"
    )  # fmt: skip
    assumed = [read, share, "one person reads each example, two where a slice asks for a second approval",
               "writing what is missing is not in it"]  # fmt: skip
    if not any(s.target_share for s in brief.slices) and len(aimed) > 1:
        assumed.append("each kind of input gets the same share, because the brief names none")
    return Forecast(gaps, speed, kept, looks * speed.seconds / 3600, tuple(assumed))


def _gap(brief: Brief, name: str, target: int, tally: Mapping[tuple[str, str], int], kept: float) -> Gap:
    def here(*statuses: str) -> int:
        return sum(n for (slice, status), n in tally.items() if status in statuses and (slice == name or not name))

    approved, waiting = here("approved"), here("draft", "in_review")
    missing = max(0, target - approved)
    people = approval.NEEDED if approval.demand(brief, name) else 1
    return Gap(
        name, target, approved, waiting, missing, max(0, missing - math.floor(waiting * kept)),
        math.ceil(missing / kept - 1e-9) * people,
    )  # fmt: skip


def _kept(answers: Sequence[Answer]) -> float:
    """The share of labels that end in an approved example; 1 while there are too few to tell, never below 5 %."""
    told = [a for a in answers if a is not Answer.skip]
    if len(told) < MEASURED_FROM:
        return 1.0
    return max(0.05, sum(a in (Answer.approve, Answer.edit) for a in told) / len(told))


def _hours(hours: float) -> str:
    minutes = max(1, round(hours * 60))
    if minutes < 60:
        return f"{minutes} minute{'s' * (minutes != 1)}"
    return f"{hours:.1f} hours" if hours < 10 else f"{hours:,.0f} hours"
