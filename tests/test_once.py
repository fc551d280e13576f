"""What is read once: kept until an act that can change it, and made again after it."""

from __future__ import annotations

from pathlib import Path

import pytest
from scipy.stats import binomtest

from studio import people, projects
from studio.records import Role
from studio.review.agreement import even_chance
from studio.store import Store
from studio.store.kept import LARGE_ONES, TALK
from studio.store.writes import HANDLERS


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


def test_what_people_say_and_who_comes_and_goes_changes_nothing_of_it(store: Store) -> None:
    reads: list[int] = []
    invited = people.make_invitation(store, people.SYSTEM, "Rita", Role.reviewer)
    store.once("said", lambda: reads.append(1))
    joined = people.join(store, people.make_invitation(store, people.SYSTEM, "Saul", Role.reviewer), "")
    store.once("said", lambda: reads.append(2))
    people.sign_out(store, joined.session)
    store.once("said", lambda: reads.append(3))
    assert reads == [1, 2] and invited
    assert all(kind in HANDLERS for kind in TALK)


def test_only_the_last_are_kept(store: Store) -> None:
    reads: list[int] = []
    many = LARGE_ONES + 1
    for key in [*range(many), many - 1, 0]:
        store.once(key, lambda key=key: reads.append(key))  # type: ignore[misc]
    assert reads == [*range(many), 0]


@pytest.mark.parametrize(("k", "n"), [(0, 0), (0, 1), (3, 6), (70, 110), (4, 40), (1_910, 3_700), (9_000, 20_000)])
def test_the_exact_p_value_of_an_even_share_is_scipys(k: int, n: int) -> None:
    assert even_chance(k, n) == (pytest.approx(binomtest(k, n).pvalue, rel=1e-9) if n else 1.0)
