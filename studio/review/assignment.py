"""Were sides and baselines dealt by chance? An audit that may be read after every vote. Pure.

The e-value is the Dirichlet-multinomial mixture of Lindon and Malek (2022): how many times its money somebody would
have by now who bet against the registered shares. Dealing sides in a balanced order, as this studio does, makes
counts more even than coin flips and so the e-value smaller on average (Hoeffding, 1963, theorem 4).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from studio.review.evidence import bounded
from studio.review.scoring import Ballot

ALARM = 1000.0
"""At this e-value the assignment was not by chance: a false alarm in at most 1 of 1,000 rounds."""


@dataclass(frozen=True)
class Assignment:
    """What was dealt: `left` of `pairs` pairs had the candidate on the left; `baselines`: pairs against each
    registered one, empty when none was registered; `reviewers` were dealt a pair.

    Evidence against chance of the sides (`by_side`), of the baselines (`by_baseline`), and of each reviewer's own sides
    (`by_reviewer`, the mean over them). None where there is nothing to look at. It looks at what was voted on or
    skipped, not at what nobody saw.
    """

    pairs: int
    left: int
    baselines: Mapping[str, int]
    reviewers: int
    by_side: float
    by_baseline: float | None
    by_reviewer: float | None

    @property
    def e_value(self) -> float:
        """The mean of the parts, which is an e-value again, however they depend on each other."""
        parts = [part for part in (self.by_side, self.by_baseline, self.by_reviewer) if part is not None]
        return sum(parts) / len(parts)

    @property
    def alarm(self) -> bool:
        return self.e_value >= ALARM

    @property
    def sentence(self) -> str:
        """What the figures mean, in plain words."""
        if not self.pairs:
            return "No pair with a recorded side was voted on, so nothing can be said about how they were dealt."
        told = f"The candidate stood on the left in {self.left} of {self.pairs} pairs"
        figure = f"evidence against chance: {_times(self.e_value)} to 1, an alarm at {ALARM:,.0f}"
        if not self.alarm:
            return f"{told}; nothing speaks against sides dealt by chance ({figure})."
        return f"{told}. Do not trust this round: {self._wrong} ({figure})."

    @property
    def _wrong(self) -> str:
        if (self.by_baseline or 0.0) >= ALARM:
            return "the baselines did not come up equally often"
        if (self.by_reviewer or 0.0) > self.by_side:
            return "some reviewers saw the candidate mostly on one side"
        return "the side was not left to chance"


def assignment(votes: Iterable[Ballot], registered: Sequence[str] = ()) -> Assignment:
    """The audit of all votes, skips included, in any order. Votes without a recorded side are left out.

    `registered`: the baselines that were to get as many pairs each; without them only the sides are audited.
    """
    dealt: dict[tuple[str, str], bool] = {}
    by_reviewer: dict[str, list[bool]] = {}
    for vote in votes:
        if vote.candidate_left is not None:
            dealt.setdefault((vote.prompt, vote.baseline), vote.candidate_left)
            by_reviewer.setdefault(vote.reviewer, []).append(vote.candidate_left)
    left = sum(dealt.values())
    met = Counter(baseline for _, baseline in dealt)
    baselines = {name: met[name] for name in registered}
    own = [sample_ratio([sum(sides), len(sides) - sum(sides)]) for sides in by_reviewer.values()]
    return Assignment(
        pairs=len(dealt),
        left=left,
        baselines=baselines,
        reviewers=len(own),
        by_side=sample_ratio([left, len(dealt) - left]),
        by_baseline=sample_ratio(list(baselines.values())) if len(baselines) > 1 else None,
        by_reviewer=sum(own) / len(own) if own else None,
    )


def sample_ratio(counts: Sequence[int], shares: Sequence[float] | None = None) -> float:
    """Evidence that `counts` do not come from `shares` (equal ones if not given): the Dirichlet-multinomial e-value.

    The mixture is flat over all shares. 1.0 for no counts or a single cell. May be looked at after every count.
    """
    if len(counts) < 2:
        return 1.0
    wanted = shares or [1 / len(counts)] * len(counts)
    cells, n = len(counts), sum(counts)
    log = math.lgamma(cells) - math.lgamma(cells + n)
    log += sum(math.lgamma(1 + count) for count in counts)
    log -= sum(count * math.log(share) for count, share in zip(counts, wanted, strict=True))
    return bounded(log)


def _times(value: float) -> str:
    return "less than 0.1" if value < 0.1 else f"{value:,.1f}" if value < 1e6 else f"{value:.1e}"
