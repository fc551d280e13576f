"""Would the verdict stand if somebody had not voted, a kind of input were missing, or other votes counted? Pure.

These are re-readings of the votes that are in, by the registered bounds. They are no second verdict: the round was
registered to be read in one way, and was. A prompt keeps counting while one of its votes is left, with the votes that
it then has; prompts that the registered reading left out stay out.
"""

from __future__ import annotations

import enum
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from studio.records import Choice, Verdict
from studio.review.assessment import (
    Assessment,
    Floor,
    SliceState,
    floor_of,
    is_go,
    slice_state,
    votes_alone,
)
from studio.review.evidence import (
    Interval,
    cap_test,
    confidence_sequence,
    e_holm,
    evidence_above,
    evidence_below,
    evidence_by_group,
)
from studio.review.scoring import WORTH, Ballot, Registration, seated, ships
from studio.review.sensitivity import LengthAdjusted
from studio.wording import several

_MOST_NAMED = 3

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class Way(enum.StrEnum):
    """In which other way the votes are read."""

    reviewer = "without one reviewer"
    slice = "without one kind of input"
    length = "at equal length"
    outside = "with the votes outside the count"
    conflicted = "without the votes of people in conflict"


@dataclass(frozen=True)
class Reading:
    """The votes read in one other way. `about`: the reviewer's id or the slice that is left out, else "".

    `theta` against `baseline`, the one with the least evidence in this reading (at equal length, with the lowest
    interval), over `n` prompts with `votes`, and its 95 % interval (anytime; at equal length of the fixed kind).
    `verdict`: of the votes alone, None where only theta can be told. `holds`: whether it is the registered reading's;
    at equal length whether a preference is still beyond doubt, and None where that says nothing of the verdict.
    """

    way: Way
    about: str
    baseline: str
    n: int
    votes: int
    theta: float | None
    interval: Interval
    verdict: Verdict | None
    holds: bool | None

    def words(self, names: Mapping[str, str]) -> str:
        """The way in words, to go on with "without Ben". `names`: reviewer -> what they are called."""
        if self.way is Way.reviewer:
            return f"without {names.get(self.about, self.about)}"
        return f"without “{self.about.replace('_', ' ')}”" if self.way is Way.slice else self.way.value


@dataclass(frozen=True)
class Stability:
    """The registered reading (`verdict` of the votes alone) of one candidate and the others beside it. `theta_min`: the
    share preferred from which on a win matters, as registered."""

    candidate: str
    verdict: Verdict
    readings: tuple[Reading, ...]
    theta_min: float

    @property
    def told(self) -> tuple[Reading, ...]:
        """Those that say whether the verdict holds."""
        return tuple(each for each in self.readings if each.holds is not None)

    @property
    def turning(self) -> tuple[Reading, ...]:
        """Those in which the verdict would be another."""
        return tuple(each for each in self.readings if each.holds is False)

    @property
    def thinner(self) -> tuple[Reading, ...]:
        """Of a go that turns: where it is not decided any more, though people still prefer it by what matters."""
        if self.verdict is not Verdict.go:
            return ()
        return tuple(
            each for each in self.turning
            if each.verdict is Verdict.inconclusive and each.theta is not None and each.theta >= self.theta_min
        )  # fmt: skip

    def sentence(self, names: Mapping[str, str]) -> str:
        """In how many ways of reading the votes it holds, and what it would be in the others."""
        if not self.told:
            return "There is no other way to read these votes: they are of one person at most, on one kind of input."
        verdict, n = _spoken(self.verdict), len(self.told)
        if not self.turning:
            ways = "the one other way" if n == 1 else f"all {n} other ways"
            return f"The verdict of the votes, {verdict}, holds in {ways} of reading them."
        if len(self.thinner) == len(self.turning):
            undecided, ways = len(self.turning), _one_of([each.words(names) for each in self.turning])
            return (
                f"No other way of reading the votes speaks against their verdict, {verdict}, but in {undecided} of {n} "
                f"it would not be decided: {ways}.{self._thin()}"
            )
        ends = list(dict.fromkeys(_otherwise(each) for each in self.turning))
        told = "; ".join(
            f"{_one_of([each.words(names) for each in self.turning if _otherwise(each) == end])} {end}" for end in ends
        )
        held = n - len(self.turning)
        ways = f"{held} of {several(n, 'other way')}" if held else f"none of {several(n, 'other way')}"
        return f"The verdict of the votes, {verdict}, holds in {ways} of reading them: {told}.{self._thin()}"

    def _thin(self) -> str:
        if not self.thinner:
            return ""
        one, every = len(self.turning) == 1, len(self.thinner) == len(self.turning)
        of = "There" if one else "In each" if every else f"In {len(self.thinner)} of these {len(self.turning)}"
        return (
            f" {of} people still prefer it in {100 * self.theta_min:.0f} of 100 prompts or more: fewer votes are less "
            "evidence, and a round ends as soon as it has just enough."
        )


def _one_of(ways: Sequence[str]) -> str:
    """ "without Ben, without Cara or in 2 more ways", the first few by name."""
    more = len(ways) - _MOST_NAMED
    named = [*ways[:_MOST_NAMED], *([f"in {several(more, 'more way')}"] if more > 0 else [])]
    return f"{', '.join(named[:-1])} or {named[-1]}" if len(named) > 1 else named[0]


def _spoken(verdict: Verdict) -> str:
    return verdict.value.replace("_", " ").lower()


def _otherwise(reading: Reading) -> str:
    return "nobody could be sure" if reading.verdict is None else f"it would be {_spoken(reading.verdict)}"


def stability(
    assessed: Assessment, registration: Registration, counted: Sequence[Ballot], outside: Sequence[Ballot],
    conflicted: frozenset[str], lengths: Mapping[str, LengthAdjusted] | None = None,
) -> Stability:  # fmt: skip
    """Reads the votes of a closed round again, for one candidate.

    `counted`: the votes that the rule saw, in the order they were cast; `outside`: those that stayed outside its count.
    `conflicted`: who of `counted` was in conflict (in a practice round their votes count). `lengths`: baseline -> the
    reading at equal length; the one that says least for the candidate is told.
    """
    desk = _Desk(assessed, registration, counted)
    verdict = _final(assessed.votes_alone)
    found = [desk.reading(Way.reviewer, who, desk.without(who)) for who in desk.reviewers if len(desk.reviewers) > 1]
    slices = [name for name in desk.slices if len(desk.slices) > 1]
    found += [desk.reading(Way.slice, name, desk.without_slice(name), name) for name in slices]
    found += _at_equal(lengths or {}, verdict)
    if 0 < len(conflicted & set(desk.reviewers)) < len(desk.reviewers):
        found.append(desk.reading(Way.conflicted, "", desk.of(lambda vote: vote.reviewer not in conflicted)))
    if any(vote.choice is not Choice.skip for vote in outside):
        wider = _Desk(assessed, registration, counted, outside)
        found.append(wider.reading(Way.outside, "", wider.of(lambda vote: True)))
    return Stability(assessed.candidate, verdict, tuple(found), assessed.theta_min)


def _final(alone: Verdict) -> Verdict:
    """No more votes will come, so what is undecided stays so."""
    return Verdict.inconclusive if alone is Verdict.keep_collecting else alone


def _at_equal(lengths: Mapping[str, LengthAdjusted], verdict: Verdict) -> list[Reading]:
    """Against the baseline where least is left; where length alone tells wins from losses, nothing is."""
    told = [(each.interval or Interval(0.0, 1.0), name, each) for name, each in lengths.items() if each.told]
    if not told:
        return []
    span, baseline, length = min(told, key=lambda one: (one[0].low, one[1]))
    holds = length.survives if verdict is Verdict.go else None
    return [Reading(Way.length, "", baseline, length.n, length.votes, length.equal, span, None, holds)]


@dataclass(frozen=True)
class _Slice:
    state: SliceState
    critical: bool


@dataclass(frozen=True)
class _Against:
    theta: float | None
    go: bool
    no_go: bool
    slices: tuple[_Slice, ...]


class _Votes:
    """The votes on the counted prompts against one baseline as columns. `prompt`: the place of each vote's prompt among
    all of the round; `ships` is NaN where nobody answered."""

    def __init__(self, votes: Sequence[Ballot], places: Mapping[str, int], infer: bool) -> None:
        answers = [ships(vote.choice, vote.shippable_a, infer) for vote in votes]
        self.votes = votes
        self.prompt = np.array([places[vote.prompt] for vote in votes], dtype=int)
        self.worth = np.array([WORTH[vote.choice] for vote in votes], dtype=float)
        self.ships = np.array([np.nan if answer is None else float(answer) for answer in answers], dtype=float)

    def means(self, kept: Bools, values: Floats, prompts: int) -> Floats:
        """Each prompt's mean over its kept votes that have a value, shape (prompts,), NaN without one."""
        told = kept & ~np.isnan(values)
        n = np.bincount(self.prompt[told], minlength=prompts)
        sums = np.bincount(self.prompt[told], weights=values[told], minlength=prompts)
        return np.where(n > 0, sums / np.maximum(n, 1), np.nan)


class _Desk:
    """The counted votes of one candidate, ready to be read with any part of them left out."""

    def __init__(
        self, assessed: Assessment, registration: Registration, counted: Sequence[Ballot],
        outside: Sequence[Ballot] = (),
    ) -> None:  # fmt: skip
        self._assessed, self._registration = assessed, registration
        self._prompts = list(registration.prompts)
        places = {planned.id: place for place, planned in enumerate(self._prompts)}
        infer = any(vote.shippable_a is not None for vote in (*counted, *outside))
        self._columns = {
            baseline: _Votes(votes, places, infer)
            for baseline, votes in _seated(assessed, registration, counted, outside).items()
        }
        cast = [vote for column in self._columns.values() for vote in column.votes]
        self.reviewers = sorted({vote.reviewer for vote in cast})
        self.slices = list(dict.fromkeys(p.slice for p in self._prompts if p.slice))
        numbers = {guardrail.name: n for n, guardrail in enumerate(registration.guardrails)}
        self._guarded = np.array([numbers.get(planned.slice, -1) for planned in self._prompts], dtype=int)

    def of(self, keeps: Callable[[Ballot], bool]) -> dict[str, Bools]:
        """Baseline -> which votes are kept."""
        return {name: np.array([keeps(v) for v in column.votes], bool) for name, column in self._columns.items()}

    def without(self, reviewer: str) -> dict[str, Bools]:
        return self.of(lambda vote: vote.reviewer != reviewer)

    def without_slice(self, name: str) -> dict[str, Bools]:
        left = np.array([planned.slice != name for planned in self._prompts], bool)
        return {baseline: left[column.prompt] for baseline, column in self._columns.items()}

    def reading(self, way: Way, about: str, kept: Mapping[str, Bools], slice_out: str = "") -> Reading:
        """The rule's bounds on these votes. A slice that is left out is no guardrail, either."""
        means = {name: c.means(kept[name], c.worth, len(self._prompts)) for name, c in self._columns.items()}
        scores = {name: found[~np.isnan(found)] for name, found in means.items()}
        above = {name: evidence_above(x) for name, x in scores.items()}
        fallen = e_holm([evidence_below(x, self._registration.theta_min) for x in scores.values()])
        told = [
            self._against(means[name], above[name], no_go, slice_out)
            for name, no_go in zip(scores, fallen, strict=True)
        ]
        verdict = _final(
            votes_alone(told, self._floor(means, kept), self._registration.theta_min, self._assessed.at_cap)
        )
        hardest = min(scores, key=lambda name: above[name])
        x = scores[hardest]
        return Reading(
            way, about, hardest, len(x), int(kept[hardest].sum()), float(x.mean()) if len(x) else None,
            confidence_sequence(x), verdict, verdict is _final(self._assessed.votes_alone),
        )  # fmt: skip

    def _against(self, means: Floats, e_go: float, no_go: bool, slice_out: str) -> _Against:
        told = ~np.isnan(means)
        x, groups = means[told], self._guarded[told]
        guardrails, rules = self._registration.guardrails, self._registration
        p_cap = cap_test(x) if self._assessed.at_cap and not rules.cap_amended else None
        regressed = evidence_by_group(x, groups, len(guardrails), 0.5, above=False)
        cleared = {
            delta: evidence_by_group(x, groups, len(guardrails), 0.5 - delta) for delta in {g.delta for g in guardrails}
        }
        slices = tuple(
            _Slice(slice_state(cleared[g.delta][n], regressed[n], len(guardrails)), g.critical)
            for n, g in enumerate(guardrails) if g.name != slice_out
        )  # fmt: skip
        return _Against(float(x.mean()) if len(x) else None, is_go(e_go, p_cap), no_go, slices)

    def _floor(self, means: Mapping[str, Floats], kept: Mapping[str, Bools]) -> Floor | None:
        """Over the prompts that are left against every baseline: the candidate's answer is the same in each pair."""
        if self._registration.floor is None:
            return None
        complete = ~np.isnan(np.stack(list(means.values()))).any(axis=0)
        answers = np.stack([c.means(kept[n], c.ships, len(self._prompts)) for n, c in self._columns.items()])
        told = (~np.isnan(answers)).sum(axis=0)
        shares = (np.nansum(answers, axis=0) / np.maximum(told, 1))[complete & (told > 0)]
        return floor_of(shares, int(complete.sum()), self._registration.floor)  # type: ignore[arg-type]


def _seated(
    assessed: Assessment, registration: Registration, counted: Sequence[Ballot], outside: Sequence[Ballot]
) -> dict[str, list[Ballot]]:
    """Baseline -> the votes behind the prompts that the rule counted against it, with those `outside` on them."""
    by_pair: dict[tuple[str, str], list[Ballot]] = defaultdict(list)
    for vote in counted:
        by_pair[vote.prompt, vote.baseline].append(vote)
    wanted = {planned.id: planned.votes for planned in registration.prompts}
    found: dict[str, list[Ballot]] = {}
    for against in assessed.against:
        prompts = [p.prompt for p in against.scored.prompts]
        known = set(prompts)
        found[against.baseline] = [
            vote for name in prompts for vote in seated(by_pair[name, against.baseline], wanted[name]) or []
        ] + [
            vote for vote in outside
            if vote.prompt in known and vote.baseline == against.baseline and vote.choice is not Choice.skip
        ]  # fmt: skip
    return found
