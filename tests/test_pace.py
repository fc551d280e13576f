"""How fast a reviewer goes and when a break is proposed."""

from __future__ import annotations

import datetime

import pytest

from studio.records import Choice, Vote
from studio.review import pace

START = datetime.datetime(2026, 11, 2, 9, tzinfo=datetime.UTC)


def votes(*gaps: float) -> list[Vote]:
    """A first vote, and one after each gap in seconds."""
    at, cast = START, [Vote("p0", "rita", Choice.a, at=START.isoformat())]
    for n, gap in enumerate(gaps, start=1):
        at += datetime.timedelta(seconds=gap)
        cast.append(Vote(f"p{n}", "rita", Choice.a, at=at.isoformat()))
    return cast


def test_the_pace_is_the_median_without_pauses() -> None:
    assert pace.seconds_each([]) is None and pace.seconds_each(votes(10)) is None
    assert pace.seconds_each(votes(10, 20, 4000, 30)) == 20


@pytest.mark.parametrize(
    ("gaps", "told"),
    [
        ([], ""),
        ([60] * 24, ""),
        ([60] * 26, "26 minutes without a pause"),
        ([60] * 30, ""),
        ([60] * 51, "51 minutes without a pause"),
        ([60] * 26 + [400] + [60] * 3, ""),
        ([10] * 20 + [20] * 10, "took much longer"),
        ([10] * 9 + [20] * 10, ""),
        ([10] * 20 + [400] + [20] * 10, ""),
        ([10] * 20 + [14] * 10, ""),
    ],
)
def test_a_break_is_proposed_after_a_while_and_when_the_pace_falls_off(gaps: list[float], told: str) -> None:
    assert told in pace.rest(votes(*gaps)) and bool(pace.rest(votes(*gaps))) == bool(told)
