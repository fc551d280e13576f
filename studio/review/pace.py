"""How fast one reviewer goes, and when a break would do: from the times of their votes alone. Pure."""

from __future__ import annotations

import datetime
import statistics
from collections.abc import Sequence
from itertools import pairwise

from studio.records import Vote

LONGEST_PAUSE = 300.0
"""Seconds between two votes beyond which a reviewer was away, not reading."""
STEADY_MINUTES = 25
"""Minutes of voting without a pause after which a break is proposed."""
SLOWER = 1.75
"""How many times slower than before the last ten votes are when the pace has fallen off."""

_RECENT, _REMINDED_MINUTES = 10, 4


def seconds_each(mine: Sequence[Vote]) -> float | None:
    """Seconds from one vote to the next of one reviewer: the median of the last twenty, pauses left out. None before
    three votes."""
    gaps = [gap for gap in _gaps(mine)[-20:] if gap < LONGEST_PAUSE]
    return statistics.median(gaps) if len(gaps) > 1 else None


def rest(mine: Sequence[Vote]) -> str:
    """A sentence that proposes a break, "" while there is no need: after each `STEADY_MINUTES` without a pause, for a
    few minutes, and when the last votes took much longer than those before them in the same sitting."""
    sitting = _sitting(_gaps(mine))
    minutes = sum(sitting) / 60
    if minutes >= STEADY_MINUTES and minutes % STEADY_MINUTES < _REMINDED_MINUTES:
        return f"{minutes:.0f} minutes without a pause: a few away from the screen keep your judgement fresh."
    before, lately = sitting[:-_RECENT], sitting[-_RECENT:]
    if len(before) >= _RECENT and statistics.median(lately) >= SLOWER * statistics.median(before):
        return "Your last votes took much longer than those before. A short break may help; nothing runs away."
    return ""


def _gaps(mine: Sequence[Vote]) -> list[float]:
    times = [datetime.datetime.fromisoformat(vote.at) for vote in mine]
    return [(b - a).total_seconds() for a, b in pairwise(times)]


def _sitting(gaps: Sequence[float]) -> list[float]:
    """The gaps since the last pause."""
    start = max((n + 1 for n, gap in enumerate(gaps) if gap >= LONGEST_PAUSE), default=0)
    return list(gaps[start:])
