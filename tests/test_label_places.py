"""Labels beside the points of a picture: none hides a mark, an interval or another label while there is room."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.ui import label_places
from studio.ui.label_places import Cross, Place

HALF_WIDE, HALF_TALL, HALF_MARK = 6, 7, 8


WIDE, TALL = 300, 300


def places(points: list[Cross]) -> list[Place]:
    return label_places.places(points, WIDE, TALL)


def cross(x: float, y: float, across: float = 8, up: float = 30) -> Cross:
    return Cross(x, y, x - across, x + across, y - up, y + up)


def test_a_point_by_itself_has_its_label_beside_it_clear_of_its_own_bars() -> None:
    (place,) = places([cross(100, 100)])
    assert not place.far and min(abs(place.right) - HALF_WIDE, abs(place.up) - HALF_TALL) > HALF_MARK


@given(st.integers(-60, 60), st.integers(-60, 60))
def test_of_two_points_however_close_no_label_hides_an_interval(right: int, up: int) -> None:
    points = [cross(150, 150), cross(150 + right, 150 + up)]
    labels = [box(point, place) for point, place in zip(points, places(points), strict=True)]
    for label in labels:
        for each in points:
            assert not meet(label, (each.x - HALF_MARK, each.y - HALF_MARK, each.x + HALF_MARK, each.y + HALF_MARK))
            assert not meet(label, (each.left, each.y, each.right, each.y))
            assert not meet(label, (each.x, each.low, each.x, each.high))
    assert not meet(*labels)


@given(st.sampled_from((0, 150, WIDE)), st.sampled_from((0, 150, TALL)))
def test_no_label_is_cut_off_at_an_edge(x: int, y: int) -> None:
    point = cross(x, y)
    (place,) = places([point])
    left, low, right, high = box(point, place)
    assert left >= 0 and low >= 0 and right <= WIDE and high <= TALL


def test_in_a_crowd_labels_keep_off_each_other_and_lines_lead_to_the_far_ones() -> None:
    points = [cross(150 + 3 * n, 150 + 5 * n) for n in range(6)]
    told = places(points)
    labels = [box(point, place) for point, place in zip(points, told, strict=True)]
    assert not any(meet(one, other) for n, one in enumerate(labels) for other in labels[:n])
    assert any(place.far for place in told)


Box = tuple[float, float, float, float]


def box(point: Cross, place: Place) -> Box:
    x, y = point.x + place.right, point.y + place.up
    return x - HALF_WIDE, y - HALF_TALL, x + HALF_WIDE, y + HALF_TALL


def meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
