"""Labels beside the points of a picture: none hides a mark, an interval, another label or the line to one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from studio.ui import label_places
from studio.ui.label_places import MARK, TALL, WIDE, Cross, Place

ACROSS, UP = 240, 290
CROWD = 8


def places(points: list[Cross]) -> list[Place]:
    return label_places.places(points, ACROSS, UP)


def cross(x: float, y: float, across: float = 8, up: float = 30) -> Cross:
    return Cross(x, y, x - across, x + across, y - up, y + up)


def test_a_point_by_itself_has_its_label_beside_it_clear_of_its_own_bars() -> None:
    (place,) = places([cross(100, 100)])
    assert min(abs(place.right) - WIDE, abs(place.up) - TALL) > MARK


@st.composite
def crosses(draw: st.DrawFn, near: int) -> Cross:
    """A point within `near` pixels of the middle, its intervals as wide as the picture may show them."""
    x, y = ACROSS / 2 + draw(st.integers(-near, near)), UP / 2 + draw(st.integers(-near, near))
    left, right, low, high = (draw(st.integers(0, 90)) for _ in range(4))
    return Cross(x, y, max(0, x - left), min(ACROSS, x + right), max(0, y - low), min(UP, y + high))


@given(st.lists(crosses(near=110), min_size=1, max_size=CROWD))
def test_no_label_of_up_to_eight_hides_anything(points: list[Cross]) -> None:
    nothing_is_hidden(points)


@given(st.lists(crosses(near=6), min_size=2, max_size=CROWD))
def test_nor_where_they_all_lie_nearly_at_the_same_place(points: list[Cross]) -> None:
    nothing_is_hidden(points)


@given(st.lists(crosses(near=40), min_size=2, max_size=CROWD), st.floats(1, 4))
def test_nor_in_a_wider_picture_with_the_labels_in_the_same_places_of_it(points: list[Cross], times: float) -> None:
    wider = [Cross(p.x * times, p.y, p.left * times, p.right * times, p.low, p.high) for p in points]
    told = [Place(place.right * times, place.up) for place in places(points)]
    nothing_is_hidden(wider, told, ACROSS * times)


@given(st.sampled_from((0, 150, ACROSS)), st.sampled_from((0, 150, UP)))
def test_no_label_is_cut_off_at_an_edge(x: int, y: int) -> None:
    nothing_is_hidden([cross(x, y)])


def test_the_same_crowd_is_labelled_in_the_same_way() -> None:
    points = [cross(120 + 3 * n, 150 + 2 * n) for n in range(CROWD)]
    assert places(points) == places(points)


Box = tuple[float, float, float, float]


def nothing_is_hidden(points: list[Cross], told: list[Place] | None = None, across: float = ACROSS) -> None:
    told = told or places(points)
    labels = [box(point, place) for point, place in zip(points, told, strict=True)]
    for number, label in enumerate(labels):
        assert label[0] >= 0 and label[1] >= 0 and label[2] <= across and label[3] <= UP
        assert not any(meet(label, other) for other in labels[:number])
        for each in points:
            assert not meet(label, (each.x - MARK, each.y - MARK, each.x + MARK, each.y + MARK))
            assert not meet(label, (each.left, each.y, each.right, each.y))
            assert not meet(label, (each.x, each.low, each.x, each.high))
        for other, (point, place) in enumerate(zip(points, told, strict=True)):
            if other != number:  # the line to another label, looked at pixel by pixel
                steps = [n / 200 for n in range(201)]
                dots = [(point.x + step * place.right, point.y + step * place.up) for step in steps]
                assert not any(label[0] < x < label[2] and label[1] < y < label[3] for x, y in dots)


def box(point: Cross, place: Place) -> Box:
    x, y = point.x + place.right, point.y + place.up
    return x - WIDE, y - TALL, x + WIDE, y + TALL


def meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
