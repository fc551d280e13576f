"""Quality against cost and latency: every arm as a point with its intervals, and which ones nothing beats on both.

Quality is what people preferred in a round, or how many rules a machine found kept; which one is always said.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from studio import costs, outputs, returns
from studio.evaluate import costs as figures
from studio.evaluate.checks import interval
from studio.evaluate.costs import Estimate
from studio.records import Refusal, Round
from studio.review.assessment import Assessment
from studio.review.gates import join_words
from studio.review.ranking import of_assessments
from studio.store import Store, arms
from studio.store import rounds as round_rows
from studio.wording import several

PREFERRED = "People’s choice: how often it would be preferred to an average arm of this round"
_RESAMPLES = 200  # a picture needs no more, and a page waits for it
KEPT = "The main score of Compare: the share of the brief’s rules that a machine found kept"

_ALIKE = 1e-6


@dataclass(frozen=True)
class Point:
    """One arm. `quality` in [0, 1]; `cost` of 1,000 answers, or word pieces of one; `seconds` of one request by itself,
    half take at most that. None where it is not known. `arm`: its id. `each`: "quality" (rules kept, not what people
    chose), "cost" and "seconds" -> prompt -> what its answer adds to the mean or the median: a share, the price of one
    answer or its word pieces, seconds; a timed request has its place as its prompt."""

    name: str
    quality: Estimate
    cost: Estimate | None = None
    seconds: Estimate | None = None
    arm: str = ""
    each: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Tradeoff:
    """The arms, the best first. `quality`: what the quality is, in words. `currency`: of the cost; "" where not every
    arm has a price, and `cost` is then in word pieces (tokens) read and written for an answer."""

    points: tuple[Point, ...]
    quality: str
    currency: str

    @property
    def way(self) -> str:
        """What the quality goes by: "people" or "rules"."""
        return "people" if self.quality == PREFERRED else "rules"

    def frontier(self, by: str) -> tuple[str, ...]:
        """The names of the arms that no other one beats on both: none is as good or better and takes less, or better
        and takes no more. `by`: "cost" or "seconds". By the middle of each interval, so it is no proof."""
        known = [(each, taken) for each in self.points if (taken := _taken(each, by)) is not None]
        return tuple(each.name for each, taken in known if not any(_beats(other, each, by) for other, _ in known))

    def sentence(self, by: str) -> str:
        """What the picture shows, for somebody who does not see it."""
        best, told = self.frontier(by), [each for each in self.points if _taken(each, by) is not None]
        if not told:
            return ""
        least, less = ("the cheapest", "costs less") if by == "cost" else ("the fastest", "is faster")
        if by == "cost" and not self.currency:
            least, less = "takes the fewest word pieces", "takes fewer word pieces"
        if len(told) == 1:
            return f"Only of {best[0]} is it known."
        if len(best) == 1:
            takes = {each.name: _taken(each, by) for each in told}
            if list(takes.values()).count(takes[best[0]]) > 1:
                return f"{best[0]} is the best; no arm {less}."
            return f"{best[0]} is the best and {least} of {several(len(told), 'arm')}."
        start = f"No arm is better and {less} than {join_words(best)}: each is the best for what it takes"
        beaten = [each.name for each in told if each.name not in best]
        return f"{start}. Beaten on both: {join_words(beaten)}." if beaten else f"{start}."


def _taken(point: Point, by: str) -> float | None:
    found = point.cost if by == "cost" else point.seconds
    return found.value if found else None


def _beats(one: Point, other: Point, by: str) -> bool:
    taken, also = _taken(one, by), _taken(other, by)
    assert taken is not None and also is not None, "only arms of which it is known are compared"
    better, less = one.quality.value - other.quality.value, also - taken
    return better >= 0 and less >= 0 and (better > 0 or less > 0)


def preferred(store: Store, found: Round, assessments: Sequence[Assessment]) -> Tradeoff | None:
    """The arms of a closed round, by what people preferred; None where no prompt was completed."""
    return store.once(("tradeoff", found.id), lambda: _preferred(store, found, assessments))


def _preferred(store: Store, found: Round, assessments: Sequence[Assessment]) -> Tradeoff | None:
    try:
        key = ("ranked", found.id, found.sha256)
        ranked = store.once(key, lambda: of_assessments(assessments, _RESAMPLES), (*round_rows.TABLES, "guesses"))
    except Refusal:
        return None
    n: dict[str, set[str]] = {}
    for told in assessments:
        for against in told.against:
            for name in (told.candidate, against.baseline):
                n.setdefault(name, set()).update(p.prompt for p in against.scored.prompts)
    quality = {each.arm: chosen(*each.share, len(n[each.arm])) for each in ranked}
    return _told(store, found, quality, PREFERRED)


def chosen(value: float, low: float, high: float, n: int) -> Estimate:
    """A share that people chose, in [0, 1], with the ends of its bootstrap interval. Where every prompt went the same
    way each draw does, too, and the interval is a point: then it is as certain as a share of `n` prompts."""
    exact = interval(value * n, n) if high - low < _ALIKE else (low, high)
    return Estimate(value, min(exact[0], value), max(exact[1], value), n)


def kept(store: Store, found: Round) -> Tradeoff | None:
    """Every arm in use that answered the round's set, by the rules of the brief that a machine can check; None where
    there is no such rule or no answer."""
    return store.once(("kept", found.id), lambda: _kept(store, found))


def _kept(store: Store, found: Round) -> Tradeoff | None:
    quality, shares = {}, {}
    for each in outputs.compare(store, found.project, found.registration["dataset"]):
        average = each.average
        if average.rules and average.n:
            value, low, high = (end / average.rules for end in (average.value, average.low, average.high))
            quality[each.arm.id], shares[each.arm.id] = Estimate(value, low, high, average.n), each.shares
    return _told(store, found, quality, KEPT, shares) if quality else None


def _told(
    store: Store, found: Round, quality: Mapping[str, Estimate], what: str,
    shares: Mapping[str, Mapping[str, float]] | None = None,
) -> Tradeoff:  # fmt: skip
    timed = {each.arm.id: each for each in costs.measured(store, found.project)}
    prompts = [each["id"] for each in found.registration["prompts"]]
    here = [arm for name in quality if (arm := arms.get(store, name)) is not None]
    noted = returns.Priced()
    served = [returns.served(store, found, arm, prompts, timed.get(arm.id), noted) for arm in here]
    priced = len(noted.currencies) == 1 and not noted.lacking
    points = []
    for arm, each in zip(here, served, strict=True):
        own, alone = (shares or {}).get(arm.id), timed.get(arm.id)
        counted = {name: float(read + wrote) for name, (read, wrote) in returns.pieces(store, found, arm).items()}
        prices = dict(zip(each.prompts, each.each, strict=True)) if priced and each else counted
        cost = each.thousand if priced and each else figures.mean(list(counted.values())) if counted else None
        seconds = {returns.request(n): took for n, took in enumerate(alone.timed.seconds)} if alone else {}
        half = figures.quantile(list(seconds.values()), 0.5) if seconds else None
        known = {"quality": own or {}, "cost": prices, "seconds": seconds}
        points.append(Point(arm.name, quality[arm.id], cost, half, arm.id, known))
    order = sorted(points, key=lambda each: -each.quality.value)
    return Tradeoff(tuple(order), what, noted.currencies.pop() if priced else "")
