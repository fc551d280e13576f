"""The exit question: asked once, of pairs voted on; counted after closing, with its exact p."""

from __future__ import annotations

import dataclasses

import pytest
from round_seed import Seeded, person, ready, vote_like_the_script

from studio.records import Choice, Pair, PairKind, Person, Refusal, Role, Round, Vote
from studio.review import guesses, rounds
from studio.review.guesses import rightness
from studio.review.sensitivity import exit_guess
from studio.store import Store
from studio.store import guesses as rows
from studio.store.guesses import Guess, Guessed

TUNED = frozenset({"tuned"})


def pair(name: str, candidate: str, baseline: str, left: bool, kind: PairKind = PairKind.real) -> Pair:
    return Pair(name, "r", 0, name, "s", "in", "one", "two", baseline, left, candidate=candidate, kind=kind)


def test_a_guess_is_right_on_the_side_of_the_one_tuned_answer() -> None:
    pairs = [
        pair("a", "tuned", "base", True), pair("b", "prompted", "tuned", True), pair("c", "prompted", "base", True),
        pair("d", "tuned", "base", False, PairKind.sentinel), pair("e", "tuned", "base", False),
    ]  # fmt: skip
    told = [Guess(p.id, "rita", Guessed.left) for p in pairs]
    cast = [Vote("a", "rita", Choice.a)]
    assert rightness(pairs, told, cast, TUNED) == [True, False, False]
    assert rightness(pairs, [Guess("a", "rita", Guessed.none)], cast, TUNED) == []
    assert rightness(pairs, told, [Vote("a", "otto", Choice.a)], TUNED) == [], "only of those whose votes count"


def test_the_published_figure_34_of_50_is_p_0077() -> None:
    told = exit_guess(34, 50)
    assert f"{told.p:.4f}" == "0.0077" and told.banner and not exit_guess(28, 50).banner


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=8)


@pytest.fixture
def rita(store: Store) -> Person:
    return person(store, "Rita", Role.reviewer)


@pytest.fixture
def found(store: Store, seeded: Seeded, rita: Person) -> Round:
    return rounds.open_round(store, "pia", seeded.project, dataclasses.replace(seeded.plan, baselines=(seeded.base,)))


def test_it_is_asked_once_and_counted_when_closed(store: Store, found: Round, rita: Person) -> None:
    assert guesses.is_asked(store, found, rita.id) and guesses.to_ask(store, found, rita.id) == []
    closed = vote_like_the_script(store, found, rita)
    asked = guesses.to_ask(store, closed, rita.id)
    assert closed.state == "closed" and len(asked) == guesses.ASKED
    with pytest.raises(Refusal, match="no pair to guess"):
        guesses.answer(store, closed, rita, {})
    with pytest.raises(Refusal, match="left, right or no idea"):
        guesses.answer(store, closed, rita, {asked[0].id: "both"})
    right = {p.id: "left" if p.candidate_left else "right" for p in asked[:4]}
    guesses.answer(store, closed, rita, {**right, asked[4].id: "none"})
    told = guesses.counted(store, closed)
    assert (told.right, told.n, told.p) == (4, 4, 1 / 16)
    assert not guesses.is_asked(store, closed, rita.id)
    with pytest.raises(Refusal, match="answered this already"):
        guesses.answer(store, closed, rita, right)
    workspace = store.workspace
    kept = rows.of_round(store, closed.id)
    store.close()
    again = Store.rebuilt(workspace)
    assert rows.of_round(again, closed.id) == kept and again.audit() == []
    again.close()


def test_nobody_guesses_about_pairs_of_others(store: Store, found: Round, rita: Person) -> None:
    first = rounds.next_pair(store, found, rita.id)
    assert first is not None
    with pytest.raises(Refusal, match="no vote on one of these"):
        guesses.answer(store, found, rita, {first.id: "left"})
    assert rows.of_round(store, found.id) == []
