"""Should we fine-tune at all? Case by case, no combination of answers without one, and evidence from a real store."""

from __future__ import annotations

import dataclasses
import itertools
from pathlib import Path

import pytest
from round_seed import person, ready, vote_like_the_script

from studio import advice, projects
from studio import brief as step
from studio.advice import rules
from studio.advice.rules import Answer, Evidence, advise
from studio.examples import labelling, outcome
from studio.examples import step as example_step
from studio.records import Brief, Refusal, Role, Slice, Split, Status, canonical, sha256, to_json
from studio.review import rounds as review
from studio.store import Store, examples
from studio.store import advice as rows
from studio.store import datasets as dataset_rows
from studio.store.labels import Answer as Says

DOC = Path(__file__).resolve().parents[1] / "docs" / "should-we-tune.md"
READY = Evidence(
    prompts=2, kept=(0.6, 0.5, 0.7), scored=40, approved={"a": 80, "b": 40}, approved_in_all=120, agreement=0.8,
    judged=30, facts="no", changes="rarely", traffic="some", cheaper="no",
)  # fmt: skip
GOOD = (0.97, 0.93, 0.99)


def but(**changes: object) -> Evidence:
    return dataclasses.replace(READY, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("known", "answer", "rule"),
    [
        (Evidence(), Answer.prompt, "no prompt yet"),
        (READY, Answer.tune, "tune"),
        (but(facts="yes"), Answer.retrieve, "fresh facts"),
        (but(facts="yes", changes="weekly", prompts=0, kept=None), Answer.retrieve, "fresh facts"),
        (but(changes="weekly"), Answer.prompt, "the task moves"),
        (but(changes="monthly"), Answer.tune, "tune"),
        (but(prompts=0, kept=None), Answer.prompt, "no prompt yet"),
        (but(kept=None), Answer.prompt, "no prompt scored"),
        (but(kept=GOOD), Answer.prompt, "the prompt is good enough"),
        # A high share on few inputs is not known to be high.
        (but(kept=(0.97, 0.7, 1.0)), Answer.tune, "tune"),
        (but(kept=GOOD, cheaper="yes", traffic="few"), Answer.prompt, "the prompt is good enough"),
        (but(kept=GOOD, cheaper="yes", traffic=""), Answer.prompt, "the prompt is good enough"),
        (but(kept=GOOD, cheaper="yes", traffic="many"), Answer.tune, "tune"),
        (but(kept=GOOD, cheaper="no", traffic="many"), Answer.prompt, "the prompt is good enough"),
        (but(agreement=0.4), Answer.collect, "people do not agree"),
        (but(agreement=0.4, judged=5), Answer.tune, "tune"),
        (but(agreement=None, judged=0), Answer.tune, "tune"),
        (but(approved_in_all=99), Answer.collect, "too few examples"),
        (but(approved={"a": 111, "b": 9}), Answer.collect, "a kind of input is thin"),
        (but(facts="", changes="", traffic="", cheaper=""), Answer.tune, "tune"),
    ],
)
def test_each_rule(known: Evidence, answer: Answer, rule: str) -> None:
    found = advise(known)
    assert (found.answer, found.rule) == (answer, rule)
    assert found.reasons and all(reason.endswith(".") for reason in found.reasons)


def combinations() -> list[Evidence]:
    people = [["", *words] for words in advice.QUESTIONS.values()]
    prompts = [(0, None), (1, None), (1, (0.5, 0.4, 0.6)), (2, GOOD)]
    counts = [({}, 0), ({}, 200), ({"a": 3}, 200), ({"a": 200}, 200), ({"a": 5}, 5)]
    judged = [(None, 0), (0.9, 5), (0.3, 40), (0.9, 40)]
    return [
        Evidence(n, kept, 30 if kept else 0, approved, in_all, agreed, items, *said)
        for (n, kept), (approved, in_all), (agreed, items), *said in itertools.product(prompts, counts, judged, *people)
    ]


def test_no_combination_of_answers_falls_through() -> None:
    every = combinations()
    assert len(every) == 4 * 5 * 4 * 3 * 4 * 4 * 3
    fired = set()
    for known in every:
        found = advise(known)
        fired.add(found.rule)
        assert found.reasons, known
    assert fired == {name for name, _, _ in rules.RULES}


def test_what_would_change_the_answer_does_lead_there_and_unknowns_are_told_apart() -> None:
    for known in combinations()[::7]:
        found = advise(known)
        assert all(change.then is not found.answer for change in (*found.would_change, *found.open_changes))
        assert not found.open_changes or found.unknown


def test_a_change_is_named_for_what_it_is() -> None:
    found = advise(but(facts="", approved_in_all=99))
    assert "facts" in found.unknown and found.answer is Answer.collect
    assert [c.then for c in found.open_changes] == [Answer.retrieve]
    assert any("100 approved examples" in c.if_so and c.then is Answer.tune for c in found.would_change)


def test_the_reasons_come_in_the_order_of_the_rules() -> None:
    reasons = advise(but(approved_in_all=40, approved={"a": 2}, agreement=0.1)).reasons
    assert [
        next(part for part in ("agree little", "40 examples", "a (2)") if part in reason) for reason in reasons
    ] == ["agree little", "40 examples", "a (2)"]


def test_the_document_names_every_rule_figure_and_source() -> None:
    text = " ".join(DOC.read_text(encoding="utf-8").split())
    assert [name for name, _, _ in rules.RULES if f"*{name}*" not in text] == []
    assert [source.url for source in rules.SOURCES if source.url not in text] == []
    figures = (rules.PROMPT_KEEPS, rules.ENOUGH, rules.ENOUGH_A_SLICE, rules.AGREE, rules.ENOUGH_JUDGED)
    assert [figure for figure in figures if f"`{figure}`" not in text] == []


# -- evidence ---------------------------------------------------------------------------------------


def test_an_answer_is_kept_with_its_person_can_be_undone_and_replays(store: Store) -> None:
    project = projects.create(store, "dora", "Mine").id
    advice.answer(store, "dora", project, "facts", "yes")
    advice.answer(store, "dora", project, "facts", "yes")  # the same again is no act
    advice.answer(store, "ines", project, "facts", "no")
    assert (rows.answers(store, project)["facts"].value, rows.answers(store, project)["facts"].person) == ("no", "ines")
    store.undo(store.recent(project, "ines")[0].seq, "ines")
    assert rows.answers(store, project)["facts"].value == "yes"
    advice.answer(store, "dora", project, "facts", "")
    assert advice.gather(store, project).facts == "" and rows.answers(store, project) == {}
    for question, value in (("weather", "yes"), ("facts", "perhaps")):
        with pytest.raises(Refusal, match="no such answer"):
            advice.answer(store, "dora", project, question, value)


def test_a_rebuilt_workspace_holds_the_same_answers(store: Store) -> None:
    project = projects.create(store, "dora", "Mine").id
    advice.answer(store, "dora", project, "traffic", "many")
    before, workspace = rows.answers(store, project), store.workspace
    store.close()
    again = Store.rebuilt(workspace)
    assert rows.answers(again, project) == before
    again.close()


def test_an_empty_project_knows_nothing(store: Store) -> None:
    project = projects.create(store, "dora", "Mine").id
    assert advice.gather(store, project) == Evidence()


def test_the_best_prompt_is_the_one_scored_on_validation(store: Store) -> None:
    made = ready(store, tests=10)
    assert advice.gather(store, made.project).kept is None  # it has only answered test prompts
    dataset = dataset_rows.get(store, made.dataset)
    assert dataset is not None
    asked = [e for e in dataset_rows.rows_of(store, dataset) if e.split is Split.validation]
    written = [
        {"arm": made.prompted, "example": e.id, "output": e.ideal, "tokens_in": 1, "tokens_out": 1, "seconds": 0.1,
         "similarity": 0.9, "hashes": {"prompt": sha256("Answer politely."), "adapter": "", "settings": "s"}}
        for e in asked
    ]  # fmt: skip
    payload = {"dataset": made.dataset, "job": "", "rows_blob": store.put_blob(canonical(written))}
    store.act("generations.stored", "dora", payload, made.project)
    known = advice.gather(store, made.project)
    assert known.kept is not None and known.kept[0] > 0.95 and known.scored == len(asked)
    assert advise(known).rule == "the prompt is good enough"
    assert known.approved_in_all == sum(known.approved.values()) and "upset" in known.approved


def test_agreement_comes_from_closed_rounds_and_an_open_one_tells_nothing(store: Store) -> None:
    made = ready(store, tests=24)
    voters = [person(store, name, Role.reviewer) for name in ("Rita", "Rolf")]
    plan = dataclasses.replace(made.plan, second_readers=1.0, cap=20)
    found = review.open_round(store, "pia", made.project, plan)
    told = step.consequences(store, made.project)
    assert any(said.startswith("The blind round of ") and "goes on under version 1" in said for said in told)
    for voter in voters:
        found = vote_like_the_script(store, found, voter, most=30)
        if found.state == "open":
            assert advice.gather(store, made.project).agreement is None
    for voter in (*voters, *voters):
        found = vote_like_the_script(store, found, voter)
    assert found.state == "closed"
    known = advice.gather(store, made.project)
    assert known.judged >= rules.ENOUGH_JUDGED and known.agreement is not None and known.agreement > 0.9
    assert any("was held under version 1" in said for said in step.consequences(store, made.project))


def test_labels_of_several_people_count_before_votes(store: Store) -> None:
    project = projects.create(store, "dora", "Mine").id
    team = [person(store, name, Role.designer).id for name in ("Dora", "Ines")]
    ids = [
        example_step.write(store, "ann", project, input=f"Question {i}?", ideal="So.", status=Status.in_review).id
        for i in range(30)
    ]
    queue = labelling.open_queue(store, team[0], project, "All", ids, team, overlap=2, share=1.0)
    for i, name in enumerate(ids):
        for who in team:  # they split on every third
            says = Says.reject if i % 2 and (who == team[0] or i % 3) else Says.approve
            current = examples.get(store, name)
            assert current is not None
            labelling.give(store, queue, who, name, says, shown=outcome.fingerprint(current), seconds=9)
    known = advice.gather(store, project)
    assert known.judged == 30 and known.agreement == pytest.approx(0.654, abs=0.01)
    assert any("agree little beyond luck (0.6" in reason for reason in advise(known).reasons)


def test_slices_without_a_single_example_count_as_thin(store: Store) -> None:
    project = projects.create(store, "dora", "Mine").id
    brief = {"brief": to_json(Brief("t", slices=(Slice("rare"),), version=1)), "note": "", "changes_meaning": True}
    store.act("brief.saved", "dora", brief, project)
    assert advice.gather(store, project).thin == {"rare": 0}
