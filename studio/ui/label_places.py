"""Where a short label stands beside each point of a picture, so that it hides neither points, intervals nor labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_Box = tuple[float, float, float, float]
_WIDE, _TALL, _MARK = 7.0, 8.0, 9.0
"""Half the width and height of a label, and half the side of a point's mark."""
_NEAR, _FAR = 18.0, 32.0
_DIAGONALS = ((1, 1), (-1, 1), (1, -1), (-1, -1))


@dataclass(frozen=True)
class Cross:
    """A point with its intervals across and up, all in pixels from the lower left corner."""

    x: float
    y: float
    left: float
    right: float
    low: float
    high: float


@dataclass(frozen=True)
class Place:
    """How far a label's middle stands to the `right` of its point and `up` from it, in pixels. `far`: further than
    beside it, so that a line has to lead there."""

    right: float
    up: float

    @property
    def far(self) -> bool:
        return max(abs(self.right), abs(self.up)) > _NEAR


def places(points: Sequence[Cross], wide: float, tall: float) -> list[Place]:
    """For each point the first place that hides least, inside a picture so `wide` and `tall` where it can be. A crowd
    may leave none that hides nothing; a label has no ground of its own, so that what lies under it is still seen."""
    marks = [(p.x - _MARK, p.y - _MARK, p.x + _MARK, p.y + _MARK) for p in points]
    bars = [bar for p in points for bar in ((p.left, p.y, p.right, p.y), (p.x, p.low, p.x, p.high))]
    labels: list[_Box] = []
    found: list[Place] = []
    for point in points:
        told = {place: _box(point, place) for place in _offered()}
        best = min(told, key=lambda place: _hidden(told[place], marks + labels, bars, (0.0, 0.0, wide, tall)))
        labels.append(_box(point, best))
        found.append(best)
    return found


def _offered() -> Iterator[Place]:
    """The four corners of a cross, near and then far; and far places between them."""
    for reach in (_NEAR, _FAR):
        for right, up in _DIAGONALS:
            yield Place(right * reach, up * reach)
    for right, up in _DIAGONALS:
        yield Place(right * _FAR, up * _NEAR)
        yield Place(right * _NEAR, up * _FAR)


def _box(point: Cross, place: Place) -> _Box:
    x, y = point.x + place.right, point.y + place.up
    return x - _WIDE, y - _TALL, x + _WIDE, y + _TALL


def _hidden(label: _Box, solid: Sequence[_Box], bars: Sequence[_Box], picture: _Box) -> int:
    """A mark or another label under it, or an edge of the picture through it, is worse than any number of intervals."""
    cut = label[0] < picture[0] or label[1] < picture[1] or label[2] > picture[2] or label[3] > picture[3]
    return 100 * (cut + sum(_meet(label, each) for each in solid)) + sum(_meet(label, each) for each in bars)


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
