"""Where the number of each point of a picture stands, so that it hides neither points, intervals nor other numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_Box = tuple[float, float, float, float]
_Line = tuple[float, float, float, float]
WIDE, TALL, MARK = 7.0, 8.0, 9.0
"""Half the width and height of a digit, and half the side of a point's mark, in pixels."""
_NEAR, _STEP, _ROUND = 18.0, 7.0, 16
"""How far off the nearest places lie, how far apart the rings of them, and how many there are in a ring."""


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
    """How far a label's middle stands to the `right` of its point and `up` from it, in pixels; a line leads there."""

    right: float
    up: float


def places(points: Sequence[Cross], wide: float, tall: float) -> list[Place]:
    """For the number of each point the nearest place that hides nothing, inside a picture so `wide` and `tall`.

    Nothing is hidden of marks, of intervals, of other labels and of the lines that lead to those; no line leads through
    a label, nor through another point's mark unless the two marks touch. A point in the middle of more than the picture
    has room for gets the place that hides least. In a picture stretched across or up, with all places stretched too,
    whatever was apart is further apart."""
    marks = [(p.x - MARK, p.y - MARK, p.x + MARK, p.y + MARK) for p in points]
    thin = [bar for p in points for bar in ((p.left, p.y, p.right, p.y), (p.x, p.low, p.x, p.high))]
    labels: list[_Box] = []
    found: list[Place] = []
    for number, (point, own) in enumerate(zip(points, marks, strict=True), start=1):
        half = WIDE * len(str(number))
        others = [mark for mark in marks if not _meet(mark, own)]
        best, least = Place(_NEAR, _NEAR), math.inf
        for place in _offered(math.hypot(wide, tall)):
            label, line = _box(point, place, half), (point.x, point.y, point.x + place.right, point.y + place.up)
            hidden = _hidden(label, marks + labels, thin, (0.0, 0.0, wide, tall))
            hidden += sum(_through(line, each) for each in labels + others)
            if hidden < least:
                best, least = place, hidden
            if not hidden:
                break
        labels.append(_box(point, best, half))
        thin.append((point.x, point.y, point.x + best.right, point.y + best.up))
        found.append(best)
    return found


def _offered(furthest: float) -> Iterator[Place]:
    """The four corners of a cross, near; then rings of places, each further out."""
    for right, up in ((1, 1), (-1, 1), (1, -1), (-1, -1)):
        yield Place(right * _NEAR, up * _NEAR)
    for ring in range(1, int(furthest / _STEP)):
        reach = _NEAR + ring * _STEP
        for part in range(_ROUND):
            turn = 2 * math.pi * (part + 0.5) / _ROUND
            yield Place(reach * math.cos(turn), reach * math.sin(turn))


def _box(point: Cross, place: Place, half: float) -> _Box:
    x, y = point.x + place.right, point.y + place.up
    return x - half, y - TALL, x + half, y + TALL


def _hidden(label: _Box, solid: Sequence[_Box], thin: Sequence[_Line], picture: _Box) -> int:
    """A mark or another label under it, or an edge of the picture through it, is worse than any number of lines."""
    cut = label[0] < picture[0] or label[1] < picture[1] or label[2] > picture[2] or label[3] > picture[3]
    return 100 * (cut + sum(_meet(label, each) for each in solid)) + sum(_through(each, label) for each in thin)


def _meet(one: _Box, other: _Box) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


def _through(line: _Line, box: _Box) -> bool:
    """Whether a part of the line lies in the box: what is left of it once each of the four sides has cut it."""
    x, y, right, up = line[0], line[1], line[2] - line[0], line[3] - line[1]
    first, last = 0.0, 1.0
    for along, at, low, high in ((right, x, box[0], box[2]), (up, y, box[1], box[3])):
        if along == 0:
            if not low <= at <= high:
                return False
            continue
        ends = sorted(((low - at) / along, (high - at) / along))
        first, last = max(first, ends[0]), min(last, ends[1])
    return first <= last
