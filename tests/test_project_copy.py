"""A project begun from another: what comes along, under which ids, and who is no judge in it."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from round_seed import ready

from studio import baselines, brief, people, project_copy, projects
from studio.documents import step as document_step
from studio.examples import step as example_step
from studio.records import Brief, Person, Refusal, Role
from studio.review import rounds
from studio.review.independence import conflict
from studio.store import Store, arms, briefs, documents, examples
from studio.store import projects as rows


@pytest.fixture
def source(store: Store, tmp_path: Path) -> str:
    """A demo in which the brief's meaning changed after most of the approvals, with a document and two prompts."""
    made = projects.from_demo(store, "ann", "ticket-triage").id
    first = briefs.latest(store, made)
    assert first is not None
    brief.save(store, "ann", made, dataclasses.replace(first, task="Sort"), note="", changes_meaning=True)
    ids = [each.id for each in examples.every(store, made)]
    store.act("examples.marked", "ann", {"ids": ids[:3], "status": "approved", "brief_version": 2}, made)
    store.act("examples.trashed", "ann", {"ids": ids[-1:], "trashed": True}, made)
    file = tmp_path / "policy.txt"
    file.write_text("Parcels that arrive late are paid back within fourteen days. " * 5)
    document_step.add(store, "ann", made, file, file.name)
    baselines.add_prompt(store, "pia", made, name="Plain", text="Answer in JSON.")
    given = document_step.chosen(store, made, 2)
    baselines.add_retrieval(store, "pia", made, name="With policy", text="Use the policy.", passages=given)
    return made


def told(store: Store, project: str) -> list[object]:
    """What the examples say, without what must differ in a copy."""
    return [
        dataclasses.replace(e, id="", batch="", revision=1, brief_version=0) for e in examples.every(store, project)
    ]


def test_a_copy_says_the_same_under_new_ids_and_is_taken_back_whole(store: Store, source: str) -> None:
    made = project_copy.duplicate(store, "bob", source)
    copy = made.project.id
    assert made.project.name.endswith("(copy)") and made.project.origin == f"copy:{source}"
    assert sorted(told(store, copy), key=repr) == sorted(told(store, source), key=repr) and made.examples == 317
    assert not {e.id for e in examples.every(store, copy)} & {e.id for e in examples.every(store, source)}
    stale = [examples.approved_before(store, each, briefs.meaning_since(store, each)) for each in (source, copy)]
    assert stale[0] == stale[1] > 0
    saved = briefs.versions(store, copy)[0]
    assert saved.brief.task == "Sort" and "version 2" in saved.note and saved.brief.version == 1
    names = [(arm.name, arm.recipe.passages) for arm in arms.every(store, copy)]
    assert names == [(arm.name, arm.recipe.passages) for arm in arms.every(store, source)] and made.prompts == 2
    assert [d.sha256 for d in documents.every(store, copy)] == [d.sha256 for d in documents.every(store, source)]
    projects.rename(store, "bob", copy, "Another")
    with pytest.raises(Refusal, match="Work was done"):
        store.undo(store.recent(copy, "bob")[-1].seq, "bob")
    store.undo(store.recent(copy, "bob")[0].seq, "bob")
    store.undo(store.recent(copy, "bob")[-1].seq, "bob")
    assert rows.get(store, copy) is None and not examples.every(store, copy) and not documents.every(store, copy)


def test_a_project_is_begun_with_the_brief_alone(store: Store, source: str) -> None:
    made = project_copy.duplicate(store, "bob", source, "Fresh", with_examples=False)
    assert made.project.name == "Fresh" and not examples.every(store, made.project.id) and made.prompts == 2
    empty = projects.create(store, "bob", "Empty").id
    for wrong, why in ((empty, "no brief"), ("nowhere", "no such project")):
        with pytest.raises(Refusal, match=why):
            project_copy.duplicate(store, "bob", wrong, with_examples=False)
    with pytest.raises(Refusal, match="called “Fresh” already"):
        project_copy.duplicate(store, "bob", source, "Fresh")


def test_who_made_the_examples_is_no_judge_of_their_copy(store: Store) -> None:
    def joined(name: str) -> Person:
        return people.join(store, people.make_invitation(store, people.SYSTEM, name, Role.pm), "").person

    writer, prompter, other = joined("Wim"), joined("Pia"), joined("Otto")
    made = projects.create(store, writer.id, "First").id
    brief.save(store, writer.id, made, Brief(task="Answer"), note="", changes_meaning=True)
    example_step.write(store, writer.id, made, input="Where is it?", ideal="On its way.")
    baselines.add_prompt(store, prompter.id, made, name="Plain", text="Answer.")
    copier = joined("Cora")
    copy = project_copy.duplicate(store, copier.id, made).project.id
    twice = project_copy.duplicate(store, copier.id, copy).project.id
    begun = project_copy.duplicate(store, copier.id, made, with_examples=False).project.id
    for each in (copy, twice):
        assert all(conflict(store, each, somebody) for somebody in (writer, prompter, copier))
        assert not conflict(store, each, other)
    assert conflict(store, begun, prompter) and not conflict(store, begun, writer)


def test_a_project_is_not_hidden_while_people_vote_in_it(store: Store) -> None:
    seeded = ready(store, tests=8)
    found = rounds.open_round(store, "maker", seeded.project, seeded.plan)
    with pytest.raises(Refusal, match="A blind round is open"):
        projects.archive(store, "maker", seeded.project)
    rounds.cancel(store, "maker", found, "done")
    projects.archive(store, "maker", seeded.project)
    assert [each.id for each in rows.every(store, archived=True)] == [seeded.project]


def test_a_pm_makes_a_template_of_a_project_with_a_brief_and_takes_that_back(store: Store, source: str) -> None:
    pia, dora = (Person(name, name, role, False, True) for name, role in (("pia", Role.pm), ("dora", Role.designer)))
    with pytest.raises(Refusal, match="A PM or an admin"):
        projects.make_template(store, dora, source)
    empty = projects.create(store, "pia", "Empty").id
    with pytest.raises(Refusal, match="no brief to begin from"):
        projects.make_template(store, pia, empty)
    projects.make_template(store, pia, source)
    assert [each.id for each in rows.every(store) if each.template] == [source]
    store.undo(store.recent(source, "pia", 1)[0].seq, "pia")
    assert not any(each.template for each in rows.every(store))


def test_what_a_template_brings_is_what_comes_along(store: Store, source: str) -> None:
    told = project_copy.brings(store, source)
    made = project_copy.duplicate(store, "bob", source, "Fresh", with_examples=False)
    assert told is not None and (told.prompts, told.documents) == (made.prompts, 1)
    assert "2 prompts and 1 document" in told.in_words and not examples.every(store, made.project.id)
    assert not made.project.template, "what is begun from a template is none itself"
    assert project_copy.brings(store, projects.create(store, "ann", "Empty").id) is None
