"""Teamwork on one example: comments, assignment, who has it open, and the last ten acts taken back one by one."""

from __future__ import annotations

import pytest

from studio import people, projects
from studio.examples import step, teamwork
from studio.records import Refusal, Role, Status
from studio.store import Store, comments, examples
from studio.ui import act_words


@pytest.fixture
def project(store: Store) -> str:
    return projects.create(store, "ann", "Mine").id


def test_comments_are_added_taken_away_and_undone(store: Store, project: str) -> None:
    made = step.write(store, "ann", project, input="Where?", ideal="Here.")
    with pytest.raises(Refusal, match="empty"):
        teamwork.comment(store, "ann", project, made.id, "  ")
    with pytest.raises(Refusal, match="at most"):
        teamwork.comment(store, "ann", project, made.id, "a" * 5000)
    teamwork.comment(store, "ann", project, made.id, " Is this true? ")
    teamwork.comment(store, "bob", project, made.id, "Yes.")
    first, second = comments.of_example(store, made.id)
    assert (first.body, first.person, second.person) == ("Is this true?", "ann", "bob")
    with pytest.raises(Refusal, match="Only the person who wrote"):
        teamwork.remove_comment(store, "bob", project, first)
    teamwork.remove_comment(store, "ann", project, first)
    assert comments.of_example(store, made.id) == [second]
    store.undo(store.version, "ann")
    assert comments.of_example(store, made.id) == [first, second]


def test_an_example_is_given_to_a_person_and_back(store: Store, project: str) -> None:
    eve = people.join(store, people.make_invitation(store, "studio", "Eve", Role.designer), "").person
    ids = [step.write(store, "ann", project, input=f"Where {n}?", ideal="Here.").id for n in range(2)]
    with pytest.raises(Refusal, match="no such person here"):
        step.assign(store, "ann", project, ids, "nobody")
    step.assign(store, "ann", project, ids, eve.id)
    assert [e.assigned for e in examples.every(store, project)] == [eve.id, eve.id]
    assert act_words.told(store, store.recent(project, "ann")[0]) == "2 examples given to Eve"
    step.assign(store, "ann", project, ids[:1], "")
    store.undo(store.version, "ann")
    assert [e.assigned for e in examples.every(store, project)] == [eve.id, eve.id]


def test_who_has_it_open_is_forgotten_after_half_a_minute() -> None:
    now = [0.0]
    readers = teamwork.Readers(lambda: now[0])
    assert readers.others("e1", "ann") == []
    assert readers.others("e1", "bob") == ["ann"]
    now[0] = 20.0
    assert readers.others("e1", "bob") == ["ann"]
    now[0] = 31.0
    assert readers.others("e1", "bob") == []
    readers.others("e2", "bob")
    assert readers.others("e1", "ann") == []  # one person has one record open


def test_the_last_ten_acts_go_back_one_by_one(store: Store, project: str) -> None:
    made = step.write(store, "ann", project, input="Where?", ideal="Answer 0")
    for n in range(1, 9):
        made = step.edit(store, "ann", project, made, ideal=f"Answer {n}")
    step.mark(store, "ann", project, [made.id], Status.approved)
    teamwork.comment(store, "ann", project, made.id, "Done.")
    acts = store.recent(project, "ann", 10)
    assert len(acts) == 10 and "commented on" in act_words.told(store, acts[0])
    with pytest.raises(Refusal, match="Undo the later change first"):
        store.undo(acts[-1].seq, "ann")
    for act in acts:
        store.undo(act.seq, "ann")
    found = examples.get(store, made.id)
    assert found is not None and (found.ideal, found.revision) == ("Answer 0", 1)
