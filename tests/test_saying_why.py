"""What a voter says beside a vote: kept with it, changed while the round is open, replayed, taken back with it."""

from __future__ import annotations

import dataclasses

import pytest
from round_seed import Seeded, person, ready, vote_like_the_script

from studio.records import Pair, Person, Refusal, Role, Round, Vote
from studio.review import rounds
from studio.store import Store, briefs
from studio.store import rounds as rows

SECONDS = 5.0


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=6)


@pytest.fixture
def rita(store: Store) -> Person:
    return person(store, "Rita", Role.reviewer)


@pytest.fixture
def found(store: Store, seeded: Seeded, rita: Person) -> Round:
    return rounds.open_round(
        store, "pia", seeded.project, dataclasses.replace(seeded.plan, baselines=(seeded.base,), floor=None)
    )


def why(store: Store, found: Round, **more: str) -> rounds.Why:
    brief = briefs.version(store, found.project, found.registration["brief_version"])
    assert brief is not None
    return rounds.Why((brief.criteria[0].name,), **more)


def first(store: Store, found: Round, who: Person) -> Pair:
    pair = rounds.next_pair(store, found, who.id)
    assert pair is not None
    return pair


def only(store: Store, found: Round) -> Vote:
    (vote,) = rows.votes(store, found.id)
    return vote


def test_what_is_said_with_the_vote_is_kept_in_the_one_act(store: Store, found: Round, rita: Person) -> None:
    said, before = why(store, found, note=" Kinder. ", better="Dear Ms Lee,\nit is on its way."), store.version
    rounds.vote(store, found, rita, first(store, found, rita).id, "left", seconds_on_screen=7.456, why=said)
    vote = only(store, found)
    assert (vote.reasons, vote.note, vote.better) == (said.reasons, "Kinder.", said.better)
    assert vote.seconds == 7.46 and store.version == before + 1


def test_more_can_be_said_until_the_round_closes(store: Store, found: Round, rita: Person) -> None:
    pair = first(store, found, rita)
    with pytest.raises(Refusal, match="no vote on that pair"):
        rounds.explain(store, found, rita.id, pair.id, why(store, found))
    rounds.vote(store, found, rita, pair.id, "tie", seconds_on_screen=SECONDS)
    plain = only(store, found)
    rounds.explain(store, found, rita.id, pair.id, why(store, found, note="Both are fine."))
    assert only(store, found) == dataclasses.replace(plain, reasons=why(store, found).reasons, note="Both are fine.")
    rounds.explain(store, found, rita.id, pair.id, rounds.Why())
    assert only(store, found) == plain
    found = vote_like_the_script(store, found, rita)
    assert found.state == "closed"
    with pytest.raises(Refusal, match="closed before this arrived"):
        rounds.explain(store, found, rita.id, pair.id, why(store, found))


def test_what_is_no_reason_or_too_long_is_refused_and_no_vote(store: Store, found: Round, rita: Person) -> None:
    pair = first(store, found, rita)
    for wrong, told in ((rounds.Why(("Charm",)), "no criterion"), (rounds.Why(note="x" * 2_001), "shorten it")):
        with pytest.raises(Refusal, match=told):
            rounds.vote(store, found, rita, pair.id, "left", seconds_on_screen=SECONDS, why=wrong)
    assert rows.votes(store, found.id) == []


def test_a_vote_is_taken_back_with_what_was_said(store: Store, found: Round, rita: Person) -> None:
    pair = first(store, found, rita)
    rounds.vote(store, found, rita, pair.id, "left", seconds_on_screen=SECONDS)
    for note in ("One.", "Two."):
        rounds.explain(store, found, rita.id, pair.id, rounds.Why(note=note))
    rounds.undo_last(store, found, rita.id)
    assert rows.votes(store, found.id) == []
    rounds.vote(store, found, rita, pair.id, "right", seconds_on_screen=SECONDS)
    assert only(store, found).note == ""


def test_a_replay_gives_the_same_votes_and_takes_votes_of_before(store: Store, found: Round, rita: Person) -> None:
    one = first(store, found, rita)
    rounds.vote(store, found, rita, one.id, "left", seconds_on_screen=SECONDS, why=why(store, found, note="Kinder."))
    rounds.explain(store, found, rita.id, one.id, rounds.Why(better="Better."))
    new = store.history(found.project, ["vote.cast"])[0]
    asked_since = ("reasons", "note", "better", "seconds")
    old = {k: v for k, v in store.payload(new).items() if k not in asked_since}
    store.act("vote.cast", rita.id, {**old, "pair": first(store, found, rita).id}, found.project)
    before = rows.votes(store, found.id)
    assert (before[1].reasons, before[1].note, before[1].better, before[1].seconds) == ((), "", "", None)
    assert (before[0].reasons, before[0].note, before[0].better) == ((), "", "Better.")
    workspace = store.workspace
    store.close()
    again = Store.rebuilt(workspace)
    assert rows.votes(again, found.id) == before and again.audit() == []
    again.close()
