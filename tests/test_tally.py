"""An open round's standing in memory: after any votes, undos and other acts the same as read anew."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import replace

from studio.records import Choice, Pair, PairKind, Person, Role, Round, Vote
from studio.review import dealing, preference, rounds, tally
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
    assert decided(now.told) == decided(dealing.assessed(found, round_rows.pairs(store, found.id), now.cast))
    return now


def decided(told: Sequence[preference.Assessment]) -> object:
    """All that an open round goes by, and all that it decides from."""
    against = [(replace(a, scored=replace(a.scored, waiting=0, skipped=0, surplus=0)), a.scored.at_cap)
               for each in told for a in each.against]  # fmt: skip
    verdicts = [(each.candidate, each.done, each.at_cap, each.floor, each.votes_alone) for each in told]
    return against, verdicts, preference.stop_reason(told), dealing.completed(told), dealing.through(told)


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
    assert len(voted.cast) == 1 and voted.told is before.told, "with one of its two votes a prompt is not complete"
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


# -- when the rule is applied ----------------------------------------------------------------------

PROMPTS, PEOPLE = 20, ("rita", "saul", "tove", "ugo", "wrote")
SHARES = {"go": (40, 1, 1), "no-go": (1, 30, 2), "cap": (2, 2, 2)}
"""How often the better, the worse and neither is chosen in a round that is to end so."""


def long_round(draw: random.Random, candidates: int) -> tuple[Round, list[Pair]]:
    """A round with a floor, a critical slice, gold, one vote or two on a prompt, and pairs for each candidate."""
    arms, baselines = [f"tuned-{n}" for n in range(candidates)], ["base", "prompted"]
    prompts = [{"id": f"p{n}", "slice": "late" if n % 3 else "refunds", "votes": draw.choice((1, 2))}
               for n in range(PROMPTS)]  # fmt: skip
    about = {
        "prompts": prompts, "cap": PROMPTS - 1, "practice": False, "theta_min": 0.55, "floor": 0.2,
        "guardrails": [{"name": "refunds", "delta": 0.2, "critical": False}],
        "candidates": [{"arm": arm, "baselines": baselines, "cost": n} for n, arm in enumerate(arms)],
        "gold": {"pairs": [1, 2], "right": 1},
    }  # fmt: skip
    pairs = [
        Pair(f"{arm}-{base}-{p['id']}", "r", 0, p["id"], p["slice"], "in", "one", "two", base, draw.random() < 0.5,
             candidate=arm)
        for p in prompts for arm in arms for base in baselines
    ]  # fmt: skip
    gold = [Pair(f"gold-{n}", "r", 0, f"g{n}", "", "in", "one", "two", "", True, kind=PairKind.gold) for n in range(2)]
    return Round("r", "p", about, "", "open", ""), [*gold, *pairs]


def cast_in(draw: random.Random, found: Round, pairs: Sequence[Pair], shares: Sequence[int]) -> Iterator[Vote]:
    """Votes as they may come: of many at once, so out of order, with skips, surplus, gold and votes that count not."""
    waiting = [(pair, who) for pair in pairs for who in draw.sample(PEOPLE, 4)]
    while waiting:
        pair, who = waiting.pop(draw.randrange(min(20, len(waiting))))
        weights = (9, 1, 0, 0, 0) if pair.kind is PairKind.gold else (*shares, 1, 1)
        choice = draw.choices((Choice.a, Choice.b, Choice.tie, Choice.both_bad, Choice.skip), weights)[0]
        ships = draw.choice((None, None, choice is not Choice.b))
        yield Vote(pair.id, who, choice, "no idea" if choice is Choice.skip else "", ships, ships,
                   conflict="wrote it" if who == "wrote" else "")  # fmt: skip


def test_a_rule_that_is_applied_when_a_prompt_is_complete_closes_at_the_same_vote() -> None:
    """Beside the rule applied after each vote: the same verdict, evidence and prompts at every single one of them."""
    ended, spared, votes = set(), 0, 0
    for wanted, seed, candidates in (("go", 3, 1), ("no-go", 4, 1), ("cap", 5, 1), ("no-go", 10, 2)):
        draw = random.Random(seed)
        found, pairs = long_round(draw, candidates)
        cast: list[Vote] = []
        told = dealing.assessed(found, pairs, cast)
        for vote in cast_in(draw, found, pairs, SHARES[wanted]):
            nothing = dealing.completes_nothing(found, pairs, told, cast, [vote])
            cast.append(vote)
            anew = dealing.assessed(found, pairs, cast)
            told = told if nothing else anew
            assert decided(told) == decided(anew)
            spared, votes = spared + nothing, votes + 1
            if reason := preference.stop_reason(anew):
                ended.add(reason)
                break
    assert ended == set(SHARES) and votes / 3 < spared < votes


def any_round(draw: random.Random) -> tuple[Round, list[Pair]]:
    """A round with any cap, floor, margin, gold rule and number of votes, with repeats and a sentinel."""
    found, pairs = long_round(draw, draw.choice((1, 2)))
    about = found.registration
    about |= {
        "prompts": [{**p, "votes": draw.choice((1, 2, 3))} for p in about["prompts"]], "cap": draw.randint(1, PROMPTS),
        "floor": draw.choice((None, 0.2, 0.6)), "theta_min": draw.choice((0.5, 0.7)), "practice": draw.random() < 0.2,
        "gold": {"pairs": [1, 2], "right": draw.randint(0, 2)}, "cap_amended": draw.random() < 0.3,
    }  # fmt: skip
    real = [pair for pair in pairs if pair.kind is PairKind.real]
    repeats = [replace(p, id=f"again-{p.id}", kind=PairKind.repeat, of=p.id) for p in draw.sample(real, 8)]
    return found, [*pairs, *repeats, replace(real[0], id="same", kind=PairKind.sentinel)]


def test_in_any_round_with_votes_that_came_together_undone_ones_and_amendments() -> None:
    steps = spared = 0
    for seed in range(16):
        draw = random.Random(seed)
        found, pairs = any_round(draw)
        cast: list[Vote] = []
        told, came = dealing.assessed(found, pairs, cast), list[Vote]()
        for vote in cast_in(draw, found, pairs, draw.choice([*SHARES.values(), (1, 0, 0)])):
            came.append(vote)
            if draw.random() < 0.3:
                continue  # read together with the next one
            nothing = dealing.completes_nothing(found, pairs, told, cast, came)
            cast, came = [*cast, *came], []
            told = told if nothing else dealing.assessed(found, pairs, cast)
            assert decided(told) == decided(dealing.assessed(found, pairs, cast)), (seed, len(cast))
            steps, spared = steps + 1, spared + nothing
            if len(cast) > 130:
                break
            if draw.random() < 0.04:  # either is judged anew, as `tally` does
                cast.pop(draw.randrange(len(cast)))
                found = replace(found, registration={**found.registration, "cap": draw.randint(1, PROMPTS)})
                told = dealing.assessed(found, pairs, cast)
    assert steps / 3 < spared < steps
