"""An open round's standing in memory: after any votes, undos and other acts the same as read anew."""

from __future__ import annotations

import random
from dataclasses import replace

from studio.records import Person, Role, Round
from studio.review import dealing, rounds, tally
from studio.store import Store
from studio.store import rounds as round_rows
from tests.round_seed import Seeded, person, ready

SIDES = ("left", "right", "tie", "both_bad")


def opened(store: Store) -> tuple[Seeded, Round, list[Person]]:
    seeded = ready(store, tests=8)
    people = [person(store, name, Role.reviewer) for name in ("Rita", "Saul", "Tove")]
    plan = replace(seeded.plan, floor=None, theta_min=0.5, second_readers=1.0)
    return seeded, rounds.open_round(store, "pia", seeded.project, plan), people


def as_read_anew(store: Store, found: Round) -> tally.Standing:
    now = tally.of(store).standing(store, found, round_rows.pairs(store, found.id))
    assert list(now.cast) == round_rows.votes(store, found.id)
    assert now.told == dealing.assessed(found, round_rows.pairs(store, found.id), now.cast)
    return now


def test_whatever_was_done_it_stands_as_if_read_anew(store: Store) -> None:
    _, found, people = opened(store)
    draw = random.Random(4)
    for _ in range(24):
        who = draw.choice(people)
        pair = rounds.next_pair(store, found, who.id)
        if pair is not None:
            rounds.vote(store, found, who, pair.id, draw.choice(SIDES), seconds_on_screen=2.0)
        if draw.random() < 0.3 and rounds.last_vote(store, found, who.id):
            rounds.undo_last(store, found, who.id)
        elif draw.random() < 0.3 and (last := rounds.last_vote(store, found, who.id)):
            rounds.explain(store, found, who.id, last[0].id, rounds.Why(note="because"))
        as_read_anew(store, found)


def test_what_changes_no_vote_reads_none_again(store: Store) -> None:
    seeded, found, people = opened(store)
    before = as_read_anew(store, found)
    person(store, "Ugo", Role.pm)
    after = as_read_anew(store, found)
    assert after.cast is before.cast and after.told is before.told and after.seq > before.seq
    pair = rounds.next_pair(store, found, people[0].id)
    assert pair is not None
    rounds.vote(store, found, people[0], pair.id, "tie", seconds_on_screen=2.0)
    voted = as_read_anew(store, found)
    assert len(voted.cast) == 1 and voted.told is not before.told
    # A registration that was changed meanwhile is judged anew, with the same votes.
    changed = replace(found, registration={**found.registration, "theta_min": 0.7})
    amended = tally.of(store).standing(store, changed, round_rows.pairs(store, found.id))
    assert amended.cast == voted.cast and amended.told[0].theta_min == 0.7


def test_a_clock_that_was_set_back_leaves_the_order_of_the_votes(store: Store) -> None:
    _, found, people = opened(store)
    for who in people[:2]:
        pair = rounds.next_pair(store, found, who.id)
        assert pair is not None
        rounds.vote(store, found, who, pair.id, "tie", seconds_on_screen=2.0)
    kept = as_read_anew(store, found)
    late = replace(kept.cast[0], at="2999-01-01T00:00:00.000+00:00")
    tally.of(store)._kept[found.id] = replace(kept, cast=(late,), seq=kept.seq - 1)
    as_read_anew(store, found)
