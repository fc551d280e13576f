"""Amendments of an open round: signed, hashed onto what was before, seen by everybody, and never at the votes' cost."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace

import pytest
from round_seed import Seeded, person, ready, vote_like_the_script

from studio import certificate, signing
from studio.records import Person, Refusal, Role, Round, canonical, sha256
from studio.review import amending, ledger, rounds
from studio.review.scoring import Guardrail
from studio.review.sides import commitment
from studio.store import Store
from studio.store import rounds as rows


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=24)


@pytest.fixture
def pia(store: Store) -> Person:
    return person(store, "Pia", Role.pm)


def opened(store: Store, seeded: Seeded) -> Round:
    plan = replace(seeded.plan, baselines=(seeded.base,), cap=12)
    return rounds.open_round(store, "maker", seeded.project, plan)


def amended(store: Store, found: Round, who: Person, why: str = "fewer people came", **changes: object) -> Round:
    wanted = replace(amending.current(found), **changes)  # type: ignore[arg-type]
    return amending.amend(store, who, found, wanted, why)


def cast(store: Store, found: Round, who: Person) -> Round:
    pair = rounds.next_pair(store, found, who.id)
    assert pair is not None
    return rounds.vote(store, found, who, pair.id, "tie", seconds_on_screen=5.0)


def test_an_amendment_is_hashed_onto_what_was_before_and_the_votes_stay(
    store: Store, seeded: Seeded, pia: Person
) -> None:
    rita = person(store, "Rita", Role.reviewer)
    first = cast(store, opened(store, seeded), rita)
    second = amended(store, first, pia, cap=20, deadline="2099-01-02")
    assert second.sha256 == sha256(canonical(second.registration)) != first.sha256
    assert rounds.left_for(store, second, rita.id) == 19 and len(rows.votes(store, first.id)) == 1
    with pytest.raises(Refusal, match="another registration"):
        cast(store, first, rita)
    third = amended(store, cast(store, second, rita), pia, "it is urgent", cap=14, votes=2)
    told = ledger.entries(third.registration)
    assert [each.previous for each in told] == [first.sha256, second.sha256]
    assert told[0].changes == (
        "at most 20 prompts instead of 12; the test at the cap is off", "deadline 2099-01-02 instead of none"
    )  # fmt: skip
    assert "2 votes on each of the 22 prompts nobody had voted on" in told[1].changes
    assert (told[1].reason, told[1].by) == ("it is urgent", pia.id)
    assert sorted({p["votes"] for p in third.registration["prompts"]}) == [1, 2]
    assert ledger.chain_holds(third)
    assert all(each.cap_amended for each in rounds.registered(third))
    for broken in ("reason", "previous", "by"):
        entries = [{**third.registration["amendments"][0], broken: "x"}, third.registration["amendments"][1]]
        forged = {**third.registration, "amendments": entries}
        assert not ledger.chain_holds(replace(third, registration=forged, sha256=sha256(canonical(forged))))


def test_what_decides_a_go_needs_a_new_round_and_who_may_not_sign_changes_nothing(
    store: Store, seeded: Seeded, pia: Person
) -> None:
    dora, found = person(store, "Dora", Role.designer), opened(store, seeded)
    for who, why, changes, told in (
        (dora, "x", {"cap": 20}, "by a PM or an admin"), (pia, "  ", {"cap": 20}, "needs a reason"),
        (pia, "x", {}, "says already"), (pia, "x", {"cap": 25}, "must lie between"), (pia, "x", {"votes": 0}, "1 to 3"),
        (pia, "x", {"deadline": "2020-01-01"}, "over already"), (pia, "x", {"guidelines": "y" * 5000}, "Shorten"),
        (pia, "x", {"guardrails": (Guardrail("refunds", 0.9),)}, "between 0 and 0.5"),
    ):  # fmt: skip
        with pytest.raises(Refusal, match=told):
            amended(store, found, who, why, **changes)
    assert rows.get(store, found.id) == found
    assert not {"arms", "candidates", "theta_min", "floor", "gold"} & {
        f.name for f in dataclasses.fields(amending.Amendable)
    }
    amended(store, found, pia, guidelines="Be kind.")
    with pytest.raises(Refusal, match="amended the round meanwhile"):
        amended(store, found, pia, cap=20)


def test_a_lower_cap_loses_no_prompt_that_was_judged(store: Store, seeded: Seeded, pia: Person) -> None:
    rita, found = person(store, "Rita", Role.reviewer), opened(store, seeded)
    for side in ("skip", "skip", "skip", "tie", "left", "right"):
        pair = rounds.next_pair(store, found, rita.id)
        assert pair is not None
        found = rounds.vote(store, found, rita, pair.id, side, seconds_on_screen=5.0, reason="a hard one")
    assert rounds.done(store, found) == 3
    for cap in (3, 5):
        with pytest.raises(Refusal, match="between the 6 prompts that are done or skipped"):
            amended(store, found, pia, cap=cap)
    closed = amended(store, found, pia, cap=6)
    assert closed.state == "closed" and rounds.assess(store, closed)[0].done == 3


def test_votes_on_a_prompt_go_up_and_down_again_and_second_readers_stay(
    store: Store, seeded: Seeded, pia: Person
) -> None:
    rita = person(store, "Rita", Role.reviewer)
    plan = replace(seeded.plan, baselines=(seeded.base,), second_readers=0.25)
    found = cast(store, rounds.open_round(store, "maker", seeded.project, plan), rita)
    before = found.registration["prompts"]
    more = amended(store, found, pia, votes=3)
    assert amending.current(more).votes == 3 and {p["votes"] for p in more.registration["prompts"][1:]} == {3}
    less = amended(store, more, pia, votes=1)
    assert amending.current(less).votes == 1 and less.registration["prompts"] == before
    assert ledger.chain_holds(less)


def test_undoing_an_amendment_works_until_somebody_votes_under_it(store: Store, seeded: Seeded, pia: Person) -> None:
    rita, found = person(store, "Rita", Role.reviewer), opened(store, seeded)
    changed = amended(store, found, pia, guardrails=(Guardrail("refunds", 0.2, critical=True),))
    assert "other rules for" in ledger.entries(changed.registration)[0].changes[0]
    store.undo(store.recent(seeded.project, pia.id)[0].seq, pia.id)
    assert rows.get(store, found.id) == found
    changed = cast(store, amended(store, found, pia, cap=20), rita)
    with pytest.raises(Refusal, match="went on under this amendment"):
        store.undo(store.recent(seeded.project, pia.id)[0].seq, pia.id)
    assert rows.get(store, found.id) == changed


def test_a_round_with_a_lower_cap_closes_and_its_certificate_tells_every_change(
    store: Store, seeded: Seeded, pia: Person
) -> None:
    rita, found = person(store, "Rita", Role.reviewer), opened(store, seeded)
    for _ in range(6):
        found = cast(store, found, rita)
    found = vote_like_the_script(store, amended(store, found, pia, cap=8), rita)
    assert found.state == "closed" and rounds.seal_holds(store, found)
    (assessed,) = rounds.assess(store, found)
    assert (assessed.done, assessed.at_cap, assessed.against[0].p_cap) == (8, True, None)
    gate = next(g for g in signing.ruling(store, found).gates if g.name == "Amendments")
    assert gate.state.value == "passed" and gate.evidence == (
        "at most 8 prompts instead of 12; the test at the cap is off (fewer people came)",
    )
    assert certificate.verify(signing.certificate_of(store, found)).ok
    with pytest.raises(Refusal, match="not open any more"):
        amended(store, found, pia, cap=10)


def test_an_older_round_keeps_its_sides_when_its_cap_is_lowered(store: Store, seeded: Seeded, pia: Person) -> None:
    rita = person(store, "Rita", Role.reviewer)
    opened(store, seeded)
    act = store.recent(seeded.project, "maker")[0]
    payload = store.payload(act)
    store.undo(act.seq, "maker")
    frozen = {k: v for k, v in payload["registration"].items() if k not in ("dealt", "guidelines", "deadline")}
    under = {p["id"] for p in frozen["prompts"][:12]}
    pairs = [row for row in json.loads(store.get_blob(payload["pairs_blob"])) if row["example"] in under]
    payload |= {
        "registration": frozen, "sha256": sha256(canonical(frozen)), "pairs_blob": store.put_blob(canonical(pairs)),
        "commitment": commitment(payload["sealed"]["seed"], pairs),
    }  # fmt: skip
    store.act("round.opened", "maker", payload, seeded.project)
    found = rows.every(store, seeded.project)[0]
    with pytest.raises(Refusal, match="and the 12 that have pairs"):
        amended(store, found, pia, cap=13)
    found = vote_like_the_script(store, amended(store, found, pia, cap=6), rita)
    assert found.state == "closed" and rounds.seal_holds(store, found) and ledger.chain_holds(found)
