"""Who is dealt which pair: seats that are never given twice, kept for a while, filled in order; surplus votes."""

from __future__ import annotations

import dataclasses
import math
import threading
import time
from collections import Counter

import pytest
from round_seed import MAKER, Seeded, person, ready

from studio import datasets
from studio.records import Choice, Pair, PairKind, Person, Refusal, Role, Round, Split, Vote
from studio.review import dealing, desk, rounds
from studio.store import Store
from studio.store import datasets as dataset_rows
from studio.store import rounds as rows

SECONDS = 5.0


def pair(name: str, kind: PairKind = PairKind.real, of: str = "") -> Pair:
    return Pair(name, "r", 0, of or name, "late", "in", "left", "right", "base", True, kind=kind, of=of)


def a_round(votes: dict[str, int], **more: object) -> Round:
    prompts = [{"id": name, "slice": "late", "votes": n} for name, n in votes.items()]
    about = {"prompts": prompts, "cap": len(prompts), "practice": False, "candidate": "", "baselines": ["base"]}
    return Round("r", "p", {**about, **more}, "", "open", "")


def offered(found: Round, pairs: list[Pair], cast: list[Vote], who: str, counts: bool = True) -> list[str]:
    return [p.id for p in dealing.offer(found, pairs, cast, who, counts=counts).pairs]


# -- what waits ------------------------------------------------------------------------------------


def test_a_pair_is_offered_until_it_has_its_votes_and_to_nobody_twice() -> None:
    found, pairs = a_round({"a": 2, "b": 1}), [pair("a"), pair("b")]
    cast = [Vote("a", "rita", Choice.tie)]
    assert offered(found, pairs, cast, "rita") == ["b"] and offered(found, pairs, cast, "otto") == ["a", "b"]
    cast.append(Vote("a", "otto", Choice.a))
    assert offered(found, pairs, cast, "mia") == ["b"]
    assert offered(found, pairs, cast, "mia", counts=False) == ["a", "b"], "outside the count there are no seats"


def test_as_many_skips_as_votes_free_nobody_and_a_vote_outside_the_count_fills_nothing() -> None:
    found, pairs = a_round({"a": 1}), [pair("a")]
    assert offered(found, pairs, [Vote("a", "rita", Choice.skip, "no idea")], "otto") == []
    assert offered(found, pairs, [Vote("a", "rita", Choice.a, conflict="wrote it")], "otto") == ["a"]


def test_a_slice_that_asks_for_experts_goes_to_them_only() -> None:
    found, pairs = a_round({"a": 1}, experts={"late": ["otto"]}), [pair("a")]
    assert offered(found, pairs, [], "rita") == [] and offered(found, pairs, [], "otto") == ["a"]
    assert offered(a_round({"a": 1}, experts={"early": ["otto"]}), pairs, [], "rita") == ["a"]


def test_a_repeat_waits_for_whoever_judged_the_first_and_some_pairs_later() -> None:
    names = [f"p{n}" for n in range(dealing.REPEATED_AFTER + 2)]
    found = a_round(dict.fromkeys(names, 2))
    again = pair("again", PairKind.repeat, "p0")
    pairs = [pair(names[0]), again, *(pair(name) for name in names[1:])]
    cast = [Vote(name, "rita", Choice.a) for name in names[: dealing.REPEATED_AFTER]]
    assert "again" not in offered(found, pairs, cast, "rita")
    cast.append(Vote(names[dealing.REPEATED_AFTER], "rita", Choice.a))
    assert offered(found, pairs, cast, "rita") == ["again", names[-1]]
    assert "again" not in offered(found, pairs, cast, "otto")
    skipped = [dataclasses.replace(cast[0], choice=Choice.skip, reason="no idea"), *cast[1:]]
    assert "again" not in offered(found, pairs, skipped, "rita")


def test_gold_is_for_everybody_and_never_comes_in_a_row() -> None:
    names = [f"p{n}" for n in range(8)]
    found = a_round(dict.fromkeys(names, 2))
    gold = [pair(f"g{n}", PairKind.gold) for n in range(2)]
    pairs = [*gold, *(pair(name) for name in names)]
    cast = [Vote(each.id, who, Choice.a) for who in ("ada", "bo", "cy") for each in gold]
    seen: list[str] = []
    while left := offered(found, pairs, cast, "rita"):
        seen.append(left[0])
        cast.append(Vote(left[0], "rita", Choice.a))
    assert seen == ["p0", "p1", "p2", "p3", "g0", "p4", "p5", "p6", "p7", "g1"]


# -- the seats -------------------------------------------------------------------------------------


def test_a_seat_is_kept_while_it_is_read_and_given_away_when_it_lies_untouched() -> None:
    now, found, pairs = [0.0], a_round({"a": 1, "b": 1}), [pair("a"), pair("b")]
    place = desk.Desk(lambda: now[0])

    def dealt(who: str, cast: list[Vote], seated: bool = True) -> str:
        got, _ = place.deal("r", who, lambda: dealing.offer(found, pairs, cast, who, counts=seated), seated=seated)
        return got.id if got else ""

    assert [dealt("rita", []), dealt("otto", []), dealt("mia", [])] == ["a", "b", ""]
    assert dealt("ann", [], seated=False) == "a", "who does not count waits for nobody"
    assert dealt("mia", []) == "", "and takes no seat"
    now[0] = 100.0
    place.tick("r", "rita", "a", "left", True)
    now[0] = desk.HELD_SECONDS + 1
    assert dealt("mia", []) == "b", "otto did nothing for so long; rita ticked something"
    assert dealt("otto", []) == "b", "what is on a screen never changes under its reader"
    assert not place.was_late("r", "otto", "b")
    assert dealt("otto", [Vote("b", "mia", Choice.a)]) == ""
    assert dealt("mia", [Vote("b", "mia", Choice.a)]) == "", "rita has the other one still"


def test_a_screen_that_is_still_there_keeps_its_seat_for_a_quarter_of_an_hour() -> None:
    now, found, pairs = [0.0], a_round({"a": 1}), [pair("a")]
    place = desk.Desk(lambda: now[0])

    def dealt(who: str) -> str:
        got, _ = place.deal("r", who, lambda: dealing.offer(found, pairs, [], who, counts=True), seated=True)
        return got.id if got else ""

    assert dealt("rita") == "a"
    while now[0] < desk.LONGEST_READING:
        place.beat("r", "rita")
        assert dealt("otto") == ""
        now[0] += desk.BEAT_SECONDS
    for _ in range(3):
        now[0] += desk.BEAT_SECONDS
        place.beat("r", "rita")
    assert dealt("otto") == "a"
    assert dealt("mia") == ""
    place.leave("r", "otto")
    assert dealt("mia") == "a", "who stops frees the seat at once"


def test_a_pair_that_was_taken_back_comes_up_again() -> None:
    found, pairs = a_round({"a": 1, "b": 1, "c": 1}), [pair("a"), pair("b"), pair("c")]
    place = desk.Desk()

    def dealt(who: str, cast: list[Vote]) -> str:
        got, _ = place.deal("r", who, lambda: dealing.offer(found, pairs, cast, who, counts=True), seated=True)
        return got.id if got else ""

    cast = [Vote("a", "rita", Choice.a), Vote("b", "rita", Choice.a)]
    assert dealt("rita", cast) == "c"
    place.show("r", "rita", "b")
    assert dealt("rita", cast[:1]) == "b"


def test_a_held_key_takes_one_vote_back() -> None:
    now = [0.0]
    place = desk.Desk(lambda: now[0])
    place.show("r", "rita", "b")
    for _ in range(5):  # the key repeats
        now[0] += 0.03
        assert place.seconds_back("r", "rita") < 0.35
        place.pressed_too_soon("r", "rita")
    now[0] += 1.0
    assert place.seconds_back("r", "rita") > 0.9 and place.seconds_back("r", "otto") == math.inf


def test_many_at_once_are_never_dealt_one_seat_twice_and_fill_every_pair(store: Store) -> None:
    seeded = ready(store, tests=10)
    people = [person(store, name, Role.reviewer) for name in ("Ada", "Bo", "Cy", "Di", "Ed", "Fay")]
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,), second_readers=0.5, floor=None)
    found = rounds.open_round(store, "pia", seeded.project, plan)
    seats = {p.id: dealing.wanted(found, p) for p in rows.pairs(store, found.id)}
    twice: list[str] = []
    screens: dict[str, str] = {}
    lock, faults = threading.Lock(), []

    def sit(who: Person) -> None:
        try:
            while True:
                at = rounds.turn(store, found, who.id)
                if at.pair is None:
                    with lock:
                        screens.pop(who.id, None)
                    if at.left == 0 or rows.get(store, found.id).state != "open":  # type: ignore[union-attr]
                        return
                    time.sleep(0.05)
                    continue
                with lock:
                    screens[who.id] = at.pair.id
                    taken = Counter(v.pair for v in rows.votes(store, found.id) if screens.get(v.reviewer) != v.pair)
                    held = Counter(screens.values())
                    twice.extend(p for p in held if held[p] + taken[p] > seats[p])
                side = ("left", "right", "tie")[len(who.name) % 3]
                rounds.vote(store, found, who, at.pair.id, side, seconds_on_screen=SECONDS)
        except Refusal as refusal:
            if "closed" not in str(refusal):
                faults.append(str(refusal))

    threads = [threading.Thread(target=sit, args=(who,)) for who in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not faults and not twice and not any(thread.is_alive() for thread in threads)
    cast = rows.votes(store, found.id)
    assert Counter(v.pair for v in cast) == seats
    assert len({(v.pair, v.reviewer) for v in cast}) == len(cast) == 15


# -- votes too many and too late -------------------------------------------------------------------


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=6)


def test_a_vote_after_the_seat_was_filled_is_kept_and_left_out_by_the_rule(store: Store, seeded: Seeded) -> None:
    rita, otto = person(store, "Rita", Role.reviewer), person(store, "Otto", Role.reviewer)
    found = rounds.open_round(store, "pia", seeded.project, dataclasses.replace(seeded.plan, baselines=(seeded.base,)))
    first = rounds.next_pair(store, found, rita.id)
    assert first is not None
    for who, side in ((otto, "left"), (rita, "right")):
        rounds.vote(store, found, who, first.id, side, seconds_on_screen=SECONDS)
    assert rounds.is_surplus(store, found, first.id, rita.id) and not rounds.is_surplus(store, found, first.id, otto.id)
    ((against,),) = (each.against for each in rounds.assess(store, found))
    assert against.scored.surplus == 1 and len(against.scored.prompts) == 1 and len(rows.votes(store, found.id)) == 2


def test_only_who_knows_the_field_is_asked_about_its_pairs(store: Store, seeded: Seeded) -> None:
    rita, otto = person(store, "Rita", Role.reviewer), person(store, "Otto", Role.reviewer)
    kept = example_slices(store, seeded)[0]
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,), experts=((kept, (otto.id,)),))
    for few in ((MAKER,), ("nobody",)):
        with pytest.raises(Refusal, match="kept for 0 whose votes count"):
            rounds.open_round(store, MAKER, seeded.project, dataclasses.replace(plan, experts=((kept, few),)))
    with pytest.raises(Refusal, match="are to be read by 2"):
        rounds.open_round(store, MAKER, seeded.project, dataclasses.replace(plan, second_readers=0.5))
    found = rounds.open_round(store, MAKER, seeded.project, plan)
    its = {p.id for p in rows.pairs(store, found.id) if p.slice == kept}
    assert its and rounds.left_for(store, found, otto.id) - rounds.left_for(store, found, rita.id) == len(its)
    with pytest.raises(Refusal, match="knows its field"):
        rounds.vote(store, found, rita, next(iter(its)), "left", seconds_on_screen=SECONDS)
    while (at := rounds.turn(store, found, rita.id)).pair is not None:
        assert at.pair.id not in its
        rounds.vote(store, found, rita, at.pair.id, "tie", seconds_on_screen=SECONDS)
    assert at.left == 0 and rounds.left_for(store, found, otto.id) == len(its)


def example_slices(store: Store, seeded: Seeded) -> list[str]:
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    return sorted({e.slice for e in datasets.rows_in(store, dataset, Split.test)})
