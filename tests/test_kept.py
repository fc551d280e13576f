"""Small reads in memory: given again until what they read changes, and never older than what was acknowledged."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from studio.records import Person, Refusal, Role
from studio.store import Store, people
from studio.store.kept import Kept
from tests.round_seed import person


def test_a_read_is_kept_until_one_of_its_tables_is_written_to() -> None:
    kept, reads = Kept(), iter(range(10))

    def ask() -> int:
        return kept.read("both", ("votes", "pairs"), lambda: next(reads))

    assert (ask(), ask()) == (0, 0)
    kept.changed(1, "person.joined", ["people"])
    assert ask() == 0
    kept.changed(2, "vote.cast", ["votes"])
    assert (ask(), ask()) == (1, 1)
    kept.changed(3, "undone", ["pairs", "rounds"])
    assert (ask(), ask()) == (2, 2)


def test_a_read_that_votes_do_not_change_is_kept_until_anything_else_is_done() -> None:
    kept, reads = Kept(), iter(range(10))

    def ask() -> int:
        return kept.read_besides("conflict", ("vote.cast",), lambda: next(reads))

    assert ask() == 0
    kept.changed(1, "vote.cast", ["votes"])
    assert ask() == 0
    kept.changed(2, "undone", [])
    assert (ask(), ask()) == (1, 1)


def test_what_was_read_while_a_change_was_committed_is_not_kept() -> None:
    kept = Kept()

    def meanwhile() -> str:
        kept.changed(1, "vote.cast", ["votes"])
        return "perhaps before it"

    assert kept.read("all", ["votes"], meanwhile) == "perhaps before it"
    assert kept.read("all", ["votes"], lambda: "after it") == "after it"


def test_a_role_that_changed_and_its_undo_are_seen_at_once(store: Store) -> None:
    admin, rita = person(store, "Ada", Role.admin), person(store, "Rita", Role.reviewer)

    def now() -> Person | None:
        return people.get(store, rita.id)

    assert now() == rita
    act = store.act("person.changed", admin.id, {"id": rita.id, "role": Role.pm.value})
    assert (found := now()) is not None and found.role is Role.pm
    store.undo(act.seq, admin.id)
    assert now() == rita


def test_two_who_ask_at_once_wait_for_one_reading() -> None:
    kept, reads, begun, go_on = Kept(), iter(range(10)), threading.Event(), threading.Event()

    def slowly() -> int:
        begun.set()
        assert go_on.wait(10)
        return next(reads)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(kept.read, "all", ["votes"], slowly)
        assert begun.wait(10)
        second = pool.submit(kept.read, "all", ["votes"], slowly)
        assert kept.read("another", ["votes"], lambda: "meanwhile") == "meanwhile"
        go_on.set()
        assert (first.result(10), second.result(10)) == (0, 0)
    assert next(reads) == 1


def test_who_waits_takes_what_was_begun_after_they_asked_although_others_write_meanwhile() -> None:
    """Else each of many who wait reads again, one after the other, for as long as votes come in."""
    kept, reads, begun, go_on = Kept(), iter(range(10)), threading.Event(), threading.Event()

    def while_others_vote() -> int:
        begun.set()
        assert go_on.wait(10)
        number = next(reads)
        kept.changed(number + 2, "vote.cast", {"votes"})
        return number

    def ask() -> int:
        return kept.read("all", ["votes"], while_others_vote)

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(ask)
        assert begun.wait(10)
        kept.changed(1, "vote.cast", {"votes"})
        waiting = [pool.submit(ask) for _ in range(3)]
        while kept._reading["all"].waiting < 4:
            time.sleep(0.001)
        go_on.set()
        assert first.result(10) == 0
        assert {each.result(10) for each in waiting} == {1}, "not the first one, begun before the vote they know of"
    assert ask() == 2, "somebody voted during that reading"


def test_a_reading_that_failed_leaves_the_next_to_try() -> None:
    kept = Kept()

    def fails() -> int:
        raise Refusal("not now")

    for _ in range(2):
        with pytest.raises(Refusal):
            kept.read("all", ["votes"], fails)
    assert kept.read("all", ["votes"], lambda: 7) == 7
