"""People's ratings of single answers: of each arm, whether they agree, which automatic score predicts them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from studio.evaluate.resampling import Draws, Floats, mean
from studio.review.agreement import Agreement, agreement

FEWEST = 10
"""Rated prompts below which nothing is said of how well a score predicts people."""
_TIMES = 500

Answered = tuple[str, str]
"""Arm and prompt."""


@dataclass(frozen=True)
class Rated:
    """What one person said of one answer by one criterion, from 0 (no, or level 1) to 1 (yes, or level 5)."""

    arm: str
    prompt: str
    criterion: str
    person: str
    value: float


@dataclass(frozen=True)
class Said:
    """The mean rating of an arm by one criterion, in [0, 1], with its 95 % interval over `n` prompts; of one prompt the
    people's mean counts."""

    arm: str
    criterion: str
    value: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class Predicts:
    """How well an automatic score ranks answers as people do: Spearman's rho, -1 to 1, with its 95 % interval over
    prompts; `n` answers."""

    score: str
    rho: float
    low: float
    high: float
    n: int

    @property
    def sentence(self) -> str:
        if self.low > 0:
            strong = "well" if self.rho >= 0.6 else "somewhat" if self.rho >= 0.3 else "a little"
            said = f"ranks answers {strong} as people do"
        elif self.high < 0:
            said = "ranks answers against people"
        else:
            said = "has not been shown to rank answers as people do"
        interval = f"95 % interval {self.low:.2f} to {self.high:.2f}; n = {self.n:,}"
        return f"{self.score}: {said} (rho {self.rho:.2f}, {interval})."


@dataclass(frozen=True)
class Rubric:
    """All that ratings tell. `agreement`: criterion -> how far people who rated the same answer agree."""

    said: tuple[Said, ...]
    agreement: dict[str, Agreement]
    predicts: tuple[Predicts, ...]
    prompts: int
    people: int


def report(rated: Sequence[Rated], automatic: Mapping[str, Mapping[Answered, float]]) -> Rubric:
    """`automatic`: the name of a score -> answer -> its value; only the order of the values counts."""
    prompts = sorted({each.prompt for each in rated})
    people = len({each.person for each in rated})
    told = {
        criterion: agreement([list(votes) for votes in _by_answer(rated, criterion).values()])
        for criterion in dict.fromkeys(each.criterion for each in rated)
    }
    overall = {answer: float(np.mean(values)) for answer, values in _by_answer(rated).items()}
    found = [_predicts(name, scores, overall) for name, scores in automatic.items()]
    return Rubric(tuple(_said(rated, prompts)), told, tuple(each for each in found if each), len(prompts), people)


def _by_answer(rated: Sequence[Rated], criterion: str = "") -> dict[Answered, list[float]]:
    found: dict[Answered, list[float]] = defaultdict(list)
    for each in rated:
        if criterion in ("", each.criterion):
            found[each.arm, each.prompt].append(each.value)
    return found


def _said(rated: Sequence[Rated], prompts: Sequence[str]) -> list[Said]:
    if not prompts:
        return []
    draws = Draws(len(prompts))
    kinds = list(dict.fromkeys((each.criterion, each.arm) for each in rated))
    measures = []
    for criterion, arm in kinds:
        by_answer = _by_answer(rated, criterion)
        values = [float(np.mean(by_answer[arm, p])) if (arm, p) in by_answer else np.nan for p in prompts]
        measures.append(mean(np.array(values), share=True))
    return [
        Said(arm, criterion, found.value, found.low, found.high, found.n)
        for (criterion, arm), found in zip(kinds, draws.estimates(measures), strict=True) if found
    ]  # fmt: skip


def _predicts(name: str, scores: Mapping[Answered, float], people: Mapping[Answered, float]) -> Predicts | None:
    """None for too few prompts, and where either says the same of all."""
    both = [answer for answer in people if answer in scores]
    prompts = list(dict.fromkeys(prompt for _, prompt in both))
    one, other = (np.array([values[answer] for answer in both]) for values in (scores, people))
    if len(prompts) < FEWEST or not np.ptp(one) or not np.ptp(other):
        return None
    places = [np.array([at for at, (_, prompt) in enumerate(both) if prompt == wanted]) for wanted in prompts]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(_TIMES):
        at = np.concatenate([places[i] for i in rng.integers(0, len(places), len(places))])
        if np.ptp(one[at]) and np.ptp(other[at]):
            drawn.append(_rho(one[at], other[at]))
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Predicts(name, _rho(one, other), float(low), float(high), len(both))


def _rho(one: Floats, other: Floats) -> float:
    from scipy.stats import rankdata  # half a second that the server does not need to start

    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])
