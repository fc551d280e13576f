"""Contradictions: what a case is, what each decision changes, that a second decision is told, and that edits reopen."""

from __future__ import annotations

import pytest

from studio import brief as brief_step
from studio import checking, contradictions, people, projects
from studio.contradictions import Case
from studio.examples import step
from studio.records import Brief, Example, Refusal, Role, Slice, Status
from studio.store import Store, briefs, examples
from studio.store import contradictions as rows


@pytest.fixture
def project(store: Store) -> str:
    made = projects.create(store, "ann", "Mine").id
    brief = Brief(task="Answer customers.", slices=(Slice("refunds"),))
    brief_step.save(store, "ann", made, brief, note="", changes_meaning=True)
    return made


def write(store: Store, project: str, ideal: str, input: str = "Where is my parcel?") -> Example:
    return step.write(store, "ann", project, input=input, ideal=ideal, slice="refunds", status=Status.approved)


@pytest.fixture
def pair(store: Store, project: str) -> tuple[Example, Example]:
    return write(store, project, "It is on its way."), write(
        store, project, "We do not know yet.", "where is my parcel"
    )


def cases(store: Store, project: str) -> list[Case]:
    made = checking.now(store, project)
    return contradictions.still_open(store, project, contradictions.found(made.checkup.report))


def only(store: Store, project: str) -> Case:
    (found,) = cases(store, project)
    return found


def status(store: Store, example: Example) -> Status:
    found = examples.get(store, example.id)
    assert found is not None
    return found.status


Pair = tuple[Example, Example]


def test_keeping_one_rejects_the_other_and_undo_brings_the_case_back(store: Store, project: str, pair: Pair) -> None:
    case = only(store, project)
    assert case.same_input and [a.text for a in case.answers] == [e.ideal for e in sorted(pair, key=lambda e: e.id)]
    place = [a.text for a in case.answers].index("It is on its way.")
    contradictions.keep(store, "ann", project, case, place)
    assert [status(store, e) for e in pair] == [Status.approved, Status.rejected] and not cases(store, project)
    store.undo(store.version, "ann")
    assert [status(store, e) for e in pair] == [Status.approved] * 2 and only(store, project) == case


def test_one_answer_for_both_is_approved_by_its_writer(store: Store, project: str, pair: Pair) -> None:
    case = only(store, project)
    contradictions.rewrite(store, "bob", project, case, " Tomorrow. ")
    assert sorted(status(store, e) for e in pair) == [Status.approved, Status.rejected] and not cases(store, project)
    (written,) = [e for e in examples.every(store, project) if e.status is Status.approved]
    assert written.ideal == "Tomorrow." and written.approvals == ("bob",)
    with pytest.raises(Refusal, match="Write the answer first"):
        contradictions.rewrite(store, "bob", project, case, " ")


def test_nearly_the_same_inputs_both_get_the_answer() -> None:
    one = Example("a", "Where is my parcel now?", "Here.", status=Status.approved)
    case = contradictions.case([one, Example("b", "Where is my parcel, now then?", "There.")])
    assert case is not None and not case.same_input


def test_near_cases_are_rewritten_alike(store: Store, project: str) -> None:
    inputs = ["Please tell me where my parcel is right now", "Please tell me where my parcel is right now!!! thanks"]
    written = [
        write(store, project, ideal, input)
        for ideal, input in zip(("It is here.", "Ask the shop."), inputs, strict=True)
    ]
    contradictions.rewrite(store, "ann", project, only(store, project), "It is on its way.")
    assert {e.ideal for e in examples.some(store, [e.id for e in written])} == {"It is on its way."}
    assert not cases(store, project)


def test_a_draft_that_is_rewritten_with_an_approved_one_stays_a_draft(store: Store, project: str) -> None:
    approved = write(store, project, "It is here.", "Please tell me where my parcel is right now")
    draft = step.write(store, "ann", project, input="Please tell me where my parcel is right now!!! thanks",
                       ideal="Ask the shop.")  # fmt: skip
    contradictions.rewrite(store, "ann", project, only(store, project), "It is on its way.")
    assert (status(store, approved), status(store, draft)) == (Status.approved, Status.draft)


def test_a_condition_becomes_a_rule_and_settles_the_texts(store: Store, project: str, pair: Pair) -> None:
    contradictions.both(store, "ann", project, only(store, project), name="Old orders",
                        rule="Over 30 days: we do not know.", changes_meaning=False)  # fmt: skip
    brief = briefs.latest(store, project)
    assert brief is not None and brief.version == 2
    assert [(c.name, c.how_to_tell, c.slices) for c in brief.criteria] == [
        ("Old orders", "Over 30 days: we do not know.", ("refunds",))
    ]
    assert not cases(store, project) and briefs.meaning_since(store, project) == 1
    gates = {g.key: g.passed for g in checking.now(store, project).checkup.report.gates}
    assert gates["contradictions"]
    current = examples.get(store, pair[0].id)
    assert current is not None
    step.edit(store, "ann", project, current, ideal="It comes on Monday.")
    assert len(cases(store, project)) == 1
    store.undo(store.version - 1, "ann")
    back = briefs.latest(store, project)
    assert back is not None and back.version == 1 and not rows.settled(store, project)


def test_no_contradiction_needs_a_reason_and_is_reopened(store: Store, project: str, pair: Pair) -> None:
    case = only(store, project)
    with pytest.raises(Refusal, match="why this is no contradiction"):
        contradictions.apart(store, "ann", project, case, " ")
    contradictions.apart(store, "ann", project, case, "Two shops.")
    (settled,) = rows.settled(store, project)
    assert settled.reason == "Two shops." and set(settled.examples) == {e.id for e in pair}
    assert not cases(store, project)
    contradictions.reopen(store, "ann", project, [settled.pair])
    assert only(store, project) == case


def test_the_second_to_decide_is_told_who_was_first(store: Store, project: str, pair: Pair) -> None:
    bob = people.join(store, people.make_invitation(store, "studio", "Bob", Role.designer), "").person.id
    case = only(store, project)
    contradictions.keep(store, bob, project, case, 0)
    before = store.version
    with pytest.raises(Refusal, match="Bob decided on this case meanwhile"):
        contradictions.keep(store, "ann", project, case, 1)
    store.undo(before, bob)
    settled = only(store, project)
    contradictions.apart(store, bob, project, settled, "Both fit.")
    with pytest.raises(Refusal, match="decided on this case meanwhile"):
        contradictions.apart(store, "ann", project, settled, "No.")


def test_of_three_answers_the_settled_pair_leaves_the_third_open(store: Store, project: str, pair: Pair) -> None:
    contradictions.apart(store, "ann", project, only(store, project), "Two shops.")
    third = write(store, project, "Ask your neighbour.")
    case = only(store, project)
    assert len(case.answers) == 3
    contradictions.keep(store, "ann", project, case, [a.examples[0].id for a in case.answers].index(third.id))
    assert sorted(status(store, e) for e in pair) == [Status.rejected] * 2


def test_decisions_are_the_same_after_a_rebuild(store: Store, project: str, pair: Pair) -> None:
    contradictions.both(store, "ann", project, only(store, project), name="Old orders", rule="When old.",
                        changes_meaning=True)  # fmt: skip
    workspace, before = store.workspace, (rows.settled(store, project), examples.every(store, project))
    store.close()
    again = Store.rebuilt(workspace)
    try:
        assert (rows.settled(again, project), examples.every(again, project)) == before
    finally:
        again.close()
