"""What is read once: kept until an act, made again after it, and never of an older version."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import binomtest

from studio import projects
from studio.review.agreement import even_chance
from studio.store import Store
from studio.store.once import Once


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store.open(Path(tmp_path_factory.mktemp("once")))


def test_a_read_is_made_once_until_something_is_written(store: Store) -> None:
    reads = []

    def read() -> int:
        reads.append(1)
        return len(reads)

    assert [store.once("n", read), store.once("n", read)] == [1, 1]
    assert store.once("other", read) == 2
    projects.create(store, "anna", "A project")
    assert store.once("n", read) == 3


def test_what_a_read_gave_before_a_later_act_is_not_kept_for_it() -> None:
    once = Once()

    def overtaken() -> str:
        assert once.get(2, "n", lambda: "new") == "new"
        return "old"

    assert once.get(1, "n", overtaken) == "old"
    assert once.get(2, "n", lambda: "never asked") == "new"


def test_only_the_last_are_kept() -> None:
    once, reads = Once(), []
    for key in [*range(100), 99, 0]:
        once.get(1, key, lambda key=key: reads.append(key))  # type: ignore[misc]
    assert reads == [*range(100), 0]


def test_a_read_that_fails_is_not_kept() -> None:
    once = Once()
    with pytest.raises(ZeroDivisionError):
        once.get(1, "n", lambda: 1 // 0)
    assert once.get(1, "n", lambda: 5) == 5


@pytest.mark.parametrize(("k", "n"), [(0, 0), (0, 1), (3, 6), (70, 110), (4, 40), (1_910, 3_700), (9_000, 20_000)])
def test_the_exact_p_value_of_an_even_share_is_scipys(k: int, n: int) -> None:
    assert even_chance(k, n) == (pytest.approx(binomtest(k, n).pvalue, rel=1e-9) if n else 1.0)
