"""Gold, repeats and formatting: what a round mixes in, who leaves the count by it, and what would give an arm away."""

from __future__ import annotations

import dataclasses

import pytest
from round_seed import Seeded, person, ready

from studio import vote_sets
from studio.records import Choice, Example, Pair, PairKind, Person, Refusal, Role, Round, Vote, canonical
from studio.review import formatting, gold, rounds
from studio.review.gold import GoldRule
from studio.store import Store, arms
from studio.store import rounds as rows

IDEAL = "We are sorry. Send it back within thirty days and the money is with you the same week."


def example(name: str, ideal: str = IDEAL, slice_: str = "returns") -> Example:
    return Example(name, f"message {name}", ideal, slice_)


# -- gold ------------------------------------------------------------------------------------------


def test_gold_is_an_ideal_answer_beside_its_half_or_another_messages_answer() -> None:
    examples = [example("a"), example("b", "Yes."), example("c", "No, never.", "hours"), example("d", "")]
    found = gold.drawn("seed", examples, 3)
    assert found == gold.drawn("seed", examples, 3) and {each["example"] for each in found} == {"a", "b", "c"}
    by_id = {each["example"]: each for each in found}
    assert by_id["b"]["made"] == gold.OTHER and by_id["b"]["other"] == "c", (
        "another kind of message, where there is one"
    )
    half = gold.made_worse(IDEAL, gold.CUT, "")
    assert IDEAL.startswith(half) and 0.4 < len(half) / len(IDEAL) < 0.6 and not half.endswith(".")
    assert gold.made_worse(IDEAL, gold.OTHER, " Yes. ") == "Yes."
    with pytest.raises(Refusal, match="Only 3 gold pairs"):
        gold.drawn("seed", examples, 4)
    with pytest.raises(Refusal, match="at most as many"):
        GoldRule(3, 4)


def test_whoever_can_no_longer_get_enough_gold_right_leaves_the_count() -> None:
    pairs = [
        Pair(name, "r", 0, name, "", "in", "l", "r", gold.CUT, True, candidate=gold.IDEAL, kind=PairKind.gold)
        for name in "abc"
    ] + [Pair("real", "r", 0, "p", "", "in", "l", "r", "base", True, candidate="tuned")]
    rule = GoldRule(3, 2)
    said = {"ann": "abb", "bea": "bt", "cyd": "sb", "dan": "b"}
    words = {"a": Choice.a, "b": Choice.b, "t": Choice.tie, "s": Choice.skip}
    cast = [Vote(pair, who, words[c]) for who, text in said.items() for pair, c in zip("abc", text, strict=False)]
    cast += [Vote("real", who, Choice.b) for who in said]
    assert gold.excluded(pairs, cast, rule) == {"ann", "bea"} and not gold.excluded(pairs, cast, GoldRule())
    assert "more than 1 of them wrong" in rule.sentence and "A skip is not wrong" in rule.sentence
    assert "nobody leaves" in GoldRule(3, 0).sentence and not gold.excluded(pairs, cast, GoldRule(3, 0))


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=24)


def voted(store: Store, found: Round, who: Person, gold_side: Choice) -> None:
    """All that waits for one person; on gold the wanted side, else the left one."""
    while found.state == "open" and (pair := rounds.next_pair(store, found, who.id)) is not None:
        side = "left" if pair.kind is not PairKind.gold or pair.candidate_left == (gold_side is Choice.a) else "right"
        found = rounds.vote(store, found, who, pair.id, side, seconds_on_screen=5.0)


def test_gold_and_repeats_lie_among_the_real_pairs_and_only_gold_takes_votes_out(store: Store, seeded: Seeded) -> None:
    rita, otto = (person(store, name, Role.reviewer) for name in ("Rita", "Otto"))
    plan = dataclasses.replace(seeded.plan, baselines=(seeded.base,), gold=3, gold_right=2, repeats=4, cap=20)
    found = rounds.open_round(store, "pia", seeded.project, plan)
    pairs = rows.pairs(store, found.id)
    kinds = [p.kind for p in pairs]
    assert (kinds.count(PairKind.gold), kinds.count(PairKind.repeat), kinds.count(PairKind.real)) == (3, 4, 24)
    by_id = {p.id: p for p in pairs}
    for pair in pairs:
        if pair.kind is PairKind.repeat:
            first = by_id[pair.of]
            assert (pair.left, pair.right, pair.candidate_left) == (first.right, first.left, not first.candidate_left)
        if pair.kind is PairKind.gold:
            assert pair.example not in {p["id"] for p in found.registration["prompts"]}
            assert (pair.left if pair.candidate_left else pair.right) != (
                pair.right if pair.candidate_left else pair.left
            )
    voted(store, found, rita, Choice.b)
    assert rounds.done(store, found) == 0 and rows.get(store, found.id) == found, "all of Rita's votes left the count"
    assert {by_id[v.pair].kind for v in rows.votes(store, found.id)} == set(PairKind) - {PairKind.sentinel}
    assert rounds.left_for(store, found, otto.id) >= 20, "and their seats are free again"
    voted(store, found, otto, Choice.a)
    closed = rows.get(store, found.id)
    assert closed is not None and closed.state == "closed" and rounds.seal_holds(store, closed)
    (assessed,) = rounds.assess(store, closed)
    assert assessed.against[0].votes == assessed.done == 20
    used = {vote.reviewer for vote in rounds.counted(closed, pairs, rows.votes(store, closed.id))}
    assert used == {otto.id}
    assert {who for pair in vote_sets.found(store, seeded.project).judged.preferred for who in pair.reviewers} == {
        otto.id
    }


def test_a_plan_with_more_repeats_or_gold_than_can_be_made_opens_nothing(store: Store, seeded: Seeded) -> None:
    person(store, "Rita", Role.reviewer)
    for wrong, told in (
        ({"repeats": 40}, "repeat at most"), ({"gold": 500}, "gold pairs can be made"), ({"votes": 4}, "from 1 to 3"),
        ({"deadline": "2020-01-01"}, "over already"), ({"deadline": "soon"}, "is not a day"),
        ({"guidelines": "x" * 5000}, "Shorten them"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=told):
            rounds.open_round(store, "pia", seeded.project, dataclasses.replace(seeded.plan, **wrong))
    assert rows.every(store, seeded.project) == []


# -- formatting ------------------------------------------------------------------------------------

MARKED = (
    "# Sorry!  \n\n**We** can `swap` it:\n* today\n- or _tomorrow_\n1) or never\n\n\n\n"
    "> Bye, 2 * 3 * 4 is snake_case_word"
)
PLAIN = "Sorry!\n\nWe can swap it:\n• today\n• or tomorrow\n1. or never\n\nBye, 2 * 3 * 4 is snake_case_word"


def test_marks_go_and_words_stay() -> None:
    assert formatting.plain(MARKED) == PLAIN == formatting.plain(PLAIN)


def test_arms_that_look_unlike_are_told_before_the_round() -> None:
    short, long = "Yes, you can.", "Yes, you can, and here is how it goes from start to end."
    told = formatting.tells([(long, short)] * 9 + [(short, long)]).sentences("Tuned", "Base")
    assert told == (
        "One of Tuned and Base writes the longer answer in 90 of 100 prompts (usually 13 words against 3): "
        "a voter can tell them apart by length.",
    )
    marked = formatting.tells([("**Yes**, you can.", short)] * 9 + [(short, short)])
    assert marked.marked == (0.9, 0.0) and "Markdown marks in 90 of 100" in marked.sentences("Tuned", "Base")[0]
    turned = formatting.tells([(short, long)] * 9 + [(long, short)]).sentences("Tuned", "Base")
    assert turned == told, "whoever sets the round up may vote in it, so which one it is stays unsaid"
    assert formatting.tells([(short, long), (long, short)]).sentences("Tuned", "Base") == ()


def test_a_round_without_marks_shows_plain_words_and_keeps_what_was_written(store: Store, seeded: Seeded) -> None:
    person(store, "Rita", Role.reviewer)
    written = [dataclasses.asdict(g) for g in arms.generations(store, seeded.dataset, seeded.tuned)]
    rows_ = [{**row, "output": f"**Dear you**,\n- {row['output']}"} for row in written]
    payload = {"dataset": seeded.dataset, "job": "", "rows_blob": store.put_blob(canonical(rows_))}
    store.act("generations.stored", "maker", payload, seeded.project)
    found = rounds.open_round(store, "pia", seeded.project, dataclasses.replace(seeded.plan, shown_plain=True))
    for pair in rows.pairs(store, found.id):
        shown, kept = (pair.left, pair.as_written[0]) if pair.candidate_left else (pair.right, pair.as_written[1])
        assert shown.startswith("Dear you,\n• ") and kept.startswith("**Dear you**,\n- ")
