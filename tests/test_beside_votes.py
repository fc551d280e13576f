"""The gates that no vote can show, on a real store: side effects, memorisation, personal data, the second look."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from round_seed import MAKER, Seeded, person, ready

from studio import baselines, beside_votes, outputs, signing
from studio.decision import Gate, GateState
from studio.documents import step as documents
from studio.evaluate import side_effects
from studio.records import Example, Refusal, Role, Split, canonical, recipe_sha256, sha256, to_json
from studio.review import rounds
from studio.store import Store, arms, briefs
from studio.store import datasets as dataset_rows


@pytest.fixture
def seeded(store: Store) -> Seeded:
    return ready(store, tests=6)


def _opened(store: Store, seeded: Seeded) -> dict[str, Gate]:
    """The gates of a round in which the prompted base and the tuned model are candidates, of the tuned one."""
    plan = rounds.Plan((seeded.prompted, seeded.tuned), (seeded.base,), seeded.dataset, cap=6, second_readers=0.0)
    found = rounds.open_round(store, MAKER, seeded.project, plan)
    return {g.name: g for g in beside_votes.gates(store, found) if g.arm in ("", seeded.tuned)}


def _answers(store: Store, seeded: Seeded, change: Any) -> None:
    """The tuned model's answers anew: `change` of each test example."""
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    tests = [e for e in dataset_rows.rows_of(store, dataset) if e.split is Split.test]
    rows = [
        {"arm": seeded.tuned, "example": e.id, "output": change(e), "tokens_in": 60, "tokens_out": 40, "seconds": 0.2,
         "similarity": 0.8, "hashes": {"prompt": sha256(""), "adapter": "weights", "settings": "s"}}
        for e in tests
    ]  # fmt: skip
    payload = {"dataset": seeded.dataset, "job": "again", "rows_blob": store.put_blob(canonical(rows))}
    store.act("generations.stored", MAKER, payload, seeded.project)


def _measured(store: Store, seeded: Seeded, *, lost: int) -> None:
    """A finished measurement in which tuning lost `lost` of the grammar questions."""
    asked = side_effects.items()
    base = {q.id: True for q in asked.skills}
    gone = [q.id for q in asked.skills if q.skill == "grammar"][:lost]
    loss, said = dict.fromkeys(asked.neutral, 3.0), dict.fromkeys(asked.outside, "The sky looks blue in the day.")
    seen = {
        "base": side_effects.Seen(loss, base, said),
        seeded.tuned: side_effects.Seen(loss, base | dict.fromkeys(gone, False), said),
    }
    detail = {"arm": seeded.tuned, "items_sha256": asked.sha256}
    job = {"id": "sidejob", "kind": "side_effects", "folder": "sidejob", "detail": detail}
    store.act("job.started", MAKER, job, seeded.project)
    result = {"seen": {name: to_json(each) for name, each in seen.items()}}
    store.act("job.finished", MAKER, {"id": "sidejob", "state": "done", "result": result}, seeded.project)


def test_what_nobody_measured_is_unchecked_and_an_untuned_candidate_needs_no_measuring(
    store: Store, seeded: Seeded
) -> None:
    assert _opened(store, seeded)["Side effects"].state is GateState.unchecked
    found = signing.latest_round(store, seeded.project)
    assert found is not None
    own = {g.name: g.state for g in beside_votes.gates(store, found) if g.arm == seeded.prompted}
    assert own == dict.fromkeys(("Side effects", "Memorisation", "Personal data"), GateState.passed)


@pytest.mark.parametrize(("lost", "state"), [(0, GateState.passed), (15, GateState.failed)])
def test_a_skill_that_was_lost_fails_the_gate(store: Store, seeded: Seeded, lost: int, state: GateState) -> None:
    _measured(store, seeded, lost=lost)
    assert _opened(store, seeded)["Side effects"].state is state


def test_an_answer_that_recites_an_example_fails_the_gate(store: Store, seeded: Seeded) -> None:
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    learned = max((e.ideal for e in dataset_rows.rows_of(store, dataset) if e.split is Split.train), key=len)
    _answers(store, seeded, lambda e: "Thanks for asking.")
    assert _opened(store, seeded)["Memorisation"].state is GateState.passed
    rounds.cancel(store, MAKER, signing.latest_round(store, seeded.project) or pytest.fail(), "to ask again")
    _answers(store, seeded, lambda e: learned)
    gate = _opened(store, seeded)["Memorisation"]
    assert gate.state is GateState.failed
    assert gate.sentence.startswith("Does it repeat its examples? 6 of its 6 answers hold a stretch")
    # Somebody who has chosen to read no answers reads this, and the certificate without texts holds it.
    assert gate.evidence and not any(part in said for said in gate.evidence for part in learned.split(". "))


def test_personal_data_counts_only_where_nobody_gave_it(store: Store, seeded: Seeded) -> None:
    """Repeating what the prompt says is no leak; a stranger's address is."""

    def answer(example: Example) -> str:
        return f"Thanks. You wrote: {example.input}. Write to jo.doe@mailbox.org."

    _answers(store, seeded, answer)
    gate = _opened(store, seeded)["Personal data"]
    assert gate.state is GateState.failed and "email (6)" in gate.sentence
    rounds.cancel(store, MAKER, signing.latest_round(store, seeded.project) or pytest.fail(), "to ask again")
    _answers(store, seeded, lambda e: f"Thanks. You wrote: {e.input}.")
    assert _opened(store, seeded)["Personal data"].state is GateState.passed


def test_what_stood_in_the_passages_and_examples_that_an_arm_was_given_is_no_leak(
    store: Store, seeded: Seeded, tmp_path: Path
) -> None:
    """An answer from the team's handbook may name whom the handbook names; the same answer without it may not."""
    handbook = tmp_path / "handbook.md"
    handbook.write_text("# Complaints\n\nDamaged goods go to Ines Roth, ines.roth@warenhaus-roth.de.")
    document = documents.add(store, MAKER, seeded.project, handbook, handbook.name)
    passages = documents.chosen(store, seeded.project, 1)
    arm = baselines.add_retrieval(store, MAKER, seeded.project, name="Handbook", passages=passages)
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None

    def gate(given: dict[str, Any]) -> Gate:
        rows = [
            {"arm": arm.id, "example": e.id, "output": "Please write to ines.roth@warenhaus-roth.de [1].",
             "tokens_in": 60, "tokens_out": 40, "seconds": 0.2, "similarity": 0.8, "given": given,
             "hashes": {"recipe": recipe_sha256(arm.system_prompt, arm.recipe), "adapter": "", "settings": "s"}}
            for e in dataset_rows.rows_of(store, dataset) if e.split is Split.test
        ]  # fmt: skip
        payload = {"dataset": seeded.dataset, "job": "read", "rows_blob": store.put_blob(canonical(rows))}
        store.act("generations.stored", MAKER, payload, seeded.project)
        plan = rounds.Plan((arm.id,), (seeded.base,), seeded.dataset, cap=6, second_readers=0.0)
        found = rounds.open_round(store, MAKER, seeded.project, plan)
        (told,) = (g for g in beside_votes.gates(store, found) if g.name == "Personal data")
        rounds.cancel(store, MAKER, found, "to ask again")
        return told

    assert gate({"passages": [f"{document.id}/1"]}).state is GateState.passed
    assert gate({}).state is GateState.failed


def test_what_was_accepted_needs_a_second_person_to_stand_by_it(store: Store, seeded: Seeded) -> None:
    pm, other = person(store, "Pia", Role.pm), person(store, "Paul", Role.pm)
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    assert _opened(store, seeded)["Health waivers"].state is GateState.passed, "nothing was accepted"
    health = {
        "waivers": {"near_duplicates": "A colleague read them."},
        "accepted": {"near_duplicates": {"person": pm.id}},
    }
    again = dataclasses.replace(dataset, id="accepted", name="Dataset 2", health=health, sha256="other")
    store.act("dataset.frozen", MAKER, {"dataset": to_json(again)}, seeded.project)
    kept = dataset_rows.get(store, "accepted")
    assert kept is not None

    def state() -> GateState:
        return beside_votes.second_look(store, kept).state

    assert state() is GateState.open
    with pytest.raises(Refusal, match="You accepted one of these yourself"):
        beside_votes.review(store, pm, kept)
    with pytest.raises(Refusal, match="A PM or an admin"):
        beside_votes.review(store, person(store, "Rita", Role.reviewer), kept)
    assert state() is GateState.open
    beside_votes.review(store, other, kept)
    assert state() is GateState.passed
    store.undo(store.history(seeded.project, ["waivers.reviewed"])[0].seq, other.id)
    assert state() is GateState.open


def test_a_share_that_the_brief_asks_for_is_a_gate_of_the_round(store: Store, seeded: Seeded) -> None:
    """Registered when the round opens: what the brief says later does not move it."""
    found = briefs.latest(store, seeded.project)
    assert found is not None
    asked = next(c for c in found.criteria if c.checks)

    def brief_with(target: float) -> None:
        criteria = tuple(dataclasses.replace(c, target=target if c is asked else 0.0) for c in found.criteria)
        kept = briefs.latest(store, seeded.project)
        assert kept is not None
        new = dataclasses.replace(found, criteria=criteria, version=kept.version + 1)
        store.act("brief.saved", MAKER, {"brief": to_json(new), "note": "", "changes_meaning": False}, seeded.project)

    _answers(store, seeded, lambda e: e.ideal if e.id == min(_tests(store, seeded)) else "Nothing of the sort.")
    brief_with(0.98)
    gate = _opened(store, seeded)[f"Brief: {asked.name}"]
    assert (
        gate.state is GateState.failed and "1 of 6 test answers" in gate.sentence and "at least 98 %" in gate.sentence
    )
    brief_with(0.1)
    opened = signing.latest_round(store, seeded.project) or pytest.fail()
    again = {g.name: g.state for g in beside_votes.gates(store, opened) if g.arm == seeded.tuned}
    assert again[f"Brief: {asked.name}"] is GateState.failed
    rounds.cancel(store, MAKER, opened, "to ask for less")
    assert _opened(store, seeded)[f"Brief: {asked.name}"].state is GateState.passed


def _tests(store: Store, seeded: Seeded) -> list[str]:
    dataset = dataset_rows.get(store, seeded.dataset)
    assert dataset is not None
    return [e.id for e in dataset_rows.rows_of(store, dataset) if e.split is Split.test]


def test_what_answers_say_is_read_again_once_answers_change_and_not_for_another_act(
    store: Store, seeded: Seeded
) -> None:
    dataset, brief = dataset_rows.get(store, seeded.dataset), briefs.latest(store, seeded.project)
    arm = arms.get(store, seeded.tuned)
    assert dataset is not None and brief is not None and arm is not None

    def told() -> Any:
        return outputs.by_rules(store, arm, brief, dataset, Split.test)

    before = told()
    baselines.add_prompt(store, MAKER, seeded.project, name="Another", text="Be kind.")
    assert told() is before
    _answers(store, seeded, lambda e: "")
    assert told().empty == before.expected == 6
    sharper = dataclasses.replace(brief, criteria=brief.criteria[:1])
    assert len(outputs.by_rules(store, arm, sharper, dataset, Split.test).scores) < len(before.scores)
    first = frozenset(list(before.shares)[:2])
    assert outputs.by_rules(store, arm, brief, dataset, Split.test, first).expected == 2
