"""The map of the examples: what differs most lies apart, the same way each time, and a draw of too many says so."""

from __future__ import annotations

import numpy as np
import pytest

from studio.health import plane as planes
from studio.health.plane import plane


def vectors(count: int, seed: int = 5) -> dict[str, np.ndarray]:
    """Two topics that differ in one direction, and noise in the others."""
    random = np.random.default_rng(seed)
    made = 0.05 * random.normal(size=(count, 12))
    made[:, 3] += np.where(np.arange(count) % 2, 1.0, -1.0)
    return {f"e{i}": row.astype(np.float32) for i, row in enumerate(made)}


def test_two_topics_lie_apart_and_the_map_is_the_same_each_time() -> None:
    given = vectors(60)
    found, again = plane(given), plane(dict(reversed(given.items())))
    assert found is not None and again is not None
    sides = {name: x > 0 for name, x in zip(found.ids, found.x, strict=True)}
    assert {sides[f"e{i}"] for i in range(0, 60, 2)} != {sides[f"e{i}"] for i in range(1, 60, 2)}
    assert len({sides[f"e{i}"] for i in range(0, 60, 2)}) == 1
    assert found.ids == again.ids and found.x == pytest.approx(again.x, abs=1e-4)
    assert 0.9 < found.shown <= 1.0 and found.of == 60


def test_the_share_shown_is_that_of_the_variance() -> None:
    given = vectors(40)
    told = np.stack(list(given.values())).astype(float)
    strengths = np.linalg.svd(told - told.mean(axis=0), compute_uv=False) ** 2
    found = plane(given)
    assert found is not None and found.shown == pytest.approx(strengths[:2].sum() / strengths.sum(), abs=1e-6)


def test_how_many_neighbours_are_kept_is_measured() -> None:
    random = np.random.default_rng(2)
    flat = np.zeros((200, 12), dtype=np.float32)
    flat[:, [1, 4]] = random.normal(size=(200, 2))
    found = plane({f"e{i}": row for i, row in enumerate(flat)})
    assert found is not None and found.kept == pytest.approx(1.0, abs=0.01) and found.asked == 200
    strewn = random.normal(size=(700, 60)).astype(np.float32)
    lost = plane({f"e{i}": row for i, row in enumerate(strewn)})
    assert lost is not None and lost.kept is not None and lost.asked == 500
    assert lost.by_chance < lost.kept < 0.2
    few = plane(vectors(40))
    assert few is not None and few.kept is None


def test_of_too_many_a_draw_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planes, "MOST", 10)
    found = plane(vectors(50))
    assert found is not None and len(found.ids) == 10 and found.of == 50
    assert plane(vectors(2)) is None
